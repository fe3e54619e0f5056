// Package tune searches hyperparameters on the validation cases of a split: by random search, with successive halving
// where a model has a parameter that costs. Every system gets the same budget.
//
// The search holds a [data.Train], never a split: it cannot look at a test case.
package tune

import (
	"llm4rec/bench"
	"llm4rec/data"
)

// Spec is one search: everything that determines what is tried.
type Spec struct {
	Name        string          `json:"name" yaml:"name" jsonschema:"names the search and its folder of trials"`
	Description string          `json:"description,omitempty" yaml:"description,omitempty" jsonschema:"for people"`
	Dataset     string          `json:"dataset" yaml:"dataset" jsonschema:"a name of 'llm4rec data list', or a path such as ./mydata"`
	Filters     data.Filters    `json:"filters,omitzero" yaml:"filters,omitempty" jsonschema:"interactions to leave out"`
	Protocol    *bench.Protocol `json:"protocol,omitempty" yaml:"protocol,omitempty" jsonschema:"how systems are asked; default: leave-one-out, all seen items masked, full candidates"`
	Metric      string          `json:"metric,omitempty" yaml:"metric,omitempty" jsonschema:"NAME@CUTOFF, a metric of accuracy: what is maximised on the validation cases; default: ndcg@10"`
	Seed        int64           `json:"seed,omitempty" yaml:"seed,omitempty" jsonschema:"of what is drawn and of every fit; default: 1"`
	Budget      Budget          `json:"budget" yaml:"budget" jsonschema:"what every system gets"`
	Systems     []System        `json:"systems" yaml:"systems" jsonschema:"what is tuned"`
}

// Budget is what every system gets.
//
// Successive halving (Jamieson & Talwalkar 2016) fits all configurations with the least of their resource, and lets the
// best of them go on with more: of n configurations, ⌊n·eta⁻ʲ⌋ but at least one after j halvings, as Hyperband counts
// them (Li et al. 2018, section 3). The resource grows geometrically from its least to its most. A configuration that
// goes on is fitted anew, so that its value is that of an experiment with the same parameters.
type Budget struct {
	Trials   int `json:"trials" yaml:"trials" jsonschema:"configurations that each system may try"`
	Halvings int `json:"halvings,omitempty" yaml:"halvings,omitempty" jsonschema:"how often a system with a resource drops its worse configurations; 0: all get the most"`
	Eta      int `json:"eta,omitempty" yaml:"eta,omitempty" jsonschema:"one of that many goes on; default: 3"`
}

// System is a model with the parameters that are fixed and those that are searched.
type System struct {
	Name     string         `json:"name" yaml:"name" jsonschema:"the system's name"`
	Model    string         `json:"model" yaml:"model" jsonschema:"a name of 'llm4rec models'"`
	Params   map[string]any `json:"params,omitempty" yaml:"params,omitempty" jsonschema:"parameters that are the same in all trials"`
	Search   map[string]any `json:"search,omitempty" yaml:"search,omitempty" jsonschema:"for each searched parameter the list of its values, or {low, high, scale, integer}"`
	Resource *Resource      `json:"resource,omitempty" yaml:"resource,omitempty" jsonschema:"the parameter that costs, such as iterations; without one every configuration is fitted once"`
}

// Resource is the integer parameter that costs.
type Resource struct {
	Param string `json:"param" yaml:"param" jsonschema:"the parameter's name"`
	Least int    `json:"least" yaml:"least" jsonschema:"its value for the first fits"`
	Most  int    `json:"most" yaml:"most" jsonschema:"its value for the last fits, and without halvings for all"`
}

// Range is where a number is drawn from, its ends included.
type Range struct {
	Low     float64 `json:"low" yaml:"low" jsonschema:"the least value"`
	High    float64 `json:"high" yaml:"high" jsonschema:"the largest value"`
	Scale   string  `json:"scale,omitempty" yaml:"scale,omitempty" jsonschema:"linear (default), or log: every factor of ten is as likely as another"`
	Integer bool    `json:"integer,omitempty" yaml:"integer,omitempty" jsonschema:"whole numbers alone"`
}
