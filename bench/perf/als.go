// Package perf measures what an iteration of a model costs: its seconds beside those that its arithmetic and its reads
// take at least on this machine, and beside another implementation's on the same matrix. All are measured in one run, by
// turns, so that a change of the machine's speed is the same for all.
package perf

import (
	"context"
	"fmt"
	"runtime/debug"

	"llm4rec/data"
	"llm4rec/gpu"
	"llm4rec/models/als"
	"llm4rec/results"
)

// ALS is a measurement of alternating least squares.
type ALS struct {
	Factors    int
	Solver     string  // cg or cholesky
	Steps      int     // of cg
	Iterations int     // to measure, each side
	Busy       float64 // part of its cores that a process must have had for an iteration to count
	Device     gpu.Device
	Python     string // an interpreter with benfred/implicit, or ""
}

// config is the default but for what is measured: the other parameters hardly change the time.
func (a ALS) config() als.Config {
	c := als.Default()
	c.Factors, c.Solver, c.CGSteps, c.Device = a.Factors, als.Solver(a.Solver), a.Steps, a.Device
	c.LossEvery, c.Patience = 0, 0
	return c
}

// Validate says what is wrong with a measurement.
func (a ALS) Validate() error {
	if a.Iterations < 1 {
		return fmt.Errorf("perf: iterations: want at least 1, got %d", a.Iterations)
	}
	if !(a.Busy >= 0 && a.Busy <= 1) {
		return fmt.Errorf("perf: busy: want a part of the cores, got %g", a.Busy)
	}
	return a.config().Validate()
}

// Result is what was measured.
type Result struct {
	Dataset    string  `json:"dataset"`
	Users      int     `json:"users"`
	Items      int     `json:"items"`
	Entries    int     `json:"entries"`
	Factors    int     `json:"factors"`
	Ours       Sample  `json:"ours"`
	Theirs     *Sample `json:"theirs,omitempty"`
	Peer       string  `json:"peer,omitempty"`
	Work       Work    `json:"work"`
	UserSpeed  Speed   `json:"speed_users"` // while solving for the users: of reading items' factors
	ItemSpeed  Speed   `json:"speed_items"`
	Arithmetic float64 `json:"arithmetic_seconds"` // of the work at that speed
	Reading    float64 `json:"reading_seconds"`
	Limit      float64 `json:"limit_seconds"`     // sum of the larger one of either side
	PeakMemory int64   `json:"peak_memory_bytes"` // from before loading to after training, or -1
}

// Measure loads the data, trains once for the memory that takes, then trains by turns with the probes and the peer.
func (a ALS) Measure(ctx context.Context, load func() (*data.Dataset, error)) (Result, error) {
	debug.FreeOSMemory() // what an earlier measurement left
	known := results.ResetPeakMemory() == nil
	d, err := load()
	if err != nil {
		return Result{}, err
	}
	train := &data.Train{NumUsers: d.Users.Len(), NumItems: d.Items.Len(), Inter: d.Inter, Users: d.Users, Items: d.Items}
	c := a.config()
	c.Iterations = 1
	if _, err := c.Fit(ctx, train); err != nil {
		return Result{}, err
	}
	out := Result{Dataset: d.Name, PeakMemory: -1}
	if known {
		out.PeakMemory = results.PeakMemory()
	}
	err = a.takeTurns(ctx, c, train, &out)
	return out, err
}
