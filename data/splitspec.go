package data

import (
	"fmt"
	"slices"
	"strings"
)

// SplitSpec says how to split. Its zero value but for Method is every method's default.
type SplitSpec struct {
	Method     string  `json:"split" yaml:"split" jsonschema:"leave-one-out, temporal, ratio, user-cold, item-cold or given"`
	Valid      float64 `json:"valid,omitempty" yaml:"valid,omitempty" jsonschema:"share of the interactions (temporal, ratio), users (user-cold) or items (item-cold) for validation; default 0.1"`
	Test       float64 `json:"test,omitempty" yaml:"test,omitempty" jsonschema:"likewise for the test; default 0.1"`
	ValidFrom  int64   `json:"valid_from,omitempty" yaml:"valid_from,omitempty" jsonschema:"temporal: the time of the first validation interaction, in place of a share"`
	TestFrom   int64   `json:"test_from,omitempty" yaml:"test_from,omitempty" jsonschema:"temporal: the time of the first test interaction, in place of a share"`
	By         string  `json:"by,omitempty" yaml:"by,omitempty" jsonschema:"ratio: shares of each user's interactions (user, the default) or of all (global)"`
	Order      string  `json:"order,omitempty" yaml:"order,omitempty" jsonschema:"ratio and user-cold: the latest interactions are held out (time, the default) or random ones (random)"`
	Seed       int64   `json:"split_seed,omitempty" yaml:"split_seed,omitempty" jsonschema:"of held-out users or items and of the random order"`
	FoldIn     float64 `json:"fold_in,omitempty" yaml:"fold_in,omitempty" jsonschema:"user-cold: share of a held-out user's interactions that is shown as history; default 0.8"`
	MinHistory int     `json:"min_history,omitempty" yaml:"min_history,omitempty" jsonschema:"users with a shorter history are skipped and counted; default 1"`
	// Leak puts validation and test interactions into training, to show what a leak is worth.
	Leak string `json:"leak,omitempty" yaml:"leak,omitempty" jsonschema:"train-on-test: demonstrates a leak; never publishable"`
}

// SplitMethods are the values of SplitSpec.Method.
func SplitMethods() []string {
	return []string{"leave-one-out", "temporal", "ratio", "user-cold", "item-cold", "given"}
}

// SpecError is an error in one key of a SplitSpec.
type SpecError struct {
	Key string // the yaml key
	Err error
}

func (e *SpecError) Error() string { return e.Key + ": " + e.Err.Error() }
func (e *SpecError) Unwrap() error { return e.Err }

// WithDefaults fills in what is not set and checks the rest. The error is a *SpecError.
func (s SplitSpec) WithDefaults() (SplitSpec, error) {
	oneOf := func(key, value string, allowed ...string) error {
		if slices.Contains(allowed, value) {
			return nil
		}
		return &SpecError{key, fmt.Errorf("%q is not one of %s", value, strings.Join(allowed, ", "))}
	}
	if err := oneOf("split", s.Method, SplitMethods()...); err != nil {
		return s, err
	}
	has := func(methods ...string) bool { return slices.Contains(methods, s.Method) }
	// A key that the method would ignore is a mistake of the writer's.
	for _, k := range []struct {
		key  string
		set  bool
		used bool
	}{
		{"valid", s.Valid != 0, has("temporal", "ratio", "user-cold", "item-cold")},
		{"test", s.Test != 0, has("temporal", "ratio", "user-cold", "item-cold")},
		{"valid_from", s.ValidFrom != 0, has("temporal")},
		{"test_from", s.TestFrom != 0, has("temporal")},
		{"by", s.By != "", has("ratio")},
		{"order", s.Order != "", has("ratio", "user-cold")},
		{"split_seed", s.Seed != 0, has("ratio", "user-cold", "item-cold")},
		{"fold_in", s.FoldIn != 0, has("user-cold")},
	} {
		if k.set && !k.used {
			return s, &SpecError{k.key, fmt.Errorf("has no meaning for split %s", s.Method)}
		}
	}
	if s.MinHistory == 0 {
		s.MinHistory = 1
	}
	if s.MinHistory < 1 {
		return s, &SpecError{"min_history", fmt.Errorf("%d is less than 1", s.MinHistory)}
	}
	if s.Leak != "" {
		if err := oneOf("leak", s.Leak, "train-on-test"); err != nil {
			return s, err
		}
	}
	if has("leave-one-out", "given") {
		return s, nil
	}
	if s.ValidFrom != 0 || s.TestFrom != 0 {
		if s.ValidFrom >= s.TestFrom {
			return s, &SpecError{"valid_from", fmt.Errorf("%d is not before test_from %d", s.ValidFrom, s.TestFrom)}
		}
		if s.Valid != 0 || s.Test != 0 {
			return s, &SpecError{"valid_from", fmt.Errorf("cut times and shares exclude each other")}
		}
	} else {
		s.Valid, s.Test = orDefault(s.Valid, 0.1), orDefault(s.Test, 0.1)
		if s.Valid < 0 || s.Valid >= 1 {
			return s, &SpecError{"valid", fmt.Errorf("the share %v is not between 0 and 1", s.Valid)}
		}
		if s.Test <= 0 || s.Valid+s.Test >= 1 {
			return s, &SpecError{"test", fmt.Errorf("the share %v leaves nothing to train on or to test", s.Test)}
		}
	}
	if has("ratio") {
		if s.By = orDefault(s.By, "user"); oneOf("by", s.By, "user", "global") != nil {
			return s, oneOf("by", s.By, "user", "global")
		}
	}
	if has("ratio", "user-cold") {
		if s.Order = orDefault(s.Order, "time"); oneOf("order", s.Order, "time", "random") != nil {
			return s, oneOf("order", s.Order, "time", "random")
		}
	}
	if has("user-cold") {
		if s.FoldIn = orDefault(s.FoldIn, 0.8); s.FoldIn <= 0 || s.FoldIn >= 1 {
			return s, &SpecError{"fold_in", fmt.Errorf("the share %v is not between 0 and 1", s.FoldIn)}
		}
	}
	return s, nil
}

func orDefault[T comparable](v, d T) T {
	var zero T
	if v == zero {
		return d
	}
	return v
}
