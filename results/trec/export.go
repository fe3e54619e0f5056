package trec

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"llm4rec/results"
)

// IndexName is the file that says which run belongs to which answers.
const IndexName = "runs.json"

// Run is one entry of the index: a cell, its two files, and the metrics that we found.
type Run struct {
	Run        string             `json:"run"`   // file name
	Qrels      string             `json:"qrels"` // file name
	Cell       string             `json:"cell"`
	Experiment string             `json:"experiment"`
	Dataset    string             `json:"dataset"`
	Protocol   string             `json:"protocol"`
	System     string             `json:"system"`
	Seed       int64              `json:"seed"`
	Users      int                `json:"users"`
	Depth      int                `json:"depth"` // the longest a list can be: compare no metric with a larger cutoff
	Metrics    map[string]float64 `json:"metrics"`
}

// Export writes into dir a run for every finished cell of the store, the answers, and the index. Cells with the same
// answers share a file of them; cells of one split under different masks may differ, since a masked item is no answer.
func Export(store *results.Store, dir string) ([]Run, error) {
	recs, errs := store.Records()
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, fmt.Errorf("trec: %w", err)
	}
	runs := []Run{}
	for _, rec := range recs {
		if rec.Status != results.OK {
			continue
		}
		run, err := export(store, dir, rec)
		if err != nil {
			return nil, err
		}
		runs = append(runs, run)
	}
	if len(runs) == 0 {
		return nil, fmt.Errorf("trec: no finished cell in %s", store.Dir())
	}
	b, err := json.MarshalIndent(runs, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("trec: %s: %w", IndexName, err)
	}
	return runs, write(dir, IndexName, append(b, '\n'))
}

func export(store *results.Store, dir string, rec results.Record) (Run, error) {
	ranks, err := store.Ranks(rec)
	if err != nil {
		return Run{}, err
	}
	catalogue, err := store.Catalogue(rec.Split)
	if err != nil {
		return Run{}, err
	}
	var lists, answers bytes.Buffer
	if err := WriteRun(&lists, ranks, catalogue.Items, rec.Identity.System); err != nil {
		return Run{}, err
	}
	if err := WriteQrels(&answers, ranks, catalogue.Items); err != nil {
		return Run{}, err
	}
	sum := sha256.Sum256(answers.Bytes())
	run := Run{
		Run: rec.ID + ".run", Qrels: hex.EncodeToString(sum[:8]) + ".qrels",
		Cell: rec.ID, Experiment: rec.Experiment, Dataset: rec.Identity.Dataset, Protocol: rec.Identity.Label,
		System: rec.Identity.System, Seed: rec.Identity.Seed, Users: rec.Users, Depth: rec.Identity.Depth, Metrics: rec.Metrics,
	}
	return run, errors.Join(write(dir, run.Run, lists.Bytes()), write(dir, run.Qrels, answers.Bytes()))
}

func write(dir, name string, content []byte) error {
	if err := os.WriteFile(filepath.Join(dir, name), content, 0o666); err != nil {
		return fmt.Errorf("trec: %w", err)
	}
	return nil
}
