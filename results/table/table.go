// Package table turns stored records into tables: it groups them, summarises users, marks what cannot be told apart,
// and renders. It reads records and nothing else, so a table can be made anywhere.
//
// The unit of inference is the user: the values of several seeds are averaged by user first.
package table

import (
	"fmt"
	"slices"

	"llm4rec/eval"
	"llm4rec/eval/dialogue"
	"llm4rec/results"
)

// Primary is the metric that comparisons, ranks and the relative column rest on.
const Primary = "ndcg@10"

// Experiment is what one directory of results holds, in the order of its plan.
type Experiment struct {
	Name     string
	Baseline string // the system to compare with, by default
	Metrics  []eval.Metric
	Spec     string // resolved, as YAML
	Tables   []*Table
	Warnings []string

	Augmented *results.Augmented // what its store of memories was filled with, nil if it has none

	store *results.Store
}

// Reasons reads the list of those that a row's cell gave: a table needs none of them.
func (e *Experiment) Reasons(rec results.Record) ([]results.Reason, error) {
	return e.store.Reasons(rec)
}

// Table holds the systems under one protocol over one data set: rows that may be compared.
type Table struct {
	Dataset, Protocol string
	Rows              []*Row
	Explained         []*Row // give reasons for what a row recommends; they have records, and no values
	Talked            []*Row // talk with simulated users; likewise

	History   []int32         // length of each user's, in the order of a row's users
	Target    []float64       // training interactions of what each is to find, in the mean
	Catalogue *eval.Catalogue // nil until a row has values
}

// Row is one system. It has values if it has records.
type Row struct {
	Experiment, Dataset, Protocol, System string
	Metrics                               []eval.Metric
	Trials                                int // configurations tried on validation before this one was chosen; 0: not said

	Records []results.Record // of the finished cells, one a seed
	Users   []string         // raw ids, in the order of Values
	Skipped map[string]int   // users not counted, by reason
	Values  [][]float64      // by metric, then user, averaged over seeds; nil for a metric of all lists together
	PerSeed [][]float64      // by metric, then seed
	Primary [][]float64      // of the primary metric, by record, then user
	Talks   []results.Talk   // the conversations of all seeds, of a row that talks
	Missing []Missing        // the cells without values

	measures  []dialogue.Measure // of the conversations, once they were computed
	intervals map[int][2]float64 // of these, likewise
}

// Missing is a planned cell without values.
type Missing struct {
	Seed   int64
	Status Status
	Why    string
}

// Status of a row or cell, as the JSON form writes it.
type Status string

const (
	OK          Status = "ok"
	Failed      Status = "failed"
	NotRun      Status = "not run"
	Unavailable Status = "unavailable" // it needs what was not at hand
	Broken      Status = "broken"      // its files are damaged, or not comparable with the others
)

// Status is OK where there are values; otherwise that of the first missing cell.
func (r *Row) Status() Status {
	if len(r.Records) > 0 || len(r.Missing) == 0 {
		return OK
	}
	return r.Missing[0].Status
}

// Unpublishable lists why this row must not be published.
func (r *Row) Unpublishable() []string {
	var out []string
	for _, rec := range r.Records {
		out = appendNew(out, rec.Unpublish...)
	}
	return out
}

// Rows are those of all tables that have values.
func (e *Experiment) Rows() []*Row {
	var out []*Row
	for _, t := range e.Tables {
		out = append(out, t.finished()...)
	}
	return out
}

func (e *Experiment) table(dataset, protocol string) *Table {
	for _, t := range e.Tables {
		if t.Dataset == dataset && t.Protocol == protocol {
			return t
		}
	}
	t := &Table{Dataset: dataset, Protocol: protocol}
	e.Tables = append(e.Tables, t)
	return t
}

// finish turns the sums over seeds into means.
func (e *Experiment) finish() {
	for _, row := range e.Rows() {
		for _, values := range row.Values {
			for u := range values {
				values[u] /= float64(len(row.Records))
			}
		}
	}
}

func (t *Table) row(experiment, system string, metrics []eval.Metric) *Row {
	for _, r := range t.Rows {
		if r.System == system {
			return r
		}
	}
	r := &Row{
		Experiment: experiment, Dataset: t.Dataset, Protocol: t.Protocol, System: system, Metrics: metrics,
		Values: make([][]float64, len(metrics)), PerSeed: make([][]float64, len(metrics)),
	}
	t.Rows = append(t.Rows, r)
	return r
}

// beside is the row of a system that ranks nothing, among those that give reasons or talk.
func (t *Table) beside(rows *[]*Row, experiment, system string) *Row {
	for _, r := range *rows {
		if r.System == system {
			return r
		}
	}
	r := &Row{Experiment: experiment, Dataset: t.Dataset, Protocol: t.Protocol, System: system}
	*rows = append(*rows, r)
	return r
}

func (t *Table) finished() []*Row { return withRecords(t.Rows) }

func withRecords(rows []*Row) []*Row {
	var out []*Row
	for _, r := range rows {
		if len(r.Records) > 0 {
			out = append(out, r)
		}
	}
	return out
}

// shown are all rows with records: those that rank, then those that explain and talk.
func (t *Table) shown() []*Row {
	return slices.Concat(t.finished(), withRecords(t.Explained), withRecords(t.Talked))
}

// describe keeps what is true of the users whatever ranks for them.
func (t *Table) describe(ranks []results.Ranking, c *eval.Catalogue) {
	t.Catalogue = c
	for _, x := range ranks {
		if len(x.Relevant) == 0 {
			continue
		}
		var sum float64
		for _, i := range x.Relevant {
			if int(i) < len(c.Popularity) {
				sum += float64(c.Popularity[i])
			}
		}
		t.History, t.Target = append(t.History, x.History), append(t.Target, sum/float64(len(x.Relevant)))
	}
}

// reference is the row that the others must be comparable with, nil if none has values.
func (t *Table) reference() *Row {
	if rows := t.finished(); len(rows) > 0 {
		return rows[0]
	}
	return nil
}

func (r *Row) miss(c results.Cell, s Status, why string) {
	r.Missing = append(r.Missing, Missing{c.Seed, s, why})
}

// add measures one seed's ranks and adds them to the sums by user.
func (r *Row) add(rec results.Record, ranks []results.Ranking, c *eval.Catalogue, ref *Row) error {
	var users []string
	var counted []results.Ranking
	for _, x := range ranks {
		if len(x.Relevant) > 0 {
			users, counted = append(users, x.User), append(counted, x)
		}
	}
	if len(counted) == 0 {
		return fmt.Errorf("table: cell %s has no user with a relevant item", rec.ID)
	}
	if ref != nil && !slices.Equal(users, ref.Users) {
		return fmt.Errorf("not comparable with %s: it ranks other users", ref.System)
	}
	for _, m := range r.Metrics {
		if m.K > rec.Identity.Depth && len(c.Popularity) > rec.Identity.Depth {
			return fmt.Errorf("table: %s needs %d ranks, and cell %s stored %d", m.Name, m.K, rec.ID, rec.Identity.Depth)
		}
	}
	if len(r.Records) == 0 {
		r.Users, r.Skipped = users, skipped(rec, len(ranks)-len(counted))
	}
	r.Records = append(r.Records, rec)
	lists := make([][]int32, len(counted))
	for u, x := range counted {
		lists[u] = x.Items
	}
	for n, m := range r.Metrics {
		if !m.PerUser() {
			r.PerSeed[n] = append(r.PerSeed[n], m.Lists(lists, c))
			continue
		}
		values := make([]float64, len(counted))
		for u, x := range counted {
			values[u] = m.User(x.Items, x.Relevant, c)
		}
		r.PerSeed[n] = append(r.PerSeed[n], mean(values))
		if n == primary(r.Metrics) {
			r.Primary = append(r.Primary, slices.Clone(values))
		}
		if r.Values[n] == nil {
			r.Values[n] = values
			continue
		}
		for u, v := range values {
			r.Values[n][u] += v
		}
	}
	return nil
}

func skipped(rec results.Record, unanswerable int) map[string]int {
	out := map[string]int{}
	for reason, n := range rec.Skipped {
		out[reason] = n
	}
	if unanswerable > 0 {
		out["no relevant item"] += unanswerable
	}
	return out
}

// mean adds in order, as the bootstrap does: one row of values has one mean, wherever it is printed.
func mean(x []float64) float64 {
	var sum float64
	for _, v := range x {
		sum += v
	}
	return sum / float64(len(x))
}

func appendNew(list []string, more ...string) []string {
	for _, s := range more {
		if !slices.Contains(list, s) {
			list = append(list, s)
		}
	}
	return list
}
