package cassette

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"llm4rec/llm"
)

// player is a model behind a cassette.
type player struct {
	c     *Cassette
	named llm.Identity
	live  llm.Chat

	mu sync.Mutex
	id *llm.Identity // nil: not known yet
}

var _ llm.Chat = (*player)(nil)

// Miss is a request that has no recorded answer, in a replay.
type Miss struct {
	Path   string
	Key    string
	Prompt string // the beginning of the last message
}

func (e *Miss) Error() string {
	return fmt.Sprintf("cassette %s: no answer is recorded to %q (key %s)", e.Path, e.Prompt, e.Key)
}

// Unwrap says for those who know no cassettes that nobody is there to answer.
func (e *Miss) Unwrap() error { return &llm.Error{Kind: llm.NotFound, Message: "no recorded answer"} }

// Generate gives the recorded answer, or asks and records.
func (p *player) Generate(ctx context.Context, r llm.Request) (llm.Response, error) {
	id, err := p.Identity(ctx)
	if err != nil {
		return llm.Response{}, err
	}
	name := r.Key(id)
	key := digestOf(name)
	if resp, found, err := p.c.recorded(key); found || err != nil {
		return resp, err
	}
	if p.c.config.Mode == Replay {
		return llm.Response{}, &Miss{p.c.config.Path, name, beginning(r)}
	}
	return p.c.flights.do(ctx, key, func() (llm.Response, error) {
		if err := p.c.file.refresh(); err != nil { // another process may have been here
			return llm.Response{}, err
		}
		if resp, found, err := p.c.recorded(key); found || err != nil {
			return resp, err
		}
		return p.ask(ctx, Entry{Key: name, Named: p.named, Identity: id, Request: r})
	})
}

// ask has the model answer, and records that. Where another process was faster, its answer is the one, so that a replay gives
// what was given now.
func (p *player) ask(ctx context.Context, e Entry) (llm.Response, error) {
	resp, err := p.live.Generate(ctx, e.Request)
	if err != nil {
		return resp, err
	}
	e.At, e.Response = time.Now().UTC().Truncate(time.Second), resp
	rec, err := e.record()
	if err != nil {
		return llm.Response{}, err
	}
	if holds(rec.line, p.c.config.Secrets) {
		return llm.Response{}, &llm.Error{Kind: llm.Garbage, Provider: p.named.Provider, Message: "the request or its answer holds a secret, and is not recorded"}
	}
	kept, member := true, pack(rec)
	if err := p.c.file.put(func(has func(digest) bool) []byte {
		if kept = p.c.config.Mode == Refresh || !has(rec.key); !kept {
			return nil
		}
		return member
	}); err != nil {
		return llm.Response{}, err
	}
	p.c.wasAsked(rec.key)
	if !kept {
		resp, _, err = p.c.file.get(rec.key)
	}
	return resp, err
}

// Identity is the model's own, or in a replay the one that answered under the same name.
func (p *player) Identity(ctx context.Context) (llm.Identity, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.id != nil {
		return *p.id, nil
	}
	ask := p.replayed
	if p.c.config.Mode != Replay {
		ask = func() (llm.Identity, error) { return p.live.Identity(ctx) }
	}
	id, err := ask()
	if err != nil {
		return id, err
	}
	p.id = &id
	return id, nil
}

func (p *player) replayed() (llm.Identity, error) {
	found := map[string]llm.Identity{}
	for _, v := range p.c.file.voices() {
		if v.answersTo(p.named) {
			found[v.Identity.Key()] = v.Identity
		}
	}
	keys := slices.Sorted(maps.Keys(found))
	if len(keys) == 1 {
		return found[keys[0]], nil
	}
	e := &llm.Error{Kind: llm.NotFound, Provider: p.named.Provider}
	if len(keys) == 0 {
		e.Message = fmt.Sprintf("cassette %s has no answers of %s", p.c.config.Path, p.named.Key())
	} else {
		e.Message = fmt.Sprintf("cassette %s has answers of several: name the digest of one: %s", p.c.config.Path, strings.Join(keys, ", "))
	}
	return llm.Identity{}, e
}

// answersTo tells whether a model goes by this name. With a digest it is the same wherever it runs.
func (v voice) answersTo(named llm.Identity) bool {
	if named.Digest != "" && named.Digest != v.Identity.Digest {
		return false
	}
	recorded := v.Named
	recorded.Digest, named.Digest = "", ""
	if v.Identity.Digest != "" {
		recorded.BaseURL, named.BaseURL = "", ""
	}
	return recorded.Key() == named.Key()
}

// beginning is that of the last message.
func beginning(r llm.Request) string {
	const most = 120
	if len(r.Messages) == 0 {
		return ""
	}
	text := strings.Join(strings.Fields(r.Messages[len(r.Messages)-1].Content), " ")
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "…"
	}
	return text
}
