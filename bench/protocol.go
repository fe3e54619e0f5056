package bench

import (
	"fmt"
	"path"
	"strconv"
	"strings"

	"llm4rec/data"
)

// Protocol says how a system is asked: the split, what is masked, and among which candidates it chooses.
type Protocol struct {
	Name           string `json:"name,omitempty" yaml:"name,omitempty" jsonschema:"the label in tables"`
	data.SplitSpec `yaml:",inline"`
	Shown          string `json:"shown,omitempty" yaml:"shown,omitempty" jsonschema:"how much of the history the systems are told at the question: all (default), last-N or none; what is masked and what is asked for stay the same"`
	Seen           string `json:"seen,omitempty" yaml:"seen,omitempty" jsonschema:"which history items are masked: all (default), last-N or none"`
	Candidates     string `json:"candidates,omitempty" yaml:"candidates,omitempty" jsonschema:"full (default); uniform-N or popularity-N: the relevant items among N sampled ones; given-N: the relevant items among the first of candidate_file, N together where one is relevant"`
	CandidateFile  string `json:"candidate_file,omitempty" yaml:"candidate_file,omitempty" jsonschema:"for given-N, in the working directory or a data folder: a line for each user who is asked, with the id, a tab, and the ids of items"`
	Users          int    `json:"users,omitempty" yaml:"users,omitempty" jsonschema:"ask a sample of so many users, drawn evenly over the lengths of histories, so that all count alike; default: all"`
	UserSeed       int64  `json:"user_seed,omitempty" yaml:"user_seed,omitempty" jsonschema:"of the sampled users"`
	CandidateSeed  int64  `json:"candidate_seed,omitempty" yaml:"candidate_seed,omitempty" jsonschema:"of the sampled candidates"`
}

// withDefaults fills in what is not set and checks the rest. Errors are *data.SpecError.
func (p Protocol) withDefaults() (Protocol, error) {
	var err error
	if p.SplitSpec.Method == "" {
		p.SplitSpec.Method = "leave-one-out"
	}
	if p.SplitSpec, err = p.SplitSpec.WithDefaults(); err != nil {
		return p, err
	}
	if p.Seen == "" {
		p.Seen = "all"
	}
	if _, err := newest(p.Seen); err != nil {
		return p, &data.SpecError{Key: "seen", Err: err}
	}
	if _, err := newest(p.Shown); err != nil {
		return p, &data.SpecError{Key: "shown", Err: err}
	}
	if p.Shown == "all" {
		p.Shown = "" // as it was before there was a choice
	}
	if p.Candidates == "" {
		p.Candidates = "full"
	}
	if _, _, err := p.sampling(); err != nil {
		return p, &data.SpecError{Key: "candidates", Err: err}
	}
	if _, given := p.given(); !given && p.CandidateFile != "" {
		return p, &data.SpecError{Key: "candidate_file", Err: fmt.Errorf("has no meaning for %s candidates", p.Candidates)}
	} else if given && p.CandidateFile == "" {
		return p, &data.SpecError{Key: "candidates", Err: fmt.Errorf("%s needs candidate_file, which names them", p.Candidates)}
	} else if given && p.CandidateSeed != 0 {
		return p, &data.SpecError{Key: "candidate_seed", Err: fmt.Errorf("has no meaning for %s candidates", p.Candidates)}
	}
	if p.Users < 0 {
		return p, &data.SpecError{Key: "users", Err: fmt.Errorf("want a number of users, got %d", p.Users)}
	}
	if p.Users == 0 && p.UserSeed != 0 {
		return p, &data.SpecError{Key: "user_seed", Err: fmt.Errorf("has no meaning without users")}
	}
	if p.Candidates == "full" && p.CandidateSeed != 0 {
		return p, &data.SpecError{Key: "candidate_seed", Err: fmt.Errorf("has no meaning for full candidates")}
	}
	if p.Name == "" {
		p.Name = p.label()
	}
	return p, nil
}

// label names a protocol that its writer did not. The two that have names of their own get them.
func (p Protocol) label() string {
	l := p.Method + "/" + p.Seen + "/" + p.Candidates
	switch l {
	case "leave-one-out/all/full":
		l = "standard"
	case "leave-one-out/last-10/full":
		l = "as-published"
	}
	if _, given := p.given(); given {
		l += "/" + path.Base(p.CandidateFile) + "/truth-injected"
	}
	if p.Shown != "" {
		l += "/shown-" + p.Shown
	}
	if p.Users > 0 {
		l += fmt.Sprintf("/%d-users", p.Users)
	}
	if p.Leak != "" {
		l += "/leak"
	}
	return l
}

// newest is how many of the newest history items are meant: -1 for all.
func newest(s string) (int, error) {
	switch s {
	case "all", "":
		return -1, nil
	case "none":
		return 0, nil
	}
	if n, ok := suffixNumber(s, "last-"); ok {
		return n, nil
	}
	return 0, fmt.Errorf("%q is not all, none or last-N", s)
}

// cut is so many of the newest elements of a list, all of them where n is -1.
func cut[T any](list []T, n int) []T {
	if n < 0 || n >= len(list) {
		return list
	}
	return list[len(list)-n:]
}

// sampling is how many negatives are sampled, and whether by popularity; 0 where none are.
func (p Protocol) sampling() (n int, byPopularity bool, err error) {
	if _, given := p.given(); given || p.Candidates == "full" {
		return 0, false, nil
	}
	if n, ok := suffixNumber(p.Candidates, "uniform-"); ok {
		return n, false, nil
	}
	if n, ok := suffixNumber(p.Candidates, "popularity-"); ok {
		return n, true, nil
	}
	return 0, false, fmt.Errorf("%q is not full, uniform-N, popularity-N or given-N", p.Candidates)
}

// given is how many candidates a user with one relevant item has, where a file says which.
func (p Protocol) given() (int, bool) { return suffixNumber(p.Candidates, "given-") }

func suffixNumber(s, prefix string) (int, bool) {
	digits, ok := strings.CutPrefix(s, prefix)
	n, err := strconv.Atoi(digits)
	return n, ok && err == nil && n > 0
}

// unpublishable lists why results under the protocol must not be published.
func (p Protocol) unpublishable() []string {
	if p.Leak != "" {
		return []string{"leak: " + p.Leak}
	}
	return nil
}

// identity is the protocol without its name: what determines the results.
func (p Protocol) identity() string {
	p.Name = ""
	return canonical(p)
}
