// Package external reads the predictions of a model that was trained elsewhere, so that it gets a row of the same table.
//
// Two forms are read. A TREC run has lines "qid Q0 docid rank score tag" with raw ids of users and items; as in
// trec_eval, Q0, rank and tag are ignored. A RecBole atomic file has a header, and columns separated by tabs: either
// user_id:token, item_id:token and score:float, or user_id:token and item_id_list:token_seq with the items best first.
// Scores order a user's items, descending, ties by ascending item index; they mean nothing beyond that.
package external

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"

	"llm4rec/data"
	"llm4rec/models"
)

// Revision of the implementation: it is raised when a change alters the ranking.
const Revision = 1

// Config names the file of predictions.
type Config struct {
	Path   string `json:"path" yaml:"path" jsonschema:"file of predictions, relative to the working directory"`
	Format Format `json:"format" yaml:"format" jsonschema:"auto, trec or recbole; auto takes a file whose first line has a column user_id: for RecBole's"`
}

// Format of a file of predictions.
type Format string

const (
	Auto    Format = "auto"
	TREC    Format = "trec"
	RecBole Format = "recbole"
)

// Default recognises the format; it has no path.
func Default() Config { return Config{Format: Auto} }

// Validate checks the parameters without opening the file. Errors are *data.SpecError.
func (c Config) Validate() error {
	if c.Path == "" {
		return &data.SpecError{Key: "path", Err: errors.New("missing: it names the file of predictions")}
	}
	if !slices.Contains([]Format{Auto, TREC, RecBole}, c.Format) {
		return &data.SpecError{Key: "format", Err: fmt.Errorf("%q is not one of auto, trec, recbole", c.Format)}
	}
	return nil
}

func (c Config) open() (fs.File, error) {
	f, err := os.Open(c.Path)
	if err != nil {
		return nil, fmt.Errorf("external: %w", err)
	}
	return f, nil
}

// Fingerprint is the SHA-256 of the file: other predictions are another model.
func (c Config) Fingerprint() (string, error) {
	f, err := c.open()
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", fmt.Errorf("external: %s: %w", c.Path, err)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// Fit reads the file. It learns nothing: whoever made the predictions answers for what they were trained on.
func (c Config) Fit(ctx context.Context, train *data.Train) (models.Recommender, error) {
	f, err := c.open()
	if err != nil {
		return nil, err
	}
	defer f.Close()
	read := reader{path: c.Path, users: train.Users, items: train.Items}
	predictions, err := read.all(ctx, f, c.Format)
	if err != nil {
		return nil, err
	}
	lists, err := ranked(c.Path, predictions, train)
	if err != nil {
		return nil, err
	}
	return &recommender{lists: lists, asked: map[int32]outcome{}}, nil
}

var _ models.Fitter = Config{}

// ranked makes each user's list of items, best first. A pair that occurs twice is an error: which score counts?
func ranked(path string, predictions []prediction, train *data.Train) ([][]int32, error) {
	slices.SortFunc(predictions, func(a, b prediction) int {
		return cmp.Or(cmp.Compare(a.user, b.user), cmp.Compare(a.item, b.item), cmp.Compare(a.line, b.line))
	})
	var twice *prediction
	for n := 1; n < len(predictions); n++ {
		p, q := &predictions[n-1], &predictions[n]
		if p.user == q.user && p.item == q.item && (twice == nil || q.line < twice.line) {
			twice = q
		}
	}
	if twice != nil {
		return nil, fmt.Errorf("external: %s:%d: item %q is given twice for user %q", path, twice.line, train.Items.Raw(twice.item), train.Users.Raw(twice.user))
	}
	slices.SortFunc(predictions, func(a, b prediction) int {
		return cmp.Or(cmp.Compare(a.user, b.user), cmp.Compare(b.score, a.score), cmp.Compare(a.item, b.item))
	})
	lists := make([][]int32, train.NumUsers)
	for _, p := range predictions {
		lists[p.user] = append(lists[p.user], p.item)
	}
	return lists, nil
}
