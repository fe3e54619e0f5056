package bench

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"llm4rec/data"
	"llm4rec/data/candidates"
	"llm4rec/models"
)

// candidateFile is the candidates that a protocol takes from a file.
type candidateFile struct {
	path   string // as the protocol has it
	n      int    // how many a user with one relevant item has
	byUser map[int32][]int32
}

// findCandidates is where the file of a protocol's candidates lies. A file that is not there makes cells unavailable, as those
// of models do: other protocols need not wait for it.
func (s *Suite) findCandidates(p Protocol) (string, error) {
	find := s.Find
	if find == nil {
		find = func(path string) (string, error) { _, err := os.Stat(path); return path, err }
	}
	place, err := find(p.CandidateFile)
	if errors.Is(err, fs.ErrNotExist) {
		return "", &models.Unavailable{Err: fmt.Errorf("candidates: %w", err), Remedy: fmt.Sprintf("put %s into a data folder that --data or LLM4REC_DATA names", p.CandidateFile)}
	}
	if err != nil {
		return "", fmt.Errorf("candidates: %w", err)
	}
	return place, nil
}

// candidates reads what a protocol takes from a file, nil where it takes nothing.
func (s *Suite) candidates(p Protocol, users, items *data.Index) (*candidateFile, error) {
	n, given := p.given()
	if !given {
		return nil, nil
	}
	place, err := s.findCandidates(p)
	if err != nil {
		return nil, err
	}
	folder, name := filepath.Split(place)
	byUser, err := candidates.Load(os.DirFS(filepath.Clean(folder)), name, users, items)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Clean(folder), err)
	}
	return &candidateFile{p.CandidateFile, n, byUser}, nil
}

// candidateSum is the SHA-256 of the file of a protocol's candidates, "" where it has none: with other candidates a cell is
// another. Of a file that cannot be read it is the status that its cells will have.
func (s *Suite) candidateSum(p Protocol) string {
	if _, given := p.given(); !given {
		return ""
	}
	place, err := s.findCandidates(p)
	sum := ""
	if err == nil {
		sum, err = fileSum(place)
	}
	return inputsOr(sum, err)
}

func fileSum(place string) (string, error) {
	f, err := os.Open(place)
	if err != nil {
		return "", err
	}
	h := sha256.New()
	_, err = io.Copy(h, f)
	return hex.EncodeToString(h.Sum(nil)), errors.Join(err, f.Close())
}

// cases keeps those of users who have a line.
func (g *candidateFile) cases(part data.Part) data.Part {
	var out data.Part
	for n, c := range part.Cases {
		if _, ok := g.byUser[c.User]; ok {
			out.Cases, out.Relevant = append(out.Cases, c), append(out.Relevant, part.Relevant[n])
		}
	}
	return out
}

// choose puts the relevant items among the first of the user's line that are neither relevant nor excluded: one less than n,
// so that a user with one relevant item has n. A line that is too short is an error: fewer candidates are an easier question.
func (g *candidateFile) choose(user int32, relevant, exclude []int32) ([]int32, error) {
	out := slices.Clone(relevant)
	for _, i := range g.byUser[user] {
		if len(out) == g.n-1+len(relevant) {
			break
		}
		if !slices.Contains(relevant, i) && !slices.Contains(exclude, i) {
			out = append(out, i)
		}
	}
	if others := len(out) - len(relevant); others < g.n-1 {
		return nil, fmt.Errorf("%s has %d candidates that are neither relevant nor masked, want %d", g.path, others, g.n-1)
	}
	slices.Sort(out)
	return out, nil
}
