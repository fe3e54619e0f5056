package table

import "llm4rec/eval/stats"

// Standing is a row with what a leaderboard shows of it by the primary metric.
type Standing struct {
	*Row
	Summary
	P    *float64 // of the test against the best, with Holm's correction; none for the best, and for a row that does not compete
	Best bool
	Near bool // not distinguishable from the best
}

// Standings are the rows that have values, in the table's order, with intervals and tests of the primary metric.
func (t *Table) Standings() []Standing {
	rows := t.finished()
	if len(rows) == 0 {
		return nil
	}
	p := primary(rows[0].Metrics)
	out := make([]Standing, len(rows))
	summaries := make([][]Summary, len(rows))
	var values [][]float64
	for n, r := range rows {
		out[n] = Standing{Row: r, Summary: Summary{Mean: r.mean(p), SeedSD: deviation(r.PerSeed[p])}}
		summaries[n] = make([]Summary, p+1)
		summaries[n][p] = out[n].Summary
		if r.Values[p] != nil {
			values = append(values, r.Values[p])
		}
	}
	if len(values) == len(rows) { // of one metric, all rows have values by user or none has
		for n, x := range stats.Intervals(values, stats.Resamples, seed) {
			out[n].Lo, out[n].Hi = &x.Lo, &x.Hi
		}
	}
	in := competitors(rows)
	if len(in) < 2 || !rows[0].Metrics[p].Accuracy() {
		return out
	}
	top, others, adjusted := against(p, in, rows, summaries)
	out[top].Best = true
	for n, i := range others {
		out[i].P, out[i].Near = &adjusted[n], adjusted[n] > alpha
	}
	return out
}

// against tests the best of the given rows against each other one: their p-values with Holm's correction.
func against(metric int, in []int, rows []*Row, summaries [][]Summary) (top int, others []int, adjusted []float64) {
	top = bestRow(metric, in, summaries)
	var d [][]float64
	for _, i := range in {
		if i != top {
			others = append(others, i)
			d = append(d, minus(rows[top].Values[metric], rows[i].Values[metric]))
		}
	}
	return top, others, stats.Holm(stats.PairedAll(d, stats.Resamples, seed))
}

// Pairs compares every row with every later one on the primary metric, with Holm's correction over all pairs, as [Compare]
// does for two sides.
func (t *Table) Pairs() []Difference {
	rows := t.finished()
	var out []Difference
	var d [][]float64
	for n, a := range rows {
		p := primary(a.Metrics)
		for _, b := range rows[n+1:] {
			if a.Values[p] == nil || b.Values[p] == nil {
				continue
			}
			d = append(d, minus(a.Values[p], b.Values[p]))
			out = append(out, Difference{A: a.System, B: b.System, Users: len(a.Users), MeanA: a.mean(p), MeanB: b.mean(p)}.counted(d[len(d)-1]))
		}
	}
	intervals, p := stats.Intervals(d, stats.Resamples, seed), stats.PairedAll(d, stats.Resamples, seed)
	adjusted := stats.Holm(p)
	for n := range out {
		out[n].Mean, out[n].Lo, out[n].Hi = intervals[n].Mean, intervals[n].Lo, intervals[n].Hi
		out[n].P, out[n].Holm = p[n], adjusted[n]
	}
	return out
}

// Measurement is what a row took, as people see it. Value is none where a seed's is not known.
type Measurement struct {
	Name, Header, Text string
	Value              *float64
}

// Measurements of a row are those that tables for people show: energy is among them where a row of the table has some.
func (t *Table) Measurements(r *Row) []Measurement {
	var out []Measurement
	for _, x := range append(timings(), energies(t.Rows, 0)...) {
		if x.header != "" {
			out = append(out, Measurement{x.name, x.header, x.text(r), x.mean(r)})
		}
	}
	return out
}

// MeanOf is the mean of a metric, by its position, over users and seeds.
func (r *Row) MeanOf(metric int) float64 { return r.mean(metric) }

// DeviationOf is the standard deviation of a metric over seeds, none for a single one.
func (r *Row) DeviationOf(metric int) *float64 { return deviation(r.PerSeed[metric]) }

// First is the row whose answers this one ranks again, nil if none of the table is.
func (t *Table) First(r *Row) *Row {
	if r.Records[0].Identity.First == "" {
		return nil
	}
	for _, x := range t.finished() {
		for _, rec := range x.Records {
			if rec.ID == r.Records[0].Identity.First {
				return x
			}
		}
	}
	return nil
}

// Gains compares the rows with a language model with their first stages.
func (t *Table) Gains() map[*Row]*Gain { return t.gains(t.ranked()) }

// Caption is what a reader must know before the figures.
func (t *Table) Caption(e *Experiment) []string { return t.caption(e) }

// Part is a table of words, such as what language models did, and what it cost.
type Part struct {
	Caption string
	Names   int // columns of names, the first ones
	Header  []string
	Rows    [][]string
	Legend  []string
}

// LLM is the account of language models, empty where none ranked. Gains are those of [Table.Gains].
func (t *Table) LLM(gains map[*Row]*Gain) []Part {
	return parts(t.llm(gains))
}

// Agents is what agents did that each user asked once, empty where there are none.
func (t *Table) Agents() []Part { return parts(t.agents()) }

// Conversations compares the rows that talk, empty where there are none. Rows that were not run are left out.
func (t *Table) Conversations() []Part { return parts(t.talks()) }

// Reasons compares the rows that explain, empty where there are none. Rows that were not run are left out.
func (t *Table) Reasons() []Part { return parts(t.reasons()) }

// Stages are quality and cost after each stage of a pipeline, empty where there is none. An empty line parts its ways.
func (t *Table) Stages(e *Experiment) []Part { return parts(t.stages(e)) }

func parts(grids []grid) []Part {
	var out []Part
	for _, g := range grids {
		p := Part{Names: g.names, Header: g.header, Legend: g.legend}
		for _, line := range g.caption {
			p.Caption += line
		}
		for _, row := range g.rows {
			line := make([]string, len(g.header)) // a row without values may be shorter
			for n, c := range row {
				line[n] = c.text
			}
			p.Rows = append(p.Rows, line)
		}
		out = append(out, p)
	}
	return out
}

// Name is how tables write a row's name: with a sign, if it must not be published.
func (r *Row) Name() string { return r.Marked() }

// Calls are those of language models that a row's cells made, and how many of them were answered from a recording.
func (r *Row) Calls() (all, recorded int) {
	s := r.spent()
	return s.calls, s.recorded
}

// PrimaryOf is the position of the primary metric: ndcg@10, or the first where it is not computed.
func (e *Experiment) PrimaryOf() int { return primary(e.Metrics) }

// Words writes a JSON object, such as a protocol, as "key value, key value".
func Words(text string) string { return words(text) }

// Figure writes a measurement with three or four digits.
func Figure(x float64) string { return figure(x) }
