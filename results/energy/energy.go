// Package energy measures what a span of work uses, in joules, by counters of the hardware: what a machine cannot read is
// unavailable with the reason, and never estimated from power or time.
package energy

import (
	"context"
	"sync"
	"time"

	"llm4rec/results"
)

// Source is a counter of energy. It is safe for concurrent use.
type Source interface {
	// Joules is what was used since a moment that stays the same, by whatever program.
	Joules() (float64, error)
}

// Wrapping is a source that must be read more often than this, or it begins anew unseen.
type Wrapping interface{ Every() time.Duration }

// Counter is a source and what is said of it.
type Counter struct {
	Name   string // "cpu", "gpu"
	Counts string // what is in its figures
	Source Source // nil where it cannot be read
	Why    string // it cannot
}

// Meter reads counters while a run lasts. A nil meter measures nothing.
type Meter struct {
	counters []Counter
	about    []results.EnergySource
	stop     chan struct{}
	readers  sync.WaitGroup
}

// Open starts to read the counters that must be read often. Those that cannot be read at all become unavailable.
func Open(list ...Counter) *Meter {
	m := &Meter{counters: list, stop: make(chan struct{})}
	for n := range m.counters {
		c := &m.counters[n]
		if c.Source != nil {
			if _, err := c.Source.Joules(); err != nil {
				c.Source, c.Why = nil, err.Error()
			}
		}
		m.about = append(m.about, results.EnergySource{Name: c.Name, Counts: c.Counts, Unavailable: c.Why})
		if w, often := c.Source.(Wrapping); often {
			m.readers.Go(func() { m.read(c.Source, w.Every()) })
		}
	}
	return m
}

// read asks a source again and again. What it finds is the source's to keep: an error comes again when the figure is wanted.
func (m *Meter) read(s Source, every time.Duration) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-m.stop:
			return
		case <-tick.C:
			_, _ = s.Joules()
		}
	}
}

// Close ends the reading.
func (m *Meter) Close() {
	if m != nil {
		close(m.stop)
		m.readers.Wait()
	}
}

// Idle waits for a span in which the program does nothing, and keeps the mean power of each source as that of an idle machine.
// Where no source can be read it returns at once. The error is the context's.
func (m *Meter) Idle(ctx context.Context, span time.Duration) error {
	if m == nil || !m.readable() {
		return nil
	}
	s := m.Begin()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(span):
	}
	for n, r := range s.readings() {
		if r.err == nil {
			watts := r.joules / r.seconds
			m.about[n].IdleWatts, m.about[n].IdleSeconds = &watts, r.seconds
		} else if m.about[n].Unavailable == "" {
			m.about[n].Unavailable = r.err.Error()
		}
	}
	return nil
}

func (m *Meter) readable() bool {
	for _, a := range m.about {
		if a.Unavailable == "" {
			return true
		}
	}
	return false
}

// Sources says what the meter reads, and what an idle machine uses.
func (m *Meter) Sources() []results.EnergySource {
	if m == nil {
		return nil
	}
	return append([]results.EnergySource(nil), m.about...)
}
