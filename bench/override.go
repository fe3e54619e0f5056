package bench

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
)

// Override sets values in a specification: each is PATH=VALUE with a path such as protocol.seen or
// systems.als.params.factors, where a list's element is meant by its name or its position, and the value is YAML.
func Override(spec *Spec, sets []string) (*Spec, error) {
	if len(sets) == 0 {
		return spec, nil
	}
	text, err := yaml.Marshal(spec)
	if err != nil {
		return nil, fmt.Errorf("--set: %w", err)
	}
	var tree map[string]any
	if err := yaml.Unmarshal(text, &tree); err != nil {
		return nil, fmt.Errorf("--set: %w", err)
	}
	for _, set := range sets {
		path, value, ok := strings.Cut(set, "=")
		if !ok || path == "" {
			return nil, fmt.Errorf("--set %s: want PATH=VALUE, such as protocol.seen=none", set)
		}
		var v any
		if err := yaml.Unmarshal([]byte(value), &v); err != nil {
			return nil, fmt.Errorf("--set %s: the value is not YAML: %s", set, Message(err))
		}
		steps := strings.Split(path, ".")
		if steps[0] == "protocol" && tree["protocols"] != nil {
			return nil, fmt.Errorf("--set %s: this experiment has several protocols; use protocols.NAME.… with one of %s", set, strings.Join(names(tree["protocols"]), ", "))
		}
		if err := assign(tree, steps, v); err != nil {
			return nil, fmt.Errorf("--set %s: %w", set, err)
		}
		// Checked one at a time, so that an error names the override at fault.
		if spec, err = retype(tree); err != nil {
			return nil, fmt.Errorf("--set %s: %w", set, err)
		}
	}
	return spec, nil
}

func retype(tree map[string]any) (*Spec, error) {
	text, err := yaml.Marshal(tree)
	if err != nil {
		return nil, err
	}
	spec := new(Spec)
	if err := Decode(text, spec); err != nil {
		return nil, errors.New(Message(err))
	}
	return spec, nil
}

// assign sets the value at a path below a mapping or a list, making mappings on the way where there are none.
func assign(at any, steps []string, v any) error {
	switch x := at.(type) {
	case map[string]any:
		if len(steps) == 1 {
			x[steps[0]] = v
			return nil
		}
		if x[steps[0]] == nil {
			x[steps[0]] = map[string]any{}
		}
		if steps[0] == "params" {
			delete(x, "trials") // they chose other parameters
		}
		return assign(x[steps[0]], steps[1:], v)
	case []any:
		n, err := strconv.Atoi(steps[0])
		if err != nil {
			n = slices.Index(names(x), steps[0])
		}
		if n < 0 || n >= len(x) {
			return fmt.Errorf("%q is not one of %s", steps[0], strings.Join(names(x), ", "))
		}
		if len(steps) == 1 {
			x[n] = v
			return nil
		}
		return assign(x[n], steps[1:], v)
	}
	return fmt.Errorf("%q is below the single value %v", steps[0], at)
}

// names lists the names of a list's elements; positions stand for those without one.
func names(list any) []string {
	var out []string
	elements, _ := list.([]any)
	for n, e := range elements {
		if m, ok := e.(map[string]any); ok && m["name"] != nil {
			out = append(out, fmt.Sprint(m["name"]))
		} else {
			out = append(out, strconv.Itoa(n))
		}
	}
	return out
}
