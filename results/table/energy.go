package table

import (
	"fmt"
	"slices"
	"strings"

	"llm4rec/results"
)

// energies are what the rows of a table have of energy: nothing where no row has any. Each counter that was read has its columns,
// and the sum where there are several. With a factor, in grams of CO₂ a kilowatt-hour, sums are also told as what that makes.
func energies(rows []*Row, co2 float64) []timing {
	var parts []timing
	all, read := counters(rows), false
	for _, c := range all {
		own := c.timings()
		if anyHas(rows, own) {
			read = true
		} else {
			own[0].header, own[1].header = "", ""
		}
		parts = append(parts, own...)
	}
	if !read {
		return nil
	}
	fit := used(func(e *results.Energy) *float64 { return results.NetJoules(e.Fit) })
	recommend := used(func(e *results.Energy) *float64 { return results.NetJoules(e.Recommend) })
	thousand := used(func(e *results.Energy) *float64 { return e.PerThousand(results.NetJoules(e.Recommend)) })
	sums := []timing{{"fit_joules", "fit J", 1, fit}, {"joules_per_1000", "J/1000", 1, thousand}, {"recommend_joules", "", 1, recommend}}
	summed := anyHas(rows, sums)
	if len(all) == 1 || !summed {
		sums[0].header, sums[1].header = "", ""
	}
	out := append(parts, sums...)
	if co2 > 0 && summed {
		out = append(out, timing{fitCO2, "fit mg CO₂", 1, milligrams(fit, co2)}, timing{"co2_mg_per_1000", "mg CO₂/1000", 1, milligrams(thousand, co2)})
	}
	return out
}

// fitCO2 is the name of what a sum makes.
const fitCO2 = "fit_co2_mg"

// anyHas tells whether a record of the rows has one of the figures.
func anyHas(rows []*Row, figures []timing) bool {
	return slices.ContainsFunc(rows, func(r *Row) bool {
		return slices.ContainsFunc(r.Records, func(rec results.Record) bool {
			return slices.ContainsFunc(figures, func(x timing) bool { return x.of(rec) != nil })
		})
	})
}

// used is a figure of what was recorded of energy, nil where nothing was.
func used(figure func(*results.Energy) *float64) func(results.Record) *float64 {
	return func(rec results.Record) *float64 {
		if rec.Energy == nil {
			return nil
		}
		return figure(rec.Energy)
	}
}

// counter is the name of one that was read, or could not be.
type counter string

// timings of the counter alone, first those that people see.
func (c counter) timings() []timing {
	at := func(e *results.Energy, stage []results.Joules) results.Joules {
		for n, j := range stage {
			if n < len(e.Sources) && counter(e.Sources[n].Name) == c {
				return j
			}
		}
		return results.Joules{}
	}
	name := string(c)
	return []timing{
		{"fit_" + name + "_joules", "fit " + name + " J", 1, used(func(e *results.Energy) *float64 { return at(e, e.Fit).Net })},
		{name + "_joules_per_1000", name + " J/1000", 1, used(func(e *results.Energy) *float64 { return e.PerThousand(at(e, e.Recommend).Net) })},
		{"fit_" + name + "_raw_joules", "", 1, used(func(e *results.Energy) *float64 { return at(e, e.Fit).Raw })},
		{"recommend_" + name + "_joules", "", 1, used(func(e *results.Energy) *float64 { return at(e, e.Recommend).Net })},
		{"recommend_" + name + "_raw_joules", "", 1, used(func(e *results.Energy) *float64 { return at(e, e.Recommend).Raw })},
	}
}

// milligrams of CO₂ that joules make, at grams a kilowatt-hour.
func milligrams(joules func(results.Record) *float64, co2 float64) func(results.Record) *float64 {
	return func(rec results.Record) *float64 {
		j := joules(rec)
		if j == nil {
			return nil
		}
		mg := *j / 3.6e6 * co2 * 1000
		return &mg
	}
}

// counters of the rows, in the order of their first appearance.
func counters(rows []*Row) []counter {
	var out []counter
	for _, r := range rows {
		for _, rec := range r.Records {
			if rec.Energy == nil {
				continue
			}
			for _, s := range rec.Energy.Sources {
				if c := counter(s.Name); !slices.Contains(out, c) {
					out = append(out, c)
				}
			}
		}
	}
	return out
}

// Counters are the names of those that were read for a row of the table.
func (t *Table) Counters() []string {
	var out []string
	for _, c := range counters(t.Rows) {
		if anyHas(t.Rows, c.timings()) {
			out = append(out, string(c))
		}
	}
	return out
}

// Unmeasured are the reasons why a row has no joules, or not those of all stages, each once.
func (r *Row) Unmeasured() []string {
	var out []string
	for _, rec := range r.Records {
		if rec.Energy == nil {
			out = appendNew(out, "its record is of a program that measured none")
		} else {
			out = appendNew(out, rec.Energy.Unavailable()...)
		}
	}
	if len(r.Hardware()) > 1 {
		out = append(out, "its seeds ran on several kinds of hardware")
	}
	return out
}

// energyLegend says what joules are, and why rows have none.
func energyLegend(rows []*Row) []string {
	var counts, idle []string
	for _, r := range rows {
		for _, rec := range r.Records {
			if rec.Energy == nil {
				continue
			}
			for _, s := range rec.Energy.Sources {
				if s.IdleWatts != nil {
					counts, idle = appendNew(counts, s.Counts), appendNew(idle, s.Name+" "+figure(*s.IdleWatts)+" W")
				}
			}
		}
	}
	out := []string{
		"J: joules, J/1000: those of a thousand lists, by " + strings.Join(counts, " and ") + ", less those of an idle machine (" + strings.Join(idle, ", ") + ")",
		"what other programs used is in the joules, what servers elsewhere used is not; near 0 or below they are the counter's noise",
	}
	var reasons []string
	systems := map[string][]string{}
	finished := withRecords(rows)
	for _, r := range finished {
		for _, why := range r.Unmeasured() {
			reasons, systems[why] = appendNew(reasons, why), append(systems[why], r.System)
		}
	}
	for _, why := range reasons {
		out = append(out, fmt.Sprintf("no joules, or not of all stages: %s (%s)", why, several(systems[why], len(finished))))
	}
	return out
}
