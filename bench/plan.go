package bench

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"llm4rec/data"
	"llm4rec/eval"
)

// Plan is a resolved specification: defaults filled in, names looked up, and the cells to run.
type Plan struct {
	Spec      *Spec // with every default filled in
	Protocols []Protocol
	Metrics   []eval.Metric
	Cells     []Cell // by protocol, then system, then seed

	suite         *Suite // that knows where files lie
	augment       Augmenter
	augmentConfig any
}

// Cell is one system under one protocol with one seed.
type Cell struct {
	Protocol Protocol
	System   System
	Model    Model
	Bound    Bound
	Seed     int64 // 0 where the model ignores it
	First    *Cell // whose answers the system ranks again, or nil
}

// Name is what a person calls the cell.
func (c Cell) Name() string {
	s := c.Protocol.Name + " · " + c.System.Name
	if c.Model.Seeded {
		s += fmt.Sprintf(" · seed %d", c.Seed)
	}
	return s
}

// validName keeps names fit for folders, table rows and --set paths.
var validName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_+-]*$`)

const nameRule = "must start with a letter or digit and hold only letters, digits, '-', '_' and '+'"

// Resolve checks what a specification means and plans its cells. It reports every issue it finds, not only the first.
func (s *Suite) Resolve(in *Spec) (*Plan, []*Issue) {
	spec := *in
	p := &Plan{Spec: &spec, suite: s}
	var issues []*Issue
	add := func(err error, path string, args ...any) { issues = append(issues, issue(err, path, args...)) }

	if !validName.MatchString(spec.Name) {
		add(fmt.Errorf("name %q %s", spec.Name, nameRule), "name")
	}
	if spec.Dataset == "" {
		add(errors.New("the data set is missing"), "dataset")
	} else if err := s.Named(spec.Dataset); err != nil {
		add(err, "dataset")
	}
	if spec.Fallback != "" {
		if err := s.Named(spec.Fallback); err != nil {
			add(err, "fallback")
		}
	}
	if err := spec.Filters.Validate(); err != nil {
		add(err, "filters")
	}
	issues = append(issues, p.resolveProtocols()...)
	issues = append(issues, p.resolveMetrics()...)
	if len(spec.Seeds) == 0 {
		spec.Seeds = []int64{1}
	}
	for n, seed := range spec.Seeds {
		if slices.Index(spec.Seeds, seed) < n {
			add(fmt.Errorf("seed %d is given twice", seed), "seeds[%d]", n)
		}
	}
	issues = append(issues, s.resolveAugment(p)...)
	issues = append(issues, s.resolveSystems(p)...)
	if spec.Baseline != "" && !slices.ContainsFunc(spec.Systems, func(x System) bool { return x.Name == spec.Baseline }) {
		add(fmt.Errorf("%q is not the name of a system", spec.Baseline), "baseline")
	}
	return p, issues
}

func (p *Plan) resolveProtocols() []*Issue {
	spec := p.Spec
	if spec.Protocol != nil && spec.Protocols != nil {
		return []*Issue{issue(errors.New("give protocol or protocols, not both"), "protocols")}
	}
	var issues []*Issue
	list, path := spec.Protocols, func(n int) string { return fmt.Sprintf("protocols[%d]", n) }
	if spec.Protocols == nil {
		list, path = []Protocol{{}}, func(int) string { return "protocol" }
		if spec.Protocol != nil {
			list[0] = *spec.Protocol
		}
	}
	for n, in := range list {
		full, err := in.withDefaults()
		var at *data.SpecError
		if errors.As(err, &at) {
			issues = append(issues, issue(at.Err, "%s.%s", path(n), at.Key))
			continue
		}
		if slices.ContainsFunc(p.Protocols, func(x Protocol) bool { return x.Name == full.Name }) {
			issues = append(issues, issue(fmt.Errorf("two protocols are called %q", full.Name), "%s.name", path(n)))
		}
		p.Protocols = append(p.Protocols, full)
	}
	if spec.Protocols == nil && len(p.Protocols) == 1 {
		spec.Protocol = &p.Protocols[0]
	} else {
		spec.Protocols = p.Protocols
	}
	return issues
}

func (p *Plan) resolveMetrics() []*Issue {
	spec := p.Spec
	if len(spec.Metrics) == 0 {
		return []*Issue{issue(errors.New("at least one metric is needed, such as ndcg@10"), "metrics")}
	}
	var issues []*Issue
	deepest := 0
	for n, name := range spec.Metrics {
		m, err := eval.Parse(name)
		if err == nil && slices.Index(spec.Metrics, name) < n {
			err = fmt.Errorf("metric %q is given twice", name)
		}
		if err != nil {
			issues = append(issues, issue(err, "metrics[%d]", n))
			continue
		}
		deepest = max(deepest, m.K)
		p.Metrics = append(p.Metrics, m)
	}
	if spec.Depth == 0 {
		spec.Depth = max(deepest, defaultDepth)
	}
	if spec.Depth < deepest {
		issues = append(issues, issue(fmt.Errorf("%d is less than the largest cutoff %d", spec.Depth, deepest), "depth"))
	}
	return issues
}

func (s *Suite) resolveSystems(p *Plan) []*Issue {
	var issues []*Issue
	if len(p.Spec.Systems) == 0 {
		return []*Issue{issue(errors.New("at least one system is needed"), "systems")}
	}
	var cells []Cell // one a system
	systems, place := eachAfter(p.Spec.Systems)
	for row, x := range systems {
		n := place[row] // as the specification counts
		if !validName.MatchString(x.Name) {
			issues = append(issues, issue(fmt.Errorf("name %q %s", x.Name, nameRule), "systems[%d].name", n))
		}
		if slices.ContainsFunc(systems[:row], func(y System) bool { return y.Name == x.Name }) {
			issues = append(issues, issue(fmt.Errorf("two systems are called %q", x.Name), "systems[%d].name", n))
		}
		for k, seed := range x.Seeds {
			if slices.Index(x.Seeds, seed) < k {
				issues = append(issues, issue(fmt.Errorf("seed %d is given twice", seed), "systems[%d].seeds[%d]", n, k))
			}
		}
		if !(x.Tolerate >= 0 && x.Tolerate <= 1) {
			issues = append(issues, issue(fmt.Errorf("want a share from 0 to 1, got %v", x.Tolerate), "systems[%d].tolerate", n))
		}
		if x.Trials < 0 {
			issues = append(issues, issue(fmt.Errorf("%d is negative", x.Trials), "systems[%d].trials", n))
		}
		model, err := s.Model(x.Model)
		if err != nil {
			issues = append(issues, issue(err, "systems[%d].model", n))
			continue
		}
		for _, protocol := range p.Protocols {
			if err := protocol.wanted(); err != nil && model.Talks {
				issues = append(issues, issue(fmt.Errorf("%s under protocol %s: %w", model.Name, protocol.Name, err), "systems[%d].model", n))
			}
		}
		if err := s.after(model, x, systems[:row]); err != nil {
			issues = append(issues, issue(err, "systems[%d].after", n))
			continue
		}
		bound, err := model.Bind(x.Params)
		var at *data.SpecError
		if errors.As(err, &at) {
			issues = append(issues, issue(at.Err, "systems[%d].params.%s", n, at.Key))
			continue
		} else if err != nil {
			issues = append(issues, issue(err, "systems[%d].params", n))
			continue
		}
		if systems[row].Params, err = filled(bound.Config); err != nil {
			issues = append(issues, issue(err, "systems[%d].params", n))
		}
		cells = append(cells, Cell{System: systems[row], Model: model, Bound: bound})
	}
	p.Spec.Systems = systems
	for _, protocol := range p.Protocols {
		for _, c := range cells {
			c.Protocol = protocol
			for _, c.Seed = range c.seeds(p.Spec.Seeds) {
				c.First = nil
				if len(c.System.After) > 0 {
					if !p.has(c.System.After[0]) {
						continue // it has an issue of its own
					}
					if c.First = p.first(c); c.First == nil {
						issues = append(issues, issue(fmt.Errorf("%s has no seed %d, as %s has", c.System.After[0], c.Seed, c.System.Name), "systems"))
						continue
					}
				}
				p.Cells = append(p.Cells, c)
			}
		}
	}
	return issues
}

func (c Cell) seeds(usual []int64) []int64 {
	switch {
	case !c.Model.Seeded:
		return []int64{0}
	case len(c.System.Seeds) > 0:
		return c.System.Seeds
	}
	return usual
}

func (p *Plan) has(system string) bool {
	return slices.ContainsFunc(p.Cells, func(c Cell) bool { return c.System.Name == system })
}

// first is the cell that another ranks again: of the same seed, or the only one of a system with one.
func (p *Plan) first(c Cell) *Cell {
	var found []*Cell
	for n := range p.Cells {
		x := p.Cells[n]
		if x.Protocol.Name == c.Protocol.Name && x.System.Name == c.System.After[0] {
			if x.Seed == c.Seed {
				return &x
			}
			found = append(found, &x)
		}
	}
	if len(found) == 1 {
		return found[0]
	}
	return nil
}

// eachAfter makes a system that comes after several a row after each, called FIRST+NAME, and says which system each row
// comes from.
func eachAfter(systems []System) (out []System, place []int) {
	for n, x := range systems {
		if len(x.After) < 2 {
			out, place = append(out, x), append(place, n)
			continue
		}
		for _, first := range x.After {
			one := x
			one.Name, one.After = first+"+"+x.Name, []string{first}
			out, place = append(out, one), append(place, n)
		}
	}
	return out, place
}

// after says what is wrong with what a system comes after.
func (s *Suite) after(m Model, x System, above []System) error {
	switch {
	case !m.follows() && !m.Talks && !m.Acts && x.Tolerate > 0:
		return fmt.Errorf("%s asks no language model that could fail for a user: tolerate is of models that rank again, explain, act or talk", m.Name)
	case !m.Reranks && x.Informative:
		return fmt.Errorf("%s does not rank again, and informative is of models that do", m.Name)
	case !m.follows() && len(x.After) > 0:
		return fmt.Errorf("%s answers by itself, and comes after nothing", m.Name)
	case m.follows() && len(x.After) == 0:
		return fmt.Errorf("missing: %s works on what other systems found, so it names them", m.Name)
	}
	for _, first := range x.After {
		n := slices.IndexFunc(above, func(y System) bool { return y.Name == first })
		if n < 0 {
			return fmt.Errorf("%q is not a system above this one", first)
		}
		if y, err := s.Model(above[n].Model); err == nil && (y.Explains || y.Talks) {
			return fmt.Errorf("%q gives reasons or talks, and has no ranking of its own", first)
		}
	}
	return nil
}

// filled is a configuration as parameters, defaults included.
func filled(config any) (map[string]any, error) {
	text, err := yaml.Marshal(config)
	if err != nil {
		return nil, err
	}
	var out map[string]any
	return out, yaml.Unmarshal(text, &out)
}

// Only keeps the cells of the named systems, and those that they rank again. An unknown name is an error.
func (p *Plan) Only(names []string) ([]Cell, error) {
	if len(names) == 0 {
		return p.Cells, nil
	}
	known := make([]string, len(p.Spec.Systems))
	for n, x := range p.Spec.Systems {
		known[n] = x.Name
	}
	for _, name := range names {
		if !slices.Contains(known, name) {
			return nil, fmt.Errorf("--only %s: not a system of %s, which has %s", name, p.Spec.Name, strings.Join(known, ", "))
		}
	}
	wanted := map[string]bool{}
	for _, c := range slices.Backward(p.Cells) { // what a cell ranks again stands above it
		if slices.Contains(names, c.System.Name) || wanted[c.key()] {
			wanted[c.key()] = true
			if c.First != nil {
				wanted[c.First.key()] = true
			}
		}
	}
	var out []Cell
	for _, c := range p.Cells {
		if wanted[c.key()] {
			out = append(out, c)
		}
	}
	return out, nil
}
