package results

import "fmt"

// Energy is what a cell used, by source. The counters are those of the machine, so that what other programs used meanwhile is
// in it; what a server elsewhere used is not.
type Energy struct {
	Sources   []EnergySource `json:"sources"`
	Fit       []Joules       `json:"fit,omitempty"`       // by source, in their order; none where nothing was fitted
	Recommend []Joules       `json:"recommend,omitempty"` // likewise
	Lists     int            `json:"lists,omitempty"`     // that were made during Recommend
}

// EnergySource is one counter of a run.
type EnergySource struct {
	Name        string   `json:"name"`                  // "cpu", "gpu"
	Counts      string   `json:"counts,omitempty"`      // what is in its figures
	IdleWatts   *float64 `json:"idle_watts,omitempty"`  // before the first cell
	IdleSeconds float64  `json:"idle_sec,omitempty"`    // that the idle power is the mean of
	Unavailable string   `json:"unavailable,omitempty"` // why it cannot be read
}

// Joules is what one source used during a stage: the difference of its counter, and that less what an idle machine would have
// used in the same time. Both are as they were measured: of a stage that is short for its counter, net may be below zero. What
// is unavailable has neither.
type Joules struct {
	Raw         *float64 `json:"raw_joules,omitempty"`
	Net         *float64 `json:"net_joules,omitempty"`
	Seconds     float64  `json:"sec,omitempty"` // between the two readings
	Unavailable string   `json:"unavailable,omitempty"`
}

// NewJoules subtracts idle power from what a counter counted.
func NewJoules(raw, seconds, idleWatts float64) Joules {
	net := raw - float64(idleWatts*seconds) // not fused: the same digits on every CPU
	return Joules{Raw: &raw, Net: &net, Seconds: seconds}
}

// NetJoules of a stage are those of all sources, nil where one is unavailable.
func NetJoules(stage []Joules) *float64 {
	if len(stage) == 0 {
		return nil
	}
	sum := 0.
	for _, j := range stage {
		if j.Net == nil {
			return nil
		}
		sum += *j.Net
	}
	return &sum
}

// PerThousand is what joules of Recommend make for a thousand lists, nil where they are unavailable or nothing was listed.
func (e *Energy) PerThousand(joules *float64) *float64 {
	if joules == nil || e.Lists == 0 {
		return nil
	}
	x := 1000 * *joules / float64(e.Lists)
	return &x
}

// Unavailable are the reasons why figures are missing, each once.
func (e *Energy) Unavailable() []string {
	var out []string
	seen := map[string]bool{}
	for _, stage := range [][]Joules{e.Fit, e.Recommend} {
		for n, j := range stage {
			if why := j.Unavailable; why != "" && n < len(e.Sources) && !seen[why] {
				seen[why] = true
				out = append(out, e.Sources[n].Name+": "+why)
			}
		}
	}
	return out
}

// Check holds the figures to each other: net follows from the others, and what has no figure has a reason.
func (e *Energy) Check() error {
	for _, s := range []struct {
		name  string
		stage []Joules
	}{{"fit", e.Fit}, {"recommend", e.Recommend}} {
		if len(s.stage) > 0 && len(s.stage) != len(e.Sources) {
			return fmt.Errorf("energy: %s has %d figures of %d sources", s.name, len(s.stage), len(e.Sources))
		}
		for n, j := range s.stage {
			from := e.Sources[n]
			if j.Unavailable != "" {
				if j.Raw != nil || j.Net != nil {
					return fmt.Errorf("energy: %s, %s: unavailable, and has a figure", s.name, from.Name)
				}
				continue
			}
			if j.Raw == nil || j.Net == nil || from.IdleWatts == nil {
				return fmt.Errorf("energy: %s, %s: no figure, and no reason", s.name, from.Name)
			}
			if want := NewJoules(*j.Raw, j.Seconds, *from.IdleWatts); *want.Net != *j.Net {
				return fmt.Errorf("energy: %s, %s: net %v J, and raw %v J less %v W for %v s are %v J", s.name, from.Name, *j.Net, *j.Raw, *from.IdleWatts, j.Seconds, *want.Net)
			}
		}
	}
	return nil
}
