package data

import (
	"fmt"
	"slices"
	"strings"
)

// SplitSpec says how to split. Its zero value but for Method is every method's default.
type SplitSpec struct {
	// Method is one of SplitMethods.
	Method string `json:"split" yaml:"split"`
	// Valid and Test are shares of interactions (temporal, ratio), users (user-cold) or items (item-cold); default 0.1
	// each.
	Valid float64 `json:"valid,omitempty" yaml:"valid,omitempty"`
	Test  float64 `json:"test,omitempty" yaml:"test,omitempty"`
	// ValidFrom and TestFrom are the cut times of the temporal split, in place of shares.
	ValidFrom int64 `json:"valid_from,omitempty" yaml:"valid_from,omitempty"`
	TestFrom  int64 `json:"test_from,omitempty" yaml:"test_from,omitempty"`
	// By says whether the ratio split counts each user's interactions ("user", the default) or all ("global").
	By string `json:"by,omitempty" yaml:"by,omitempty"`
	// Order in which the ratio split and the fold-in part of user-cold take interactions: "time" (the default: the
	// latest are held out) or "random".
	Order string `json:"order,omitempty" yaml:"order,omitempty"`
	// Seed of whatever is random: held-out users or items, and the random order.
	Seed int64 `json:"split_seed,omitempty" yaml:"split_seed,omitempty"`
	// FoldIn is the share of a held-out user's interactions that user-cold shows as history; default 0.8.
	FoldIn float64 `json:"fold_in,omitempty" yaml:"fold_in,omitempty"`
	// MinHistory is the length of history below which a user is skipped, and counted; default 1.
	MinHistory int `json:"min_history,omitempty" yaml:"min_history,omitempty"`
	// Leak "train-on-test" puts validation and test interactions into training, to show what a leak is worth. Its
	// results are labelled and must not be published.
	Leak string `json:"leak,omitempty" yaml:"leak,omitempty"`
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
