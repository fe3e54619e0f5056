package bench

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"

	"github.com/goccy/go-yaml"
)

// Decode reads YAML strictly: an unknown or repeated key, and a value of another type, are errors.
func Decode(text []byte, into any) error {
	if err := yaml.UnmarshalWithOptions(text, into, yaml.Strict()); err != nil {
		return err
	}
	// The library cuts the fraction of a number that goes into an integer without a word: 1.5 factors would be 1.
	var was, is any
	back, err := yaml.Marshal(into)
	if err := errors.Join(err, yaml.Unmarshal(text, &was), yaml.Unmarshal(back, &is)); err != nil {
		return err
	}
	if i := truncated("", was, is); i != nil {
		return i
	}
	return nil
}

// Message says what is wrong with a piece of YAML, without its place and in the words of its writer.
func Message(err error) string {
	var wrong *yaml.TypeError
	if errors.As(err, &wrong) {
		return fmt.Sprintf("want %s, got %s", kind(wrong.DstType), kind(wrong.SrcType))
	}
	var at yaml.Error
	if errors.As(err, &at) {
		return at.GetMessage()
	}
	return err.Error()
}

func kind(t reflect.Type) string {
	if t == nil {
		return "nothing"
	}
	switch t.Kind() {
	case reflect.Int, reflect.Int32, reflect.Int64:
		return "an integer"
	case reflect.Uint, reflect.Uint32, reflect.Uint64:
		return "an integer that is not negative"
	case reflect.Float32, reflect.Float64:
		return "a number"
	case reflect.String:
		return "a text"
	case reflect.Bool:
		return "true or false"
	case reflect.Slice, reflect.Array:
		return "a list"
	case reflect.Map, reflect.Struct:
		return "a mapping"
	case reflect.Pointer:
		return kind(t.Elem())
	default:
		return t.String()
	}
}

// truncated finds a number that had a fraction when it was written and is an integer as it was read.
func truncated(path string, was, is any) *Issue {
	switch was := was.(type) {
	case float64:
		switch is.(type) {
		case uint64, int64, nil: // nil: a zero that is left out
			if was != math.Trunc(was) {
				return issue(fmt.Errorf("want an integer, got %v", was), "%s", path)
			}
		}
	case map[string]any:
		is, _ := is.(map[string]any)
		for _, k := range slices.Sorted(maps.Keys(was)) {
			below := k
			if path != "" {
				below = path + "." + k
			}
			if i := truncated(below, was[k], is[k]); i != nil {
				return i
			}
		}
	case []any:
		is, _ := is.([]any)
		for n := range min(len(was), len(is)) {
			if i := truncated(fmt.Sprintf("%s[%d]", path, n), was[n], is[n]); i != nil {
				return i
			}
		}
	}
	return nil
}
