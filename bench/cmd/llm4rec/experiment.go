package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"llm4rec/bench"
	"llm4rec/bench/experiments"
	"llm4rec/bench/tune"
)

// openExperiment reads a specification: an embedded one by its name, any other by its path.
func openExperiment(name string) (bench.Source, error) {
	return openSource(name, "experiment", experiments.Text, experiments.Names)
}

// openSearch is openExperiment for searches.
func openSearch(name string) (bench.Source, error) {
	return openSource(name, "search", experiments.Search, experiments.Searches)
}

func openSource(name, kind string, embedded func(string) ([]byte, bool), known func() []string) (bench.Source, error) {
	if text, ok := embedded(name); ok {
		return bench.Source{Name: name + ".yaml", Text: text}, nil
	}
	text, err := os.ReadFile(name)
	if errors.Is(err, os.ErrNotExist) && !strings.ContainsAny(name, "./\\") {
		return bench.Source{}, fmt.Errorf("%q is neither an embedded %s (%s) nor a file", name, kind, strings.Join(known(), ", "))
	}
	return bench.Source{Name: name, Text: text}, err
}

// resolveSearch reads and checks the specification of a search.
func resolveSearch(s *bench.Suite, name string) (*tune.Plan, error) {
	source, err := openSearch(name)
	if err != nil {
		return nil, usageError{err}
	}
	spec := new(tune.Spec)
	if err := source.Decode(spec); err != nil {
		return nil, usageError{err}
	}
	plan, issues := tune.Resolve(s, spec)
	if len(issues) > 0 {
		return nil, located(source, issues)
	}
	return plan, nil
}

// located joins the issues of a file, each with its line and column.
func located(source bench.Source, issues []*bench.Issue) error {
	var errs []error
	for _, i := range issues {
		errs = append(errs, source.Locate(i))
	}
	return usageError{errors.Join(errs...)}
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
		return nil, located(source, issues)
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
