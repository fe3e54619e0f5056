package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"llm4rec/bench"
	"llm4rec/bench/experiments"
)

// openExperiment reads a specification: an embedded one by its name, any other by its path.
func openExperiment(name string) (bench.Source, error) {
	if text, ok := experiments.Text(name); ok {
		return bench.Source{Name: name + ".yaml", Text: text}, nil
	}
	text, err := os.ReadFile(name)
	if errors.Is(err, os.ErrNotExist) && !strings.ContainsAny(name, "./\\") {
		return bench.Source{}, fmt.Errorf("%q is neither an embedded experiment (%s) nor a file", name, strings.Join(experiments.Names(), ", "))
	}
	return bench.Source{Name: name, Text: text}, err
}

// resolve reads, overrides and checks a specification. An issue in the file is reported at its line and column.
func resolve(s *bench.Suite, name string, sets []string) (*bench.Plan, error) {
	source, err := openExperiment(name)
	if err != nil {
		return nil, usageError{err}
	}
	spec, err := source.Parse()
	if err != nil {
		return nil, usageError{err}
	}
	plan, issues := s.Resolve(spec)
	if len(issues) > 0 {
		var errs []error
		for _, i := range issues {
			errs = append(errs, source.Locate(i))
		}
		return nil, usageError{errors.Join(errs...)}
	}
	if len(sets) == 0 {
		return plan, nil
	}
	if spec, err = bench.Override(spec, sets); err != nil {
		return nil, usageError{err}
	}
	plan, issues = s.Resolve(spec)
	if len(issues) > 0 {
		// The file alone was valid: what is wrong came with --set.
		var errs []error
		for _, i := range issues {
			errs = append(errs, fmt.Errorf("--set: %w", i))
		}
		return nil, usageError{errors.Join(errs...)}
	}
	return plan, nil
}
