package tune

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"

	"llm4rec/bench"
	"llm4rec/data"
	"llm4rec/eval"
)

// Defaults of a specification.
const (
	defaultMetric = "ndcg@10"
	defaultSeed   = 1
	defaultEta    = 3
)

// Plan is a resolved specification: defaults filled in, names looked up, and the configurations to try.
type Plan struct {
	Spec    *Spec // with every default filled in
	Systems []Candidate

	base   *bench.Plan // the experiment of the systems with their fixed parameters
	metric eval.Metric
}

// Candidate is a system with the configurations that it tries.
type Candidate struct {
	Name, Model string
	Searched    []string         // parameters, in order
	Params      []map[string]any // by trial, without the resource
	Resource    *Resource

	cell   bench.Cell
	levels []level
}

// Fits is how many fits the system needs if no trial fails.
func (c Candidate) Fits() int {
	n := 0
	for _, l := range c.levels {
		n += l.trials
	}
	return n
}

// Resolve checks what a specification means and draws its configurations. It reports every issue it finds.
func Resolve(s *bench.Suite, in *Spec) (*Plan, []*bench.Issue) {
	spec := *in
	if spec.Metric == "" {
		spec.Metric = defaultMetric
	}
	if spec.Seed == 0 {
		spec.Seed = defaultSeed
	}
	if spec.Budget.Eta == 0 {
		spec.Budget.Eta = defaultEta
	}
	p := &Plan{Spec: &spec}
	// What a search shares with an experiment is checked as that of one.
	e := &bench.Spec{Name: spec.Name, Dataset: spec.Dataset, Filters: spec.Filters, Protocol: spec.Protocol, Metrics: []string{spec.Metric}, Seeds: []int64{spec.Seed}}
	for _, x := range spec.Systems {
		e.Systems = append(e.Systems, bench.System{Name: x.Name, Model: x.Model, Params: x.Params})
	}
	m, err := eval.Parse(spec.Metric)
	if err == nil {
		e.Depth = m.K
	}
	base, issues := s.Resolve(e)
	for _, i := range issues {
		if i.Path == "metrics[0]" {
			i.Path = "metric"
		}
	}
	add := func(err error, path string, args ...any) {
		issues = append(issues, &bench.Issue{Path: fmt.Sprintf(path, args...), Err: err})
	}
	p.base, p.metric = base, m
	if err == nil && !m.Accuracy() {
		add(fmt.Errorf("%s is not a metric of accuracy: none of its values is best", m.Name), "metric")
	}
	if spec.Protocol != nil && spec.Protocol.Leak != "" {
		add(errors.New("a search cannot be made with a leak: the validation cases would be in training"), "protocol.leak")
	}
	issues = append(issues, spec.Budget.validate()...)
	for n, x := range spec.Systems {
		// A system whose model or parameters are wrong has no cell, and an issue of its own.
		at := slices.IndexFunc(base.Cells, func(c bench.Cell) bool { return c.System.Name == x.Name })
		if at < 0 {
			continue
		}
		space, found := x.space(base.Cells[at].Model, fmt.Sprintf("systems[%d]", n))
		if issues = append(issues, found...); len(issues) > 0 {
			continue // its budget may have no meaning
		}
		c := Candidate{Name: x.Name, Model: x.Model, Searched: slices.Sorted(maps.Keys(x.Search)), Resource: x.Resource, cell: base.Cells[at]}
		for _, drawn := range space.draw(spec.Seed, x.Name, spec.Budget.Trials) {
			c.Params = append(c.Params, with(x.Params, drawn))
		}
		c.levels = spec.Budget.levels(len(c.Params), x.Resource)
		p.Systems = append(p.Systems, c)
	}
	return p, issues
}

func (b Budget) validate() []*bench.Issue {
	var out []*bench.Issue
	for _, c := range []struct {
		key          string
		value, least int
	}{{"trials", b.Trials, 1}, {"halvings", b.Halvings, 0}, {"eta", b.Eta, 2}} {
		if c.value < c.least {
			out = append(out, &bench.Issue{Path: "budget." + c.key, Err: fmt.Errorf("want at least %d, got %d", c.least, c.value)})
		}
	}
	return out
}

// space reads the searched parameters of a system and its resource. Whether a parameter exists and takes such a value is
// checked here; whether values fit together is seen by trying.
func (x System) space(m bench.Model, path string) (space, []*bench.Issue) {
	var out space
	var issues []*bench.Issue
	add := func(err error, at string) { issues = append(issues, &bench.Issue{Path: path + "." + at, Err: err}) }
	twice := func(param, at string) bool {
		_, fixed := x.Params[param]
		if fixed {
			add(fmt.Errorf("%s has a fixed value in params", param), at)
		}
		return fixed
	}
	for _, param := range slices.Sorted(maps.Keys(x.Search)) {
		at := "search." + param
		if twice(param, at) {
			continue
		}
		d, err := parseDimension(param, x.Search[param])
		if err != nil {
			add(err, at)
			continue
		}
		if n, err := d.untyped(m, x.Params); err != nil {
			if n >= 0 {
				at = fmt.Sprintf("%s[%d]", at, n)
			}
			add(err, at)
		}
		out = append(out, d)
	}
	if r := x.Resource; r != nil {
		switch _, searched := x.Search[r.Param]; {
		case twice(r.Param, "resource.param"):
		case searched:
			add(fmt.Errorf("%s is searched too", r.Param), "resource.param")
		case r.Least < 1 || r.Most < r.Least:
			add(fmt.Errorf("want 1 ≤ least ≤ most, got %d and %d", r.Least, r.Most), "resource")
		default:
			if err := typed(m, x.Params, r.Param, r.Most); err != nil {
				add(err, "resource.param")
			}
		}
	}
	return out, issues
}

// untyped finds a value that the model's parameter cannot have, and its place in the list: −1 where the fault is not that
// of one value. A part of a range that gives no whole number finds the parameter that wants one.
func (d dimension) untyped(m bench.Model, fixed map[string]any) (int, error) {
	if d.values == nil {
		return -1, typed(m, fixed, d.param, d.within.at(1/math.Phi))
	}
	at, good := -1, false
	var first error
	for n, v := range d.values {
		err := typed(m, fixed, d.param, v)
		if err != nil && first == nil {
			at, first = n, err
		}
		good = good || err == nil
	}
	if !good {
		at = -1
	}
	return at, first
}

// typed says whether the model has the parameter and takes a value of that type.
func typed(m bench.Model, fixed map[string]any, param string, v any) error {
	_, err := m.Bind(with(fixed, map[string]any{param: v}))
	var at *data.SpecError
	if errors.As(err, &at) && at.Key == param {
		return at.Err
	}
	return nil
}
