package energy

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"llm4rec/results"
)

// load is a source of a power that may change.
type load struct {
	watts, sum float64
	since      time.Time
	err        error
}

func (s *load) Joules() (float64, error) {
	s.draw(s.watts)
	return s.sum, s.err
}

// draw changes the power.
func (s *load) draw(watts float64) {
	if !s.since.IsZero() {
		s.sum += s.watts * time.Since(s.since).Seconds()
	}
	s.since, s.watts = time.Now(), watts
}

func TestIdleIsSubtracted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cpu := &load{watts: 30}
		m := Open(Counter{Name: "cpu", Counts: "a load", Source: cpu}, Counter{Name: "gpu", Why: "the library is missing"})
		defer m.Close()
		if err := m.Idle(t.Context(), 4*time.Second); err != nil {
			t.Fatal(err)
		}
		about := m.Sources()
		if *about[0].IdleWatts != 30 || about[0].IdleSeconds != 4 || about[1].IdleWatts != nil || about[1].Unavailable != "the library is missing" {
			t.Errorf("%+v", about)
		}
		work := func(watts float64) results.Energy {
			s := m.Begin()
			cpu.draw(watts)
			time.Sleep(10 * time.Second)
			return results.Energy{Sources: about, Fit: s.End()}
		}
		e := work(80)
		if cpu := e.Fit[0]; *cpu.Raw != 800 || *cpu.Net != 500 || cpu.Seconds != 10 || cpu.Unavailable != "" {
			t.Errorf("%+v", cpu)
		}
		if gpu := e.Fit[1]; gpu.Raw != nil || gpu.Net != nil || gpu.Unavailable != "the library is missing" {
			t.Errorf("what cannot be read has a figure: %+v", gpu)
		}
		if results.NetJoules(e.Fit) != nil {
			t.Error("a sum without one of its sources")
		}
		if err := e.Check(); err != nil {
			t.Error(err)
		}
		// Less than an idle machine: as it was measured, and not nothing.
		if e := work(20); *e.Fit[0].Net != -100 {
			t.Errorf("%v J", *e.Fit[0].Net)
		}
		// A counter that fails later.
		s := m.Begin()
		cpu.err = errors.New("the counter is gone")
		if got := s.End()[0]; got.Raw != nil || got.Unavailable != "the counter is gone" {
			t.Errorf("%+v", got)
		}
	})
}

func TestNothingToRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		for _, m := range []*Meter{nil, Open(Counter{Name: "cpu", Why: "root alone may"}), Open(Counter{Name: "gpu", Source: &load{err: errors.New("not supported")}})} {
			if err := m.Idle(t.Context(), time.Second); err != nil {
				t.Error(err)
			}
			for _, j := range m.Begin().End() {
				if j.Raw != nil || j.Unavailable != "root alone may" && j.Unavailable != "not supported" {
					t.Errorf("%+v", j)
				}
			}
			m.Close()
		}
		if time.Since(start) != 0 {
			t.Error("it waited for what cannot be read")
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		m := Open(Counter{Name: "cpu", Source: &load{}})
		defer m.Close()
		if err := m.Idle(ctx, time.Hour); !errors.Is(err, context.Canceled) {
			t.Errorf("interrupted: %v", err)
		}
		// Without idle power there is no net figure.
		if got := m.Begin().End()[0]; got.Raw != nil || got.Unavailable != "the idle power was not measured" {
			t.Errorf("%+v", got)
		}
	})
}
