// Package bench runs experiments: it reads a specification, plans its cells, and takes each through fit, recommend and
// score into a stored record.
package bench

import (
	"encoding/json"
	"fmt"

	"llm4rec/data"
)

// Spec is one experiment: everything that determines its results.
type Spec struct {
	Name        string       `json:"name" yaml:"name"`
	Description string       `json:"description,omitempty" yaml:"description,omitempty"`
	Dataset     string       `json:"dataset" yaml:"dataset"`
	Fallback    string       `json:"fallback,omitempty" yaml:"fallback,omitempty"` // data set used, and said, where Dataset cannot be had
	Filters     data.Filters `json:"filters,omitzero" yaml:"filters,omitempty"`
	Protocol    *Protocol    `json:"protocol,omitempty" yaml:"protocol,omitempty"`   // either one
	Protocols   []Protocol   `json:"protocols,omitempty" yaml:"protocols,omitempty"` // or several, each a table of its own
	Metrics     []string     `json:"metrics" yaml:"metrics"`
	Depth       int          `json:"depth,omitempty" yaml:"depth,omitempty"` // length of the stored rankings; at least the largest cutoff, by default at least 100
	Seeds       []int64      `json:"seeds,omitempty" yaml:"seeds,omitempty"`
	Baseline    string       `json:"baseline,omitempty" yaml:"baseline,omitempty"` // the system that tables compare with
	Systems     []System     `json:"systems" yaml:"systems"`
}

// System is one row of a table: a model with its parameters.
type System struct {
	Name   string         `json:"name" yaml:"name"`
	Model  string         `json:"model" yaml:"model"`
	Params map[string]any `json:"params,omitempty" yaml:"params,omitempty"`
}

// defaultDepth leaves room to compute other metrics later than those of the specification.
const defaultDepth = 100

// An Issue is an error in one place of a specification, such as systems[1].params.decay.
type Issue struct {
	Path string
	Err  error
}

func (i *Issue) Error() string { return i.Path + ": " + i.Err.Error() }
func (i *Issue) Unwrap() error { return i.Err }

func issue(err error, path string, args ...any) *Issue {
	return &Issue{fmt.Sprintf(path, args...), err}
}

// canonical is the JSON of a value with the keys of every object in order: equal values give equal text.
func canonical(v any) string {
	b, err := json.Marshal(v)
	if err == nil {
		var x any
		if err = json.Unmarshal(b, &x); err == nil {
			b, err = json.Marshal(x)
		}
	}
	if err != nil {
		panic("bench: a configuration has no JSON: " + err.Error())
	}
	return string(b)
}
