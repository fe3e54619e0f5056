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
	Name        string         `json:"name" yaml:"name" jsonschema:"names the experiment and its folder of results"`
	Description string         `json:"description,omitempty" yaml:"description,omitempty" jsonschema:"for people"`
	Dataset     string         `json:"dataset" yaml:"dataset" jsonschema:"a name of 'llm4rec data list', or a path such as ./mydata"`
	Fallback    string         `json:"fallback,omitempty" yaml:"fallback,omitempty" jsonschema:"the data set used, and said, where dataset can be neither found nor downloaded"`
	Filters     data.Filters   `json:"filters,omitzero" yaml:"filters,omitempty" jsonschema:"interactions to leave out"`
	Protocol    *Protocol      `json:"protocol,omitempty" yaml:"protocol,omitempty" jsonschema:"how systems are asked; default: leave-one-out, all seen items masked, full candidates"`
	Protocols   []Protocol     `json:"protocols,omitempty" yaml:"protocols,omitempty" jsonschema:"several protocols in place of one, each a table of its own"`
	Metrics     []string       `json:"metrics" yaml:"metrics" jsonschema:"NAME@CUTOFF, the columns of the table; the primary metric is ndcg@10"`
	Depth       int            `json:"depth,omitempty" yaml:"depth,omitempty" jsonschema:"length of the stored rankings; default: the largest cutoff, at least 100"`
	Seeds       []int64        `json:"seeds,omitempty" yaml:"seeds,omitempty" jsonschema:"each seeded system runs once with each; default: 1"`
	Baseline    string         `json:"baseline,omitempty" yaml:"baseline,omitempty" jsonschema:"the system that the relative column compares with"`
	Augment     map[string]any `json:"augment,omitempty" yaml:"augment,omitempty" jsonschema:"what a store of memories is filled with before anything is run, for systems that read NAME/memories.sqlite, NAME being the experiment's"`
	Systems     []System       `json:"systems" yaml:"systems" jsonschema:"the rows of the table"`
}

// System is one row of a table: a model with its parameters.
type System struct {
	Name        string         `json:"name" yaml:"name" jsonschema:"the row's name"`
	Model       string         `json:"model" yaml:"model" jsonschema:"a name of 'llm4rec models'"`
	After       []string       `json:"after,omitempty" yaml:"after,omitempty" jsonschema:"for a model that ranks again, or explains: the systems above whose answers it works on, each a row of its own"`
	Params      map[string]any `json:"params,omitempty" yaml:"params,omitempty" jsonschema:"the model's parameters; what is not given has its default"`
	Tolerate    float64        `json:"tolerate,omitempty" yaml:"tolerate,omitempty" jsonschema:"of a model that ranks again: the share of users whose question may fail, and whose order stays that of the first stage; of one that explains, the share of items without a reason; of an agent, the share of turns that end because a call failed, in which its retriever answers; default: none"`
	Informative bool           `json:"informative,omitempty" yaml:"informative,omitempty" jsonschema:"of a model that ranks again: it is asked for those users alone for whom a relevant item is among its candidates; the others' accuracy cannot change"`
	Seeds       []int64        `json:"seeds,omitempty" yaml:"seeds,omitempty" jsonschema:"in place of the experiment's"`
	Trials      int            `json:"trials,omitempty" yaml:"trials,omitempty" jsonschema:"how many configurations were tried on validation before these parameters were chosen; a note under the table"`
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
