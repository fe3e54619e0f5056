package suite

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"llm4rec/data"
	"llm4rec/llm/memory"
	"llm4rec/llm/memory/describe"
	"llm4rec/llm/memory/gather"
	"llm4rec/llm/memory/wikipedia"
	"llm4rec/llm/provider"
)

// Memories say what a store of memories is filled with.
type Memories struct {
	Path string   // of the store
	From []string // own, wikipedia, or the name of a YAML file with mappings: see package gather
	Dirs []string // data folders, where files may lie

	Wikipedia wikipedia.Config

	Word    string   // what items are, as film
	Prompts []string // that a model is asked with about the items that need it: see package describe
	Until   string   // a day: the model is not told what was written after it
	Chat    provider.Chat
	Calls   *Calls
}

// DefaultMemories are of films, which a model of Ollama's may describe.
func DefaultMemories() Memories {
	return Memories{Word: "film", Wikipedia: wikipedia.Config{BaseURL: wikipedia.English}, Chat: provider.Chat{Provider: provider.Ollama}}
}

// Validate checks what can be checked without a file or a server.
func (m Memories) Validate() error {
	if m.Path == "" || len(m.From)+len(m.Prompts) == 0 {
		return errors.New("want --db, and --from or --prompt")
	}
	if slices.Contains(m.From, wikipedia.Name) {
		if err := m.Wikipedia.Validate(); err != nil {
			return err
		}
	}
	if err := memory.CheckDay(m.Until); err != nil {
		return fmt.Errorf("--until: %w", err)
	}
	for _, p := range m.Prompts {
		if _, err := describe.ReadPrompt(p); err != nil {
			return err
		}
	}
	if len(m.Prompts) > 0 {
		return m.Chat.Validate()
	}
	return nil
}

// Fill fills the store of a data set, and writes a line for each source.
func (m Memories) Fill(ctx context.Context, name string, d *data.Dataset, out io.Writer) (err error) {
	var licence string
	if s, err := FindSource(name); err == nil {
		licence = s.Licence
	}
	var mappings [][]gather.Mapping // one a source, so that what is wrong is said before anything is filled
	for _, from := range m.From {
		var list []gather.Mapping
		if from != "own" && from != wikipedia.Name {
			if list, err = gather.ReadMappings(from); err != nil {
				return err
			}
		}
		mappings = append(mappings, list)
	}
	store, err := memory.Create(ctx, m.Path, d.Name, d.Checksum())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	fill := func(s gather.Source) error {
		r, err := gather.Fill(ctx, store, d, s)
		_, failed := fmt.Fprintln(out, summary(r))
		return errors.Join(err, failed)
	}
	for n, from := range m.From {
		switch from {
		case "own":
			own := gather.NewOwn(d, licence)
			if len(own.Excluded) > 0 {
				if _, err := fmt.Fprintf(out, "%s: left out, as later knowledge: %s\n", own.Name(), strings.Join(own.Excluded, ", ")); err != nil {
					return err
				}
			}
			if err := fill(own); err != nil {
				return err
			}
		case wikipedia.Name:
			c := m.Wikipedia
			c.Word = m.Word
			s, err := wikipedia.New(c, store, d)
			if err != nil {
				return err
			}
			if err := fill(s); err != nil {
				return err
			}
		default:
			for _, mapping := range mappings[n] {
				s, err := gather.File(mapping, m.Dirs, d)
				if err != nil {
					return err
				}
				if err := fill(s); err != nil {
					return err
				}
			}
		}
	}
	return m.describe(ctx, store, d, out)
}

// describe has a model write fields.
func (m Memories) describe(ctx context.Context, store *memory.Store, d *data.Dataset, out io.Writer) error {
	for _, name := range m.Prompts {
		p, err := describe.ReadPrompt(name)
		if err != nil {
			return err
		}
		chat, err := m.Calls.Chat(m.Chat)
		if err != nil {
			return err
		}
		r, err := describe.Fill(ctx, store, d, chat, describe.Config{Prompt: p, Word: m.Word, Until: m.Until, Parallel: m.Calls.crowd()})
		line := gather.Report{Source: r.Source, Outcomes: r.Outcomes, Unasked: map[string]int{"has it": r.Unneeded, "nothing known": r.Unknown}}
		for kind, n := range r.Failed {
			line.Unasked["failed: "+string(kind)] = n
		}
		if r.Source != "" {
			_, failed := fmt.Fprintf(out, "%s; %d calls, %d tokens\n", summary(line), r.Calls, r.PromptTokens+r.OutputTokens)
			err = errors.Join(err, failed)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// summary is a line for people.
func summary(r gather.Report) string {
	var parts []string
	for _, o := range slices.Sorted(maps.Keys(r.Outcomes)) {
		parts = append(parts, fmt.Sprintf("%d %s", r.Outcomes[o], o))
	}
	for _, why := range slices.Sorted(maps.Keys(r.Unasked)) {
		if r.Unasked[why] > 0 {
			parts = append(parts, fmt.Sprintf("%d not asked (%s)", r.Unasked[why], why))
		}
	}
	return r.Source + ": " + strings.Join(parts, ", ")
}
