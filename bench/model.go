package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sort"
	"strings"

	"github.com/goccy/go-yaml"

	"llm4rec/data"
	"llm4rec/gpu"
	"llm4rec/models"
	"llm4rec/models/checkpoint"
	"llm4rec/results"
)

// Suite is what experiments can name: the data sets and the models.
type Suite struct {
	Models []Model
	// Augment fills stores of memories.
	Augment Stage
	// Named says what is wrong with the name of a data set, without looking for the set.
	Named func(name string) error
	// Open loads a data set by name. The error of one that can be neither found nor downloaded is a *Missing.
	Open func(ctx context.Context, name string) (*data.Dataset, error)
	// Find says where a file lies that a protocol names; nil: in the working directory.
	Find func(path string) (string, error)
}

// Missing is the error of a data set that is known but not at hand.
type Missing struct{ Err error }

func (m *Missing) Error() string { return m.Err.Error() }
func (m *Missing) Unwrap() error { return m.Err }

// Model is one line of the registry: a name with a constructor.
type Model struct {
	Name, Doc string
	Seeded    bool // whether the seed matters; a model that ignores it runs once
	Revision  int
	Config    any  // the default configuration, a struct
	Reranks   bool // it orders what another system found, and cannot be asked alone
	Explains  bool // it gives reasons for what another system recommends, and is no row among the rankings
	Talks     bool // it talks with simulated users, and is no row among the rankings either
	Acts      bool // it is an agent, whose turns may fail
	// Bind reads and checks parameters. An error of one of them is a *data.SpecError.
	Bind func(params map[string]any) (Bound, error)
}

// Bound is a model with its parameters read and checked.
type Bound struct {
	Config any // the configuration, defaults filled in
	Fitter func(Env) models.Fitter
	// Preparer takes Fitter's place in a model that reranks.
	Preparer func(Env) models.Preparer
	// Explainer takes Fitter's place in a model that explains.
	Explainer func(Env) Explainer
	// Talker takes Fitter's place in a model that talks with simulated users.
	Talker func(Env) Talker
	// Inputs is a checksum of the files that the model reads; nil if there are none.
	Inputs func() (string, error)
	// Calls is about how many calls of a language model a user costs; 0: none.
	Calls int
	// Flops is a rough count of the operations of a fit; nil where it is negligible.
	Flops func(s Shape) float64
}

// Env is what a run gives to a model.
type Env struct {
	Seed       int64
	Dataset    string // its name
	Device     gpu.Device
	Progress   models.Progress // of a fit
	Checkpoint checkpoint.File // where a fit may keep its state
}

// Shape is the size of a data set.
type Shape struct{ Users, Items, Interactions int }

// Abilities of a configuration beyond being one.
type (
	validator interface{ Validate() error }
	inputter  interface{ Fingerprint() (string, error) }
	caller    interface{ Calls() int }
	coster    interface {
		Flops(users, items, interactions int) float64
	}
)

// Register makes a registry line of a default configuration and a constructor.
func Register[C any](name, doc string, revision int, seeded bool, config C, fitter func(C, Env) models.Fitter) Model {
	return Model{Name: name, Doc: doc, Seeded: seeded, Revision: revision, Config: config, Bind: func(params map[string]any) (Bound, error) {
		c, b, err := bind(config, params)
		b.Fitter = func(e Env) models.Fitter { return fitter(c, e) }
		return b, err
	}}
}

// RegisterRanker is Register for a model that orders what another system found.
func RegisterRanker[C any](name, doc string, revision int, config C, preparer func(C, Env) models.Preparer) Model {
	return Model{Name: name, Doc: doc, Seeded: true, Revision: revision, Config: config, Reranks: true, Bind: func(params map[string]any) (Bound, error) {
		c, b, err := bind(config, params)
		b.Preparer = func(e Env) models.Preparer { return preparer(c, e) }
		return b, err
	}}
}

// Explainer says why a system recommends what it does.
type Explainer interface {
	Explain(ctx context.Context, a *Answered, progress models.Progress) (results.Reasons, []results.Reason, error)
}

// RegisterExplainer is Register for a model that explains.
func RegisterExplainer[C any](name, doc string, revision int, config C, explainer func(C, Env) Explainer) Model {
	return Model{Name: name, Doc: doc, Seeded: true, Revision: revision, Config: config, Explains: true, Bind: func(params map[string]any) (Bound, error) {
		c, b, err := bind(config, params)
		b.Explainer = func(e Env) Explainer { return explainer(c, e) }
		return b, err
	}}
}

// Talker has an agent talk with simulated users.
type Talker interface {
	Talk(ctx context.Context, w Wanted, progress models.Progress) (results.Dialogue, []results.Talk, error)
}

// Wanted is what users are simulated by. It holds what they want, which must not reach an agent.
type Wanted struct {
	Train   *data.Train
	Queries []models.Query
	Users   []string // raw ids, of the queries
	Targets []int32  // the relevant item of each
}

// RegisterTalker is Register for a model that talks.
func RegisterTalker[C any](name, doc string, revision int, config C, talker func(C, Env) Talker) Model {
	return Model{Name: name, Doc: doc, Seeded: true, Revision: revision, Config: config, Talks: true, Bind: func(params map[string]any) (Bound, error) {
		c, b, err := bind(config, params)
		b.Talker = func(e Env) Talker { return talker(c, e) }
		return b, err
	}}
}

// follows tells whether it works on what another system found.
func (m Model) follows() bool { return m.Reranks || m.Explains }

// bind is a configuration with parameters, and what it can do beyond being one.
func bind[C any](c C, params map[string]any) (C, Bound, error) {
	if err := decodeParams(params, &c); err != nil {
		return c, Bound{}, err
	}
	if v, ok := any(c).(validator); ok {
		if err := v.Validate(); err != nil {
			return c, Bound{}, err
		}
	}
	b := Bound{Config: c}
	if i, ok := any(c).(inputter); ok {
		b.Inputs = i.Fingerprint
	}
	if x, ok := any(c).(caller); ok {
		b.Calls = x.Calls()
	}
	if f, ok := any(c).(coster); ok {
		b.Flops = func(s Shape) float64 { return f.Flops(s.Users, s.Items, s.Interactions) }
	}
	return c, b, nil
}

// decodeParams reads parameters into a configuration, one at a time, so that an error names its key. Errors of keys are
// *data.SpecError.
func decodeParams[C any](params map[string]any, c *C) error {
	keys := make([]string, 0, len(params))
	for k := range params {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	for _, k := range keys {
		text, err := yaml.Marshal(map[string]any{k: params[k]})
		if err == nil {
			err = Decode(text, c)
		}
		var cut *Issue
		if errors.As(err, &cut) {
			err = cut.Err
		}
		if err != nil {
			var unknown *yaml.UnknownFieldError
			if errors.As(err, &unknown) {
				return &data.SpecError{Key: k, Err: fmt.Errorf("unknown parameter; known are %s", strings.Join(paramNames(*c), ", "))}
			}
			return &data.SpecError{Key: k, Err: fmt.Errorf("value %v: %s", params[k], Message(err))}
		}
		if _, err := json.Marshal(c); err != nil { // what has no JSON has no identity
			return &data.SpecError{Key: k, Err: fmt.Errorf("value %v: want finite numbers", params[k])}
		}
	}
	return nil
}

// paramNames lists the parameters of a configuration.
func paramNames(config any) []string {
	text, err := yaml.Marshal(config)
	var fields yaml.MapSlice
	if err == nil {
		err = yaml.Unmarshal(text, &fields)
	}
	if err != nil {
		panic("bench: a configuration has no YAML: " + err.Error())
	}
	names := make([]string, len(fields))
	for n, f := range fields {
		names[n] = fmt.Sprint(f.Key)
	}
	return names
}

// Model finds a model by name.
func (s *Suite) Model(name string) (Model, error) {
	known := make([]string, len(s.Models))
	for n, m := range s.Models {
		if m.Name == name {
			return m, nil
		}
		known[n] = m.Name
	}
	return Model{}, fmt.Errorf("unknown model %q; known are %s", name, strings.Join(known, ", "))
}
