package bench

import (
	"context"
	"fmt"
	"time"

	"llm4rec/gpu"
	"llm4rec/results"
	"llm4rec/results/energy"
)

// IdleSpan is long enough for the power of an idle machine: counters change some times a second at least.
const IdleSpan = 4 * time.Second

// Counters are those of what a run on a device uses: the processors, by Linux's powercap below a root, and the device, where it
// is another machine. Devices that the run does not use are left out.
func Counters(powercap string, d gpu.Device) []energy.Counter {
	out := []energy.Counter{energy.CPU(powercap)}
	if d.Kind() == gpu.CPU().Kind() {
		return out
	}
	c := energy.Counter{Name: "gpu", Counts: "NVML of " + d.Name() + ", the whole board"}
	if m, ok := d.(gpu.Metered); ok {
		c.Source = m
	} else {
		c.Why = d.Name() + " counts no energy"
	}
	return append(out, c)
}

// idle opens the meter of a run, and measures what its machine uses without it.
func (e *experiment) idle(ctx context.Context) error {
	if e.Counters == nil {
		return nil
	}
	e.meter = energy.Open(e.Counters()...)
	if err := e.meter.Idle(ctx, e.Idle); err != nil {
		return err
	}
	for _, s := range e.meter.Sources() {
		if s.Unavailable != "" {
			e.Log.Info("energy", "of", s.Name, "unavailable", s.Unavailable)
		} else {
			e.Log.Info("energy", "of", s.Name, "counts", s.Counts, "idle_watts", *s.IdleWatts)
		}
	}
	return nil
}

// energy is what a record begins with, nil where nothing is measured.
func (e *experiment) energy() *results.Energy {
	if e.meter == nil {
		return nil
	}
	return &results.Energy{Sources: e.meter.Sources()}
}

// fitUsed keeps what a fit used. What the runs of it used that were interrupted is not known.
func fitUsed(rec *results.Record, s *energy.Span) {
	if rec.Energy == nil {
		return
	}
	rec.Energy.Fit = s.End()
	if earlier := rec.Timing.FitEarlier; earlier > 0 {
		rec.Energy.Fit = withheld(rec.Energy.Fit, fmt.Sprintf("%.1f s of the fit were in earlier runs, whose energy is not known", earlier))
	}
}

// recommendUsed keeps what the lists used.
func recommendUsed(rec *results.Record, s *energy.Span, lists int) {
	if rec.Energy != nil {
		rec.Energy.Recommend, rec.Energy.Lists = s.End(), lists
	}
}

// replayed takes back the energy of stages in which answers of language models came from recordings: what their models used
// was used in earlier runs.
func replayed(rec *results.Record) {
	n := recorded(rec)
	if rec.Energy == nil || n == 0 {
		return
	}
	why := fmt.Sprintf("%d answers of language models were recorded in earlier runs, whose energy is not known", n)
	rec.Energy.Recommend = withheld(rec.Energy.Recommend, why)
	if rec.LLM != nil { // it was asked while it was prepared, too
		rec.Energy.Fit = withheld(rec.Energy.Fit, why)
	}
}

// recorded counts the answers of language models that a cell did not wait for.
func recorded(rec *results.Record) int {
	n := 0
	if rec.LLM != nil {
		n = rec.LLM.Recorded
	}
	for _, a := range rec.Accounts() {
		n += a.Recorded
	}
	return n
}

// withheld has a reason in place of figures; what was unavailable stays so.
func withheld(stage []results.Joules, why string) []results.Joules {
	for n := range stage {
		if stage[n].Unavailable == "" {
			stage[n] = results.Joules{Unavailable: why}
		}
	}
	return stage
}
