package suite

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"llm4rec/bench"
	"llm4rec/data"
	"llm4rec/llm/memory"
	"llm4rec/llm/memory/describe"
	"llm4rec/llm/memory/gather"
	"llm4rec/llm/memory/wikipedia"
	"llm4rec/llm/provider"
	"llm4rec/llm/text"
	"llm4rec/models"
	"llm4rec/results"
)

// Memories say what a store of memories is filled with.
type Memories struct {
	From  []string         `json:"from" yaml:"from" jsonschema:"own: the data set's own fields; wikipedia: searched by title and year; or the path of a YAML file with a list of files. Of several sources of a field the first counts"`
	Files []gather.Mapping `json:"files" yaml:"files" jsonschema:"local files, as more has them, with what is to be known of using them"`

	Wikipedia string `json:"wikipedia" yaml:"wikipedia" jsonschema:"where wikipedia is; empty: the English one"`
	Contact   string `json:"contact" yaml:"contact" jsonschema:"of wikipedia: your address or web page, which its operators want to know"`

	Prompts       []string `json:"prompts" yaml:"prompts" jsonschema:"fields that a language model writes of the items that need them: summary, tags, mood, audience, contrast, or the path of a file of that form"`
	Word          string   `json:"word" yaml:"word" jsonschema:"what the items are called"`
	Until         string   `json:"until" yaml:"until" jsonschema:"a day, as 1998-04-23: the model is not told what is known to be written later"`
	MaxTokens     int      `json:"max_tokens" yaml:"max_tokens" jsonschema:"of an answer of the model; 0: 300"`
	provider.Chat `yaml:",inline"`

	Alone   bool     `json:"-" yaml:"-"` // take out of the store what other sources have put there
	Offline bool     `json:"-" yaml:"-"` // ask for no page of wikipedia's that is not kept
	Dirs    []string `json:"-" yaml:"-"` // data folders, where files may lie
	Calls   *Calls   `json:"-" yaml:"-"`

	every time.Duration // between two calls of wikipedia, at least; 0: as usual
}

// memoriesRevision is raised when the same sources fill a store otherwise.
const memoriesRevision = 1

// DefaultMemories are of films, which a model of Ollama's may describe.
func DefaultMemories() Memories {
	return Memories{Word: "film", Chat: provider.Chat{Provider: provider.Ollama}}
}

// sources are all that is to be gathered, in the order in which they count, and the mappings of those that are files.
func (m Memories) sources() (names []string, files map[string][]gather.Mapping, err error) {
	names, files = slices.Clone(m.From), map[string][]gather.Mapping{}
	for _, from := range m.From {
		if from != own && from != wikipedia.Name {
			if files[from], err = gather.ReadMappings(from); err != nil {
				return nil, nil, err
			}
		}
	}
	if len(m.Files) > 0 {
		names = append(names, "")
		files[""] = m.Files
	}
	return names, files, nil
}

// own is the source that is the data set itself.
const own = "own"

// Validate checks what can be checked without a server, or the files themselves.
func (m Memories) Validate() error {
	bad := func(key string, err error) error { return &data.SpecError{Key: key, Err: err} }
	if len(m.From)+len(m.Files)+len(m.Prompts) == 0 {
		return bad("from", errors.New("missing: nothing says what a store is filled with"))
	}
	if slices.Contains(m.From, wikipedia.Name) {
		if err := m.encyclopedia().Validate(); err != nil {
			return bad("contact", err)
		}
	}
	for _, f := range m.Files {
		if err := f.Validate(); err != nil {
			return bad("files", err)
		}
	}
	if err := memory.CheckDay(m.Until); err != nil {
		return bad("until", err)
	}
	for _, p := range m.Prompts {
		if _, err := describe.ReadPrompt(p); err != nil {
			return bad("prompts", err)
		}
	}
	if m.MaxTokens < 0 {
		return bad("max_tokens", fmt.Errorf("want at least 0, got %d", m.MaxTokens))
	}
	if len(m.Prompts) > 0 {
		return m.Chat.Validate()
	}
	return nil
}

func (m Memories) encyclopedia() wikipedia.Config {
	return wikipedia.Config{BaseURL: cmp.Or(m.Wikipedia, wikipedia.English), Contact: m.Contact, Word: m.Word, Offline: m.Offline, Every: m.every}
}

// Fingerprint names what a store is filled with beside the parameters: files, prompts, and the model that is asked.
func (m Memories) Fingerprint() (string, error) {
	h := sha256.New()
	names, files, err := m.sources()
	if err != nil {
		return "", err
	}
	for _, name := range names {
		for _, f := range files[name] {
			about, err := json.Marshal(f)
			if err != nil {
				return "", err
			}
			h.Write(append(about, '\n'))
			if err := (text.More{f.Source}).Identify(h, m.Dirs); err != nil {
				return "", err
			}
		}
	}
	for _, name := range m.Prompts {
		p, err := describe.ReadPrompt(name)
		if err != nil {
			return "", err
		}
		h.Write([]byte(p.Hash + "\n"))
	}
	if len(m.Prompts) > 0 {
		key, err := m.Calls.key(m.Chat)
		if err != nil {
			return "", err
		}
		h.Write([]byte(key + "\n"))
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// Content is the checksum of all values that a store holds, "" where there is none.
func (m Memories) Content(ctx context.Context, path string) (sum string, err error) {
	store, err := memory.Open(ctx, path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	return content(ctx, store)
}

func content(ctx context.Context, store *memory.Store) (string, error) {
	h := sha256.New()
	err := store.Each(ctx, func(v memory.Value) {
		_, _ = fmt.Fprintf(h, "%q %q %q %q %q %q\n", v.Item, v.Field, v.Source, v.Text, v.Written, v.Prompt) // a hash takes all
	})
	return hex.EncodeToString(h.Sum(nil)), err
}

// Fill fills a store of a data set, or goes on filling it. A model that is not at hand is no error: what is said of it is the
// status.
func (m Memories) Fill(ctx context.Context, path string, d *data.Dataset, progress func(source string, done, total int)) (out results.Augmented, err error) {
	out.Status = results.OK
	names, files, err := m.sources() // so that what is wrong is said before anything is filled
	if err != nil {
		return out, err
	}
	store, err := memory.Create(ctx, path, d.Name, d.Checksum())
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	var sources []gather.Source
	for _, name := range names {
		switch name {
		case own:
			s, err := FindSource(d.Name)
			if err != nil {
				s.Licence = "" // of a data set that the registry does not know
			}
			it := gather.NewOwn(d, s.Licence)
			out.Excluded = it.Excluded
			sources = append(sources, it)
		case wikipedia.Name:
			s, err := wikipedia.New(m.encyclopedia(), store, d)
			if err != nil {
				return out, err
			}
			sources = append(sources, s)
		default:
			for _, mapping := range files[name] {
				s, err := gather.File(mapping, m.Dirs, d)
				if errors.Is(err, fs.ErrNotExist) {
					return out, &models.Unavailable{Err: err, Remedy: fmt.Sprintf("put %s into a data folder that --data or LLM4REC_DATA names", mapping.Path)}
				}
				if err != nil {
					return out, err
				}
				sources = append(sources, s)
			}
		}
	}
	var kept []string
	for _, s := range sources {
		kept = append(kept, s.Name())
	}
	if m.Alone {
		if err := store.Retain(ctx, slices.Concat(kept, m.written())); err != nil {
			return out, err
		}
	}
	for _, s := range sources {
		progress(s.Name(), 0, 0)
		r, err := gather.Fill(ctx, store, d, s)
		if err != nil {
			return out, err
		}
		out.Sources = append(out.Sources, gathered(r))
	}
	if err := m.describe(ctx, store, d, &out, progress); err != nil {
		return out, err
	}
	if out.Held, err = held(ctx, store); err != nil {
		return out, err
	}
	out.Content, err = content(ctx, store)
	return out, err
}

// held is what a store holds, by what is to be known of using it.
func held(ctx context.Context, store *memory.Store) ([]results.Held, error) {
	counts, err := store.Counts(ctx)
	var out []results.Held
	for _, c := range counts {
		one := results.Held{Field: c.Field, Source: c.Source, Licence: c.Licence, Values: c.Values}
		if last := len(out) - 1; last >= 0 && out[last].Field == one.Field && out[last].Source == one.Source && out[last].Licence == one.Licence {
			out[last].Values += one.Values // of another prompt or model
			continue
		}
		out = append(out, one)
	}
	return out, err
}

// written are the sources whose values models write.
func (m Memories) written() []string {
	var out []string
	for _, name := range m.Prompts {
		if p, err := describe.ReadPrompt(name); err == nil {
			out = append(out, describe.Source(m.Model, p))
		}
	}
	return out
}

// describe has a model write fields.
func (m Memories) describe(ctx context.Context, store *memory.Store, d *data.Dataset, out *results.Augmented, progress func(source string, done, total int)) error {
	if len(m.Prompts) == 0 {
		return nil
	}
	model, err := m.Calls.meet(ctx, m.Chat)
	var missing *models.Unavailable
	if errors.As(err, &missing) {
		out.Status, out.Error = results.Unavailable, err.Error()
		return nil
	}
	if err != nil {
		return err
	}
	answers := map[string]int{}
	for _, name := range m.Prompts {
		p, err := describe.ReadPrompt(name)
		if err != nil {
			return err
		}
		r, err := describe.Fill(ctx, store, d, model, describe.Config{
			Prompt: p, Word: m.Word, Until: m.Until, MaxTokens: m.MaxTokens, Parallel: m.Calls.crowd(),
			Progress: func(done, all int) { progress(p.Name, done, all) },
		})
		if err != nil {
			return err
		}
		line := gather.Report{Source: r.Source, Outcomes: r.Outcomes, Unasked: map[string]int{"has it": r.Unneeded, "nothing known": r.Unknown}}
		for kind, n := range r.Failed {
			line.Unasked["failed: "+string(kind)] = n
		}
		out.Sources = append(out.Sources, gathered(line))
		out.Earlier += r.Earlier
		for outcome, n := range r.Outcomes {
			answers[string(outcome)] += n
		}
	}
	out.Account = model.account()
	out.Account.Answers = answers // as memories class them
	return nil
}

func gathered(r gather.Report) results.Gathered {
	out := results.Gathered{Source: r.Source, Outcomes: map[string]int{}, Unasked: map[string]int{}}
	for o, n := range r.Outcomes {
		out.Outcomes[string(o)] = n
	}
	for why, n := range r.Unasked {
		if n > 0 {
			out.Unasked[why] = n
		}
	}
	return out
}

// augmenter is the registry's line.
func augmenter(calls *Calls, opt DatasetOptions) bench.Stage {
	m := DefaultMemories()
	m.Calls, m.Dirs, m.Offline, m.Alone = calls, opt.Dirs, opt.Offline, true
	return bench.RegisterAugmenter(memoriesRevision, m, func(m Memories) bench.Augmenter { return m })
}
