package bench

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	"github.com/google/jsonschema-go/jsonschema"

	"llm4rec/data"
	"llm4rec/eval"
)

// Schema is the JSON Schema (2020-12) of a specification, with the parameters of every model of the suite.
func (s *Suite) Schema() (*jsonschema.Schema, error) {
	root, err := jsonschema.For[Spec](nil)
	if err != nil {
		return nil, fmt.Errorf("bench: schema: %w", err)
	}
	root.Title = "llm4rec experiment"
	root.Not = &jsonschema.Schema{Required: []string{"protocol", "protocols"}}
	root.Properties["metrics"].Items.Pattern = MetricPattern()
	someOf(root.Properties["metrics"])
	describeProtocol(root.Properties["protocols"].Items)
	none := 0.0
	root.Properties["systems"].Items.Properties["trials"].Minimum = &none
	return root, s.Describe(root)
}

// MetricPattern is what the name of a metric looks like.
func MetricPattern() string {
	metrics, _ := eval.Names()
	return "^(" + strings.Join(metrics, "|") + ")@[1-9][0-9]*$"
}

// Describe adds to the schema of a specification what its types do not say: of its name, its protocol and its systems.
func (s *Suite) Describe(root *jsonschema.Schema) error {
	root.Schema = "https://json-schema.org/draft/2020-12/schema"
	root.Properties["name"].Pattern = validName.String()
	describeProtocol(root.Properties["protocol"])
	if root.Properties["augment"] != nil && s.Augment.Config != nil {
		params, err := paramsSchema(Model{Name: "augment", Doc: root.Properties["augment"].Description, Config: s.Augment.Config})
		if err != nil {
			return err
		}
		root.Properties["augment"] = params
	}
	someOf(root.Properties["systems"])
	system := root.Properties["systems"].Items
	system.Properties["name"].Pattern = validName.String()
	var names []string
	for _, m := range s.Models {
		names = append(names, m.Name)
		params, err := paramsSchema(m)
		if err != nil {
			return err
		}
		name := any(m.Name)
		system.AllOf = append(system.AllOf, &jsonschema.Schema{
			If:   &jsonschema.Schema{Properties: map[string]*jsonschema.Schema{"model": {Const: &name}}},
			Then: &jsonschema.Schema{Properties: map[string]*jsonschema.Schema{"params": params}},
		})
	}
	system.Properties["model"].Enum = anySlice(names)
	return nil
}

// someOf asks for a list that has an element.
func someOf(list *jsonschema.Schema) {
	one := 1
	list.MinItems = &one
	list.Types, list.Type = nil, "array"
}

func describeProtocol(p *jsonschema.Schema) {
	p.Properties["split"].Enum = anySlice(data.SplitMethods())
	p.Properties["seen"].Pattern = `^(all|none|last-[1-9][0-9]*)$`
	p.Properties["shown"].Pattern = p.Properties["seen"].Pattern
	p.Properties["candidates"].Pattern = `^(full|(uniform|popularity|given)-[1-9][0-9]*)$`
	some := 1
	p.Properties["candidate_file"].MinLength = &some
	p.If = &jsonschema.Schema{Properties: map[string]*jsonschema.Schema{"candidates": {Pattern: `^given-`}}, Required: []string{"candidates"}}
	p.Then = &jsonschema.Schema{Required: []string{"candidate_file"}}
	p.Else = &jsonschema.Schema{Not: &jsonschema.Schema{Required: []string{"candidate_file"}}}
	p.Required = nil
}

// paramsSchema describes a model's parameters with their defaults; all may be left out.
func paramsSchema(m Model) (*jsonschema.Schema, error) {
	params, err := jsonschema.ForType(reflect.TypeOf(m.Config), nil)
	if err != nil {
		return nil, fmt.Errorf("bench: schema of %s: %w", m.Name, err)
	}
	params.Required = nil
	params.Description = m.Doc
	defaults := map[string]json.RawMessage{}
	text, err := json.Marshal(m.Config)
	if err == nil {
		err = json.Unmarshal(text, &defaults)
	}
	if err != nil {
		return nil, fmt.Errorf("bench: schema of %s: %w", m.Name, err)
	}
	for key, p := range params.Properties {
		p.Default = defaults[key]
		p.Required = nil // a part that is left out has its default too
	}
	return params, nil
}

func anySlice[T any](in []T) []any {
	out := make([]any, len(in))
	for n, v := range in {
		out[n] = v
	}
	return out
}
