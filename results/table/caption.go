package table

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"llm4rec/results"
)

// caption is what a reader must know before the figures: what the data are, under which protocol, whose, where, and
// what is missing.
func (t *Table) caption(e *Experiment) []string {
	var out, notes, where, unpublishable []string
	systems := map[string][]string{} // by reason
	seeds := map[int64]bool{}
	rows, all := t.finished(), t.shown()
	for _, r := range all {
		for _, rec := range r.Records {
			notes = appendNew(notes, rec.Notes...)
			where = appendNew(where, environment(rec.Env))
			if rec.Identity.Seeded {
				seeds[rec.Identity.Seed] = true
			}
		}
		for _, why := range r.Unpublishable() {
			unpublishable = appendNew(unpublishable, why)
			systems[why] = append(systems[why], r.System)
		}
	}
	add := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }

	out = append(out, notes...) // first: nobody may miss that data are synthetic
	add("Data set %s, experiment %s", t.Dataset, e.Name)
	if len(all) == 0 {
		add("Protocol %s", t.Protocol)
		add("No finished cell")
	} else {
		first := all[0]
		add("Protocol %s: %s%s", t.Protocol, words(first.Records[0].Identity.Protocol), filters(first.Records[0].Identity.Filters))
		if injected(first.Records[0].Identity.Protocol) {
			add("Truth injected: the relevant items are among each user's candidates, whatever a first stage would have found; full rankings have other figures, and may have another order of systems")
		}
		if len(rows) == 0 {
			add("No finished cell that ranks")
		} else {
			add("%d users%s", len(first.Users), counts("; not counted: ", first.Skipped))
		}
		add("%s", seedWords(seeds))
		if n := len(first.Users); n < 20 && len(rows) > 0 {
			add("Warning: with %d users the intervals are too narrow and the tests decide little", n)
		}
	}
	for _, w := range where {
		add("Environment: %s", w)
	}
	if kinds := t.Hardware(); len(kinds) > 1 {
		add("Warning: the rows ran on hardware of %d kinds, so timings are shown apart and do not compare", len(kinds))
	} else if len(where) > 1 {
		add("Warning: the rows ran in %d environments, so their timings do not compare", len(where))
	}
	for _, why := range unpublishable {
		add("Not publishable: %s (%s)", why, several(systems[why], len(all)))
	}
	out = append(out, t.missing()...)
	for _, r := range all {
		for _, rec := range r.Records {
			for _, w := range rec.Warnings {
				out = appendNew(out, fmt.Sprintf("Warning: %s: %s", r.System, w))
			}
		}
	}
	for _, w := range e.Warnings {
		add("Warning: %s", w)
	}
	return out
}

// missing says which planned cells have no values, and why.
func (t *Table) missing() []string {
	var out, waiting []string
	for _, r := range slices.Concat(t.Rows, t.Explained, t.Talked) {
		for _, m := range r.Missing {
			switch m.Status {
			case NotRun:
				waiting = append(waiting, m.of(r))
			case Unavailable:
				out = appendNew(out, fmt.Sprintf("Unavailable: %s: %s", r.System, m.Why))
			case Failed:
				why, _, _ := strings.Cut(m.Why, "\ngoroutine ") // a panic's stack stays in the record
				out = append(out, fmt.Sprintf("Failed: %s: %s", m.of(r), why))
			default:
				out = append(out, fmt.Sprintf("Not shown: %s: %s", m.of(r), m.Why))
			}
		}
	}
	if waiting != nil {
		out = append(out, "Not run yet: "+strings.Join(waiting, ", "))
	}
	return out
}

// of names a cell of a row. Systems that use no seed have 0.
func (m Missing) of(r *Row) string {
	if m.Seed == 0 {
		return r.System
	}
	return fmt.Sprintf("%s (seed %d)", r.System, m.Seed)
}

func environment(e results.Environment) string {
	out := []string{fmt.Sprintf("%s, %d cores", e.CPU, e.Cores)}
	if e.Memory > 0 {
		out = append(out, fmt.Sprintf("%.1f GiB", float64(e.Memory)/(1<<30)))
	}
	if e.GPU != "none" && e.GPU != "" {
		out = append(out, e.GPU+" (driver "+e.Driver+")")
	}
	return strings.Join(append(out, "BLAS "+e.BLAS, e.Go, "commit "+e.Commit), ", ")
}

func filters(text string) string {
	if w := words(text); w != "" && w != "null" {
		return "; filters: " + w
	}
	return ""
}

// counts writes numbers by reason, in the order of the reasons.
func counts(before string, n map[string]int) string {
	var out []string
	for _, reason := range slices.Sorted(maps.Keys(n)) {
		if n[reason] > 0 {
			out = append(out, fmt.Sprintf("%d %s", n[reason], reason))
		}
	}
	if out == nil {
		return ""
	}
	return before + strings.Join(out, ", ")
}

func seedWords(seeds map[int64]bool) string {
	if len(seeds) == 0 {
		return "No system depends on a seed"
	}
	var out []string
	for _, s := range slices.SortedFunc(maps.Keys(seeds), cmp.Compare[int64]) {
		out = append(out, strconv.FormatInt(s, 10))
	}
	if len(out) == 1 {
		return "Seed " + out[0]
	}
	return "Seeds " + strings.Join(out, ", ") + "; values are averaged over them by user"
}

func several(systems []string, all int) string {
	if len(systems) == all {
		return "all rows"
	}
	return strings.Join(systems, ", ")
}
