package table

import (
	"fmt"
	"slices"
	"strings"

	"llm4rec/results"
)

// energies are what the rows of a table have of energy: nothing where no row has any. With a factor, in grams of CO₂ a
// kilowatt-hour, joules are also told as what that makes.
func energies(rows []*Row, co2 float64) []timing {
	if !slices.ContainsFunc(rows, func(r *Row) bool { return slices.ContainsFunc(r.Records, hasJoules) }) {
		return nil
	}
	fit, recommend, thousand := used(fitNet), used(recommendNet), used((*results.Energy).PerThousand)
	out := []timing{{"fit_joules", "fit J", 1, fit}, {"recommend_joules", "", 1, recommend}, {"joules_per_1000", "J/1000", 1, thousand}}
	for _, source := range counters(rows) {
		out = append(out, source.timings()...)
	}
	if co2 > 0 {
		out = append(out, timing{"fit_co2_mg", "fit mg CO₂", 1, milligrams(fit, co2)}, timing{"co2_mg_per_1000", "mg CO₂/1000", 1, milligrams(thousand, co2)})
	}
	return out
}

func hasJoules(rec results.Record) bool {
	return rec.Energy != nil && (fitNet(rec.Energy) != nil || recommendNet(rec.Energy) != nil)
}

func fitNet(e *results.Energy) *float64       { return results.NetJoules(e.Fit) }
func recommendNet(e *results.Energy) *float64 { return results.NetJoules(e.Recommend) }

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

// timings of the counter alone, net and as it counted.
func (c counter) timings() []timing {
	of := func(stage func(*results.Energy) []results.Joules, figure func(results.Joules) *float64) func(results.Record) *float64 {
		return used(func(e *results.Energy) *float64 {
			for n, j := range stage(e) {
				if n < len(e.Sources) && counter(e.Sources[n].Name) == c {
					return figure(j)
				}
			}
			return nil
		})
	}
	fit := func(e *results.Energy) []results.Joules { return e.Fit }
	recommend := func(e *results.Energy) []results.Joules { return e.Recommend }
	net := func(j results.Joules) *float64 { return j.Net }
	raw := func(j results.Joules) *float64 { return j.Raw }
	name := string(c)
	return []timing{
		{"fit_" + name + "_joules", "", 1, of(fit, net)}, {"fit_" + name + "_raw_joules", "", 1, of(fit, raw)},
		{"recommend_" + name + "_joules", "", 1, of(recommend, net)}, {"recommend_" + name + "_raw_joules", "", 1, of(recommend, raw)},
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
func energyLegend(rows []*Row, co2 float64) []string {
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
		"fit J; J/1000: of a thousand lists: joules by " + strings.Join(counts, " and ") + ", less those of an idle machine (" + strings.Join(idle, ", ") + ")",
		"what other programs used is in the joules, what servers elsewhere used is not; near 0 or below they are the counter's noise",
	}
	for _, r := range rows {
		if why := r.Unmeasured(); len(r.Records) > 0 && why != nil {
			out = append(out, "energy unavailable, or of some stages: "+r.System+": "+strings.Join(why, "; "))
		}
	}
	if co2 > 0 {
		out = append(out, fmt.Sprintf("CO₂: of these joules, at %g g a kilowatt-hour, a factor that was given and not measured", co2))
	}
	return out
}
