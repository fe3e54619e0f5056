package bench

import (
	"context"
	"errors"
	"path/filepath"
	"runtime"

	"llm4rec/results"
)

// Outlook is what a run of a plan would do.
type Outlook struct {
	Missing error // why costs and progress are unknown, nil where the data set is at hand
	Dataset string
	Shape   Shape
	Cells   []CellOutlook
	Done    int
}

// CellOutlook is what a run would do for one cell.
type CellOutlook struct {
	Cell    Cell
	Done    bool
	Seconds float64 // measured where the cell is done, a rough estimate elsewhere, 0 where there is none
	Calls   int     // of a language model, about, where the cell is not done
}

// Calls is about how many calls of language models the cells not done will make, where no answer is recorded.
func (o Outlook) Calls() int {
	sum := 0
	for _, c := range o.Cells {
		sum += c.Calls
	}
	return sum
}

// Left is the estimate of the seconds that the cells not done will take.
func (o Outlook) Left() float64 {
	sum := 0.0
	for _, c := range o.Cells {
		if !c.Done {
			sum += c.Seconds
		}
	}
	return sum
}

// flopsPerSecond of one core is what the estimate assumes: ALS and networks reach two to three times that on cores of 2022,
// networks with small batches and other machines less.
const flopsPerSecond = 2e10

// Seconds is a rough estimate of a fit's time on this machine's cores, 0 where there is none.
func (b Bound) Seconds(s Shape) float64 {
	if b.Flops == nil {
		return 0
	}
	return b.Flops(s) / flopsPerSecond / float64(runtime.GOMAXPROCS(0))
}

// asks is how many users a protocol asks, at most.
func (r *Runner) asks(p Protocol, users int) int {
	for _, limit := range []int{p.Users, r.Limit} {
		if limit > 0 {
			users = min(users, limit)
		}
	}
	return users
}

// Outlook looks at the data set and the records and runs nothing.
func (r *Runner) Outlook(ctx context.Context, plan *Plan) (Outlook, error) {
	cells, err := plan.Only(r.Only)
	if err != nil {
		return Outlook{}, err
	}
	var o Outlook
	d, _, err := r.Suite.Load(ctx, plan.Spec, r.Log)
	var missing *Missing
	if errors.As(err, &missing) {
		o.Missing = missing
		for _, c := range cells {
			o.Cells = append(o.Cells, CellOutlook{Cell: c})
		}
		return o, nil
	}
	if err != nil {
		return o, err
	}
	o.Dataset, o.Shape = d.Name, Shape{d.Users.Len(), d.Items.Len(), d.Inter.Len()}
	records := map[string]results.Record{}
	if store, err := results.OpenRead(filepath.Join(r.Out, plan.Spec.Name)); err == nil {
		found, _ := store.Records() // a damaged record counts as a cell not done: a run sets it aside and says so
		for _, rec := range found {
			records[rec.ID] = rec
		}
	}
	e := &experiment{Runner: r, plan: plan, dataset: d, checksum: d.Checksum()}
	for _, rec := range records {
		e.records = append(e.records, rec)
	}
	for _, c := range cells {
		identity, err := e.identity(c)
		if err != nil {
			return o, err
		}
		x := CellOutlook{Cell: c}
		if rec, ok := records[identity.ID()]; ok && rec.Status == results.OK {
			x.Done, x.Seconds = true, rec.Finished.Sub(rec.Started).Seconds()
			o.Done++
		} else {
			x.Seconds = c.Bound.Seconds(o.Shape)
			x.Calls = c.Bound.Calls * r.asks(c.Protocol, o.Shape.Users)
		}
		o.Cells = append(o.Cells, x)
	}
	return o, nil
}
