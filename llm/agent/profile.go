package agent

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sync"

	"llm4rec/llm/clean"
	"llm4rec/llm/memory"
)

// Profile is the long-term memory of one user: what agents learned of them. Its texts are clean.
type Profile struct {
	Likes       []string `json:"likes,omitempty"`       // newest last
	Dislikes    []string `json:"dislikes,omitempty"`    // newest last
	Recommended []int32  `json:"recommended,omitempty"` // newest last
	Turns       int      `json:"turns"`
}

// What a profile holds at most, of each; the oldest are forgotten.
const (
	profileMost = 20
	wordsLimit  = 80
)

func (p *Profile) add(likes, dislikes []string) {
	put := func(to *[]string, from *[]string, words []string) {
		for _, w := range words {
			w = clean.Text(w, wordsLimit)
			if w == "" {
				continue
			}
			is := func(x string) bool { return x == w }
			*from = slices.DeleteFunc(*from, is) // they changed their mind
			*to = newest(append(slices.DeleteFunc(*to, is), w))
		}
	}
	put(&p.Likes, &p.Dislikes, likes)
	put(&p.Dislikes, &p.Likes, dislikes)
}

func newest[T any](all []T) []T { return all[max(0, len(all)-profileMost):] }

// Profiles keeps the profiles of users. It may be used from many goroutines at once.
type Profiles interface {
	Profile(ctx context.Context, user int32) (Profile, error)
	Change(ctx context.Context, user int32, change func(*Profile)) error
}

// InMemory returns profiles that last as long as the process.
func InMemory() Profiles { return &inMemory{all: map[int32]Profile{}} }

type inMemory struct {
	mu  sync.Mutex
	all map[int32]Profile
}

func (m *inMemory) Profile(_ context.Context, user int32) (Profile, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.all[user].clone(), nil
}

func (m *inMemory) Change(_ context.Context, user int32, change func(*Profile)) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	p := m.all[user].clone()
	change(&p)
	m.all[user] = p
	return nil
}

// Users are those that have a profile, ascending.
func (m *inMemory) Users() []int32 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Sorted(maps.Keys(m.all))
}

func (p Profile) clone() Profile {
	p.Likes, p.Dislikes, p.Recommended = slices.Clone(p.Likes), slices.Clone(p.Dislikes), slices.Clone(p.Recommended)
	return p
}

// Stored returns profiles that a file keeps.
func Stored(file *memory.Profiles) Profiles { return stored{file} }

type stored struct{ file *memory.Profiles }

func (s stored) Profile(ctx context.Context, user int32) (p Profile, err error) {
	text, err := s.file.Profile(ctx, user)
	if err == nil {
		err = p.read(text)
	}
	return p, err
}

func (s stored) Change(ctx context.Context, user int32, change func(*Profile)) error {
	return s.file.Change(ctx, user, func(text string) (string, error) {
		var p Profile
		if err := p.read(text); err != nil {
			return "", err
		}
		change(&p)
		out, err := json.Marshal(p)
		return string(out), err
	})
}

func (p *Profile) read(text string) error {
	if text == "" {
		return nil
	}
	if err := json.Unmarshal([]byte(text), p); err != nil {
		return fmt.Errorf("agent: a stored profile: %w", err)
	}
	return nil
}
