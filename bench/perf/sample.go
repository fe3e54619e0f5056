package perf

import (
	"slices"
	"time"

	"llm4rec/results"
)

// Sample is the seconds of an iteration, measured several times. What was measured while the process did not have its
// cores counts as discarded alone: virtual machines sometimes put two threads on one core, and neighbours take time.
type Sample struct {
	Seconds   []float64 `json:"seconds"`
	Discarded int       `json:"discarded"`
}

// add counts an iteration that took so long, unless it had less than so much processor time. An unknown one, which is
// negative, discards nothing.
func (s *Sample) add(wall, cpu, least float64) {
	if cpu >= 0 && cpu < least*wall {
		s.Discarded++
		return
	}
	s.Seconds = append(s.Seconds, wall)
}

// Median is the lower one of an even number.
func (s Sample) Median() float64 {
	return slices.Sorted(slices.Values(s.Seconds))[(len(s.Seconds)-1)/2]
}

// Min is the least.
func (s Sample) Min() float64 { return slices.Min(s.Seconds) }

// clock measures one iteration of this process.
type clock struct {
	wall time.Time
	cpu  time.Duration
}

func start() clock { return clock{time.Now(), results.CPUTime()} }

// stop adds the time since the start, if there was at least so much processor time a second.
func (c clock) stop(s *Sample, least float64) {
	wall, cpu := time.Since(c.wall), results.CPUTime()
	if cpu >= 0 {
		cpu -= c.cpu
	}
	s.add(wall.Seconds(), cpu.Seconds(), least)
}
