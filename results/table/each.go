package table

import (
	"runtime"
	"sync"

	"llm4rec/results"
)

// Each reads the experiment in a folder one table at a time, and forgets each after visit has returned: what hundreds of
// systems have by user for ten data sets need not fit into memory. The experiment that visit sees has that table alone.
func Each(dir string, visit func(*Experiment, *Table) error) error {
	l, err := newLoader(dir, nil)
	if err != nil {
		return err
	}
	type name struct{ dataset, protocol string }
	var order []name
	cells := map[name][]results.Cell{}
	for _, c := range l.cells {
		n := name{c.Dataset, c.Protocol}
		if cells[n] == nil {
			order = append(order, n)
		}
		cells[n] = append(cells[n], c)
	}
	for _, n := range order {
		stop := l.readAhead(cells[n])
		for _, c := range cells[n] {
			l.cell(c)
			if out := l.ahead[c.ID]; out != nil { // the cell had no use for them
				<-out
				delete(l.ahead, c.ID)
			}
		}
		stop()
		l.e.finish()
		if err := visit(&l.e, l.e.Tables[0]); err != nil {
			return err
		}
		l.e.Tables = nil
		clear(l.catalogues)
	}
	return nil
}

// reading is the outcome of reading a cell's ranks.
type reading struct {
	ranks []results.Ranking
	err   error
}

// readAhead reads the ranks of cells on all cores, in their order and one a core before they are asked for: decoding them is
// most of the work. The function that it returns ends that.
func (l *loader) readAhead(cells []results.Cell) (stop func()) {
	type job struct {
		rec results.Record
		out chan reading
	}
	l.ahead = map[string]chan reading{}
	var jobs []job
	for _, c := range cells {
		if rec, ok := l.records[c.ID]; ok && rec.Status == results.OK {
			j := job{rec, make(chan reading)}
			jobs, l.ahead[rec.ID] = append(jobs, j), j.out
		}
	}
	next := make(chan job)
	var wg sync.WaitGroup
	wg.Go(func() {
		defer close(next)
		for _, j := range jobs {
			next <- j
		}
	})
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for j := range next {
				ranks, err := l.store.Ranks(j.rec)
				j.out <- reading{ranks, err}
			}
		})
	}
	return func() {
		wg.Wait() // each cell's ranks were received
		l.ahead = nil
	}
}
