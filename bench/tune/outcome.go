package tune

import (
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"

	"llm4rec/bench"
	"llm4rec/results"
)

// Outcome is what came out of a search.
type Outcome struct {
	Plan                *Plan
	Dir                 string // of the trials
	Dataset             string
	Notes               []string // of the data set
	Users               int      // asked on validation
	Systems             []Result
	Ran, Before, Failed int // fits: by this run, by earlier ones, and those of this run that failed
	Warnings            []string
}

// Complete says whether every planned fit was made: where trials failed, fewer go on.
func (o Outcome) Complete() bool {
	planned, made := 0, 0
	for _, c := range o.Plan.Systems {
		for _, r := range o.Systems {
			if r.Name == c.Name {
				planned, made = planned+c.Fits(), made+r.Fits
			}
		}
	}
	return planned == made
}

// Result is what came out for one system.
type Result struct {
	Name, Model string
	Searched    []string // parameters, in order
	Resource    *Resource
	Trials      int        // configurations tried, those that failed among them
	Fits        int        // of all rounds
	Seconds     float64    // of all fits and validations, those of earlier runs among them
	Standings   []Standing // best first, those that failed last
}

// Standing is how one configuration did in the last round that it reached.
type Standing struct {
	Number int            // of the configuration, from 0
	Params map[string]any // those that an experiment would set
	Record results.Trial
	level  int
}

// Best is the configuration to choose, false where all failed.
func (r Result) Best() (Standing, bool) {
	if len(r.Standings) == 0 || r.Standings[0].Record.Status != results.OK {
		return Standing{}, false
	}
	return r.Standings[0], true
}

// Failed counts the configurations that failed.
func (r Result) Failed() int {
	n := 0
	for _, s := range r.Standings {
		if s.Record.Status == results.Failed {
			n++
		}
	}
	return n
}

// Errors are the different ones of the configurations that failed, each with how often it occurred.
func (r Result) Errors() []string {
	var order []string
	times := map[string]int{}
	for _, s := range r.Standings {
		if s.Record.Status == results.Failed {
			if times[s.Record.Error]++; times[s.Record.Error] == 1 {
				order = append(order, s.Record.Error)
			}
		}
	}
	for n, e := range order {
		first, _, _ := strings.Cut(e, "\n") // a panic's trace is in the record
		order[n] = fmt.Sprintf("%d × %s", times[e], first)
	}
	return order
}

// Snippet is the chosen parameters as YAML for an experiment. Systems whose trials all failed are left to a comment.
func (o Outcome) Snippet() (string, error) {
	spec := o.Plan.Spec
	var b strings.Builder
	fmt.Fprintf(&b, "# llm4rec tune %s: by %s on the validation cases of %s, %s, seed %d\n", spec.Name, spec.Metric, o.Dataset, o.Plan.base.Protocols[0].Name, spec.Seed)
	fmt.Fprintln(&b, "systems:")
	for _, r := range o.Systems {
		best, ok := r.Best()
		if !ok {
			fmt.Fprintf(&b, "  # %s: all %d trials failed\n", r.Name, r.Trials)
			continue
		}
		x := bench.System{Name: r.Name, Model: r.Model, Params: best.Params}
		if r.Trials > 1 { // else nothing was chosen
			x.Trials = r.Trials
		}
		line, err := yaml.MarshalWithOptions(x, yaml.Flow(true))
		if err != nil {
			return "", fmt.Errorf("tune: snippet: %w", err)
		}
		fmt.Fprintf(&b, "  - %s # %s %.4f\n", strings.TrimSpace(string(line)), spec.Metric, best.Record.Value)
	}
	return b.String(), nil
}
