package table

import (
	"math"
	"slices"

	"llm4rec/eval"
	"llm4rec/eval/stats"
)

const (
	alpha = .05
	seed  = 1 // of all resampling: a table is the same each time it is made
)

// Summary is one system's value of one metric over users.
type Summary struct {
	Mean   float64  `json:"mean"`
	Lo     *float64 `json:"lo"` // 95% bootstrap interval over users; none for a metric of all lists together
	Hi     *float64 `json:"hi"`
	SeedSD *float64 `json:"seed_sd"` // of the seeds' means; none for a single seed
	mark   mark
}

type mark int

const (
	plain mark = iota
	best
	near // not distinguishable from the best
)

// mean is the mean of a metric over users and seeds.
func (r *Row) mean(metric int) float64 {
	if r.Values[metric] == nil {
		return mean(r.PerSeed[metric])
	}
	return mean(r.Values[metric])
}

// summarise returns the summaries of a row by metric, with intervals of the metrics that are given by position:
// resampling costs time.
func (r *Row) summarise(intervals ...int) []Summary {
	out := make([]Summary, len(r.Metrics))
	for n := range out {
		out[n].Mean, out[n].SeedSD = r.mean(n), deviation(r.PerSeed[n])
	}
	columns := slices.DeleteFunc(slices.Clone(intervals), func(n int) bool { return r.Values[n] == nil })
	if len(columns) == 0 {
		return out
	}
	rows := make([]float64, 0, len(r.Users)*len(columns))
	for u := range r.Users {
		for _, n := range columns {
			rows = append(rows, r.Values[n][u])
		}
	}
	found, _ := stats.Bootstrap(rows, len(columns), stats.Resamples, seed) // few users are warned of in the caption
	for c, n := range columns {
		out[n].Lo, out[n].Hi = &found[c].Lo, &found[c].Hi
	}
	return out
}

// every is the position of every metric.
func (r *Row) every() []int {
	out := make([]int, len(r.Metrics))
	for n := range out {
		out[n] = n
	}
	return out
}

// deviation is the standard deviation of a sample, nil for fewer than two values.
func deviation(x []float64) *float64 {
	if len(x) < 2 {
		return nil
	}
	m, sum := mean(x), 0.
	for _, v := range x {
		sum += float64((v - m) * (v - m)) // not fused: the same digits on every CPU
	}
	sd := math.Sqrt(sum / float64(len(x)-1))
	return &sd
}

// setMarks marks the best value of every metric of accuracy and those not distinguishable from it: the paired
// randomisation test by user against the best, with Holm's correction over the table's other rows, does not reject at
// alpha. Rows that must not be published, such as the demonstration of a leak, do not compete with those that may.
func setMarks(rows []*Row, summaries [][]Summary) {
	in := competitors(rows)
	if len(in) < 2 {
		return
	}
	for n, m := range rows[0].Metrics {
		if !m.Accuracy() {
			continue
		}
		top, others, adjusted := against(n, in, rows, summaries)
		summaries[top][n].mark = best
		for i, p := range adjusted {
			if p > alpha {
				summaries[others[i]][n].mark = near
			}
		}
	}
}

// competitors are the positions of the rows that may be published, or of all where none may.
func competitors(rows []*Row) []int {
	var all, publishable []int
	for n, r := range rows {
		all = append(all, n)
		if len(r.Unpublishable()) == 0 {
			publishable = append(publishable, n)
		}
	}
	if publishable == nil {
		return all
	}
	return publishable
}

// bestRow is the first of the given rows that no other has a higher mean than.
func bestRow(n int, in []int, summaries [][]Summary) int {
	top := in[0]
	for _, i := range in {
		if summaries[i][n].Mean > summaries[top][n].Mean {
			top = i
		}
	}
	return top
}

func minus(a, b []float64) []float64 {
	d := make([]float64, len(a))
	for u := range d {
		d[u] = a[u] - b[u]
	}
	return d
}

// primary is the position of the primary metric: ndcg@10, or the first where it is not computed.
func primary(metrics []eval.Metric) int {
	for n, m := range metrics {
		if m.Name == Primary {
			return n
		}
	}
	return 0
}

// relative is how much higher a mean is than the baseline's, in percent, nil without a baseline to divide by.
func relative(value, baseline float64) *float64 {
	if baseline == 0 {
		return nil
	}
	percent := 100 * (value/baseline - 1)
	return &percent
}

// baseline finds a row by its system's name, or else by its model's.
func (t *Table) baseline(name string) *Row {
	rows := t.finished()
	for _, r := range rows {
		if r.System == name {
			return r
		}
	}
	for _, r := range rows {
		if r.Records[0].Identity.Model == name {
			return r
		}
	}
	return nil
}
