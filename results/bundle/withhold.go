package bundle

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"llm4rec/results"
)

// Withheld is a row of a bundle that was left out.
type Withheld struct {
	ID       string   `json:"id"`
	Protocol string   `json:"protocol"`
	System   string   `json:"system"`
	Seed     int64    `json:"seed"`
	Why      []string `json:"why"`
}

// Unpublishable is the error of rows that must not be published.
type Unpublishable struct{ Rows []Withheld }

func (e *Unpublishable) Error() string {
	var rows []string
	for _, w := range e.Rows {
		rows = append(rows, fmt.Sprintf("%s/%s (%s)", w.Protocol, w.System, strings.Join(w.Why, "; ")))
	}
	return "bundle: rows that must not be published: " + strings.Join(rows, ", ")
}

// withhold takes the rows that must not be published out of the plan, with what only they need. It returns them with those
// that were taken out before, of a bundle.
func (c *content) withhold() (all []Withheld, anew int) {
	all, _ = readWithheld(c.dir) // a damaged one is not in the form of the list of sums
	before := len(all)
	for _, rec := range c.records {
		if why := unpublishable(rec); why != nil {
			all = append(all, Withheld{rec.ID, rec.Identity.Label, rec.Identity.System, rec.Identity.Seed, why})
		}
	}
	gone := func(id string) bool { return slices.ContainsFunc(all, func(w Withheld) bool { return w.ID == id }) }
	c.manifest.Cells = slices.DeleteFunc(c.manifest.Cells, func(x results.Cell) bool { return gone(x.ID) })
	c.records = slices.DeleteFunc(c.records, func(rec results.Record) bool { return gone(rec.ID) })
	c.files = slices.DeleteFunc(c.files, func(name string) bool {
		folder, base := filepath.Split(filepath.FromSlash(name))
		stem, _, _ := strings.Cut(base, ".")
		switch filepath.Clean(folder) {
		case "cells":
			return gone(stem)
		case "splits":
			return !slices.ContainsFunc(c.records, func(rec results.Record) bool { return rec.Split == stem })
		}
		return false
	})
	return all, len(all) - before
}

// unpublishable says why a record must not be published.
func unpublishable(rec results.Record) []string {
	out := slices.Clone(rec.Unpublish)
	if why := "a model made for tests"; fromTests(rec) && !slices.ContainsFunc(out, func(s string) bool { return strings.Contains(s, "made for tests") }) {
		out = append(out, why)
	}
	return out
}

// fromTests tells whether any model that a cell asked was made for tests.
func fromTests(rec results.Record) bool {
	var accounts []*results.Account
	if rec.Reasons != nil {
		accounts = append(accounts, rec.Reasons.Account)
	}
	if rec.Agent != nil {
		accounts = append(accounts, rec.Agent.Account, rec.Agent.Critic)
	}
	if rec.Dialogue != nil {
		accounts = append(accounts, rec.Dialogue.Agent.Account, rec.Dialogue.Agent.Critic, rec.Dialogue.User)
	}
	return rec.LLM != nil && rec.LLM.Test || slices.ContainsFunc(accounts, func(a *results.Account) bool { return a != nil && a.Test })
}

func readWithheld(dir string) ([]Withheld, error) {
	b, err := os.ReadFile(filepath.Join(dir, WithheldName))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var out []Withheld
	if err := json.Unmarshal(b, &out); err != nil {
		return nil, err
	}
	if again, err := indented(out); err != nil || string(again) != string(b) {
		return out, errors.New("not in the form that publish writes")
	}
	return out, nil
}
