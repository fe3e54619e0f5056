package report

import (
	"fmt"
	"slices"
	"strings"

	"llm4rec/results"
	"llm4rec/results/figure"
	"llm4rec/results/table"
)

// energies are the figures against energy: by the sum of the counters, where a row has one, and else by each that was read.
func (b *board) energies(m machine) []*figure.Figure {
	by := func(counter, words, fit, lists string) []*figure.Figure {
		return slices.DeleteFunc([]*figure.Figure{
			b.joules(m, fit, "energy-of-training"+counter, "the energy of training"+words, "joules of training"+words),
			b.joules(m, lists, "energy"+counter, "the energy of lists"+words, "joules of a thousand lists"+words),
		}, (*figure.Figure).Empty)
	}
	out := by("", "", "fit_joules", "joules_per_1000")
	if len(out) > 0 {
		return out
	}
	for _, c := range b.table.Counters() {
		out = append(out, by("-"+c, ", "+c, "fit_"+c+"_joules", c+"_joules_per_1000")...)
	}
	return out
}

// joules draws the primary metric against energy. Rows that ask language models are not drawn: their servers, which may be
// anywhere, use what no counter of the run counts.
func (b *board) joules(m machine, measurement, name, title, label string) *figure.Figure {
	var asking, noise []string
	f := b.scatter(m.rows, name+m.number, title+m.words, label, func(r *row) *float64 {
		x := b.measured(r, measurement, 1)
		if x == nil {
			return nil
		}
		if calls, _ := r.Calls(); calls > 0 {
			asking = append(asking, r.System)
			return nil
		}
		if *x <= 0 {
			noise = append(noise, r.System)
		}
		return x
	})
	f.Note += " Joules are those of the machine above its idle power."
	if asking != nil {
		f.Note += " Not drawn, as the energy of their language models is not known: " + strings.Join(asking, ", ") + "."
	}
	if noise != nil {
		f.Note += " Not drawn, as they used no more than an idle machine, as far as the counters can tell: " + strings.Join(noise, ", ") + "."
	}
	return f
}

// unmeasured says, where no row of a board can be drawn against joules, why; "" where one can.
func (b *board) unmeasured() string {
	for _, m := range b.machines() {
		if len(b.energies(m)) > 0 {
			return ""
		}
	}
	var why []string
	for _, r := range b.Rows {
		if r.Standing == nil {
			continue
		}
		own := r.Unmeasured()
		if own == nil {
			own = []string{"some rows ask language models, or used no more than an idle machine"}
		}
		for _, x := range own {
			if !slices.Contains(why, x) {
				why = append(why, x)
			}
		}
	}
	if why == nil { // nothing ranks
		return ""
	}
	return "Quality against energy is not drawn, as no row has joules to be drawn by: " + strings.Join(why, "; ") + "."
}

// energy is what was recorded of it, seed by seed; none of records of a program that measures none.
func energy(recs []results.Record) []pair {
	var out []pair
	for _, rec := range recs {
		if rec.Energy == nil {
			continue
		}
		seed := ""
		if len(recs) > 1 {
			seed = fmt.Sprintf(", seed %d", rec.Identity.Seed)
		}
		for n, s := range rec.Energy.Sources {
			if s.IdleWatts != nil {
				out = append(out, pair{s.Name + " idle" + seed, fmt.Sprintf("%s W, the mean of %s s, by %s", table.Figure(*s.IdleWatts), table.Figure(s.IdleSeconds), s.Counts)})
			}
			for _, stage := range []struct {
				name string
				list []results.Joules
			}{{"fit", rec.Energy.Fit}, {"recommend", rec.Energy.Recommend}} {
				if n < len(stage.list) {
					out = append(out, pair{s.Name + ", " + stage.name + seed, spent(stage.list[n])})
				}
			}
		}
	}
	return out
}

func spent(j results.Joules) string {
	if j.Raw == nil || j.Net == nil {
		return "unavailable: " + j.Unavailable
	}
	return fmt.Sprintf("%s J net, %s J in %s s as counted", table.Figure(*j.Net), table.Figure(*j.Raw), table.Figure(j.Seconds))
}
