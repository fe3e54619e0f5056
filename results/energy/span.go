package energy

import (
	"errors"
	"time"

	"llm4rec/results"
)

// Span is work that is being measured.
type Span struct {
	meter *Meter
	began []reading
}

// reading is a counter at a time, or the difference of two.
type reading struct {
	joules  float64
	at      time.Time
	seconds float64
	err     error
}

// Begin starts a span. Spans may overlap.
func (m *Meter) Begin() *Span {
	if m == nil {
		return nil
	}
	return &Span{m, m.now()}
}

func (m *Meter) now() []reading {
	out := make([]reading, len(m.counters))
	for n, c := range m.counters {
		if c.Source == nil {
			out[n].err = errors.New(c.Why)
			continue
		}
		out[n].joules, out[n].err = c.Source.Joules()
		out[n].at = time.Now()
	}
	return out
}

// readings are what the counters counted since the span began.
func (s *Span) readings() []reading {
	out := s.meter.now()
	for n, from := range s.began {
		if from.err != nil {
			out[n].err = from.err
		}
		out[n].joules -= from.joules
		out[n].seconds = out[n].at.Sub(from.at).Seconds()
	}
	return out
}

// End is what each source used since the span began, nil of a nil span. Idle power must be known.
func (s *Span) End() []results.Joules {
	if s == nil {
		return nil
	}
	var out []results.Joules
	for n, r := range s.readings() {
		switch about := s.meter.about[n]; {
		case about.Unavailable != "":
			out = append(out, results.Joules{Unavailable: about.Unavailable})
		case r.err != nil:
			out = append(out, results.Joules{Unavailable: r.err.Error()})
		case about.IdleWatts == nil:
			out = append(out, results.Joules{Unavailable: "the idle power was not measured"})
		default:
			out = append(out, results.NewJoules(r.joules, r.seconds, *about.IdleWatts))
		}
	}
	return out
}
