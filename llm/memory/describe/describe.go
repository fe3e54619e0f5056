// Package describe has a language model write fields of a store of memories: of the items that need them, from what the data
// set and the store know of each.
//
// What a model is told is data: cleaned, delimited, of limited length, and of one item, or for a contrast of those that are
// most like it. What it answers is one value of that item, read strictly, whatever it says. A model may know more of an item
// than it is told, such as how it was received: a field that a model wrote is not free of later knowledge in the way that a
// dated source is.
package describe

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"golang.org/x/sync/errgroup"

	"llm4rec/data"
	"llm4rec/llm"
	"llm4rec/llm/clean"
	"llm4rec/llm/memory"
)

// Config says what to ask, and how.
type Config struct {
	Prompt    Prompt
	Word      string // what items are; "": film
	Until     string // a day: what was written after it is not told
	MaxTokens int    // of an answer; 0: 300
	Parallel  int    // questions at a time; 0: 8

	Progress func(done, total int) // of the questions that had no answer before; nil: nobody is told
}

const (
	longest = 1200 // characters of a field that a model is told
	brief   = 300  // of a similar item's
	fields  = 20   // that it is told of an item
)

// Report counts the items by what became of them.
type Report struct {
	Source   string
	Outcomes map[memory.Outcome]int // of those that need the field: of this call and of earlier ones
	Unneeded int                    // have the field, or one instead
	Unknown  int                    // nothing is known of: there is nothing to ask
	Failed   map[llm.Kind]int       // calls that failed for good: the same filling asks again
	Calls    int
	Earlier  int // questions that an earlier call had answered
}

// Source is the name of a prompt's answers by a model, as a source.
func Source(model string, p Prompt) string { return model + ":" + p.Name }

// Fill asks about the items that need the prompt's field and were not asked this very question. Each answer is stored as it
// comes, so that an interrupted filling goes on where it stopped.
func Fill(ctx context.Context, store *memory.Store, d *data.Dataset, chat llm.Chat, c Config) (Report, error) {
	id, err := chat.Identity(ctx)
	if err != nil {
		return Report{}, err
	}
	w := &writer{store: store, d: d, chat: chat, config: c, id: id, known: make([]sheet, d.Items.Len())}
	w.report = Report{Source: Source(id.Model, c.Prompt), Outcomes: map[memory.Outcome]int{}, Failed: map[llm.Kind]int{}}
	if err := w.gather(ctx); err != nil {
		return w.report, err
	}
	asked, err := store.Asked(ctx, w.report.Source)
	if err != nil {
		return w.report, err
	}
	near := w.neighbours()
	type job struct {
		item    int
		request llm.Request
	}
	var todo []job
	for item := range w.known {
		s := w.known[item]
		switch {
		case s.enough(c.Prompt):
			w.report.Unneeded++
			continue
		case len(s.lines) == 0:
			w.report.Unknown++
			continue
		}
		request, err := w.request(item, near)
		if err != nil {
			return w.report, err
		}
		if e, has := asked[d.Items.Raw(int32(item))]; has && e.Question == request.Key(id) {
			w.count(func(r *Report) { r.Outcomes[e.Outcome]++; r.Earlier++ })
			continue
		}
		todo = append(todo, job{item, request})
	}
	group, asking := errgroup.WithContext(ctx)
	group.SetLimit(cmp.Or(c.Parallel, 8))
	done := 0
	for _, j := range todo {
		if asking.Err() != nil {
			break
		}
		group.Go(func() error {
			err := w.ask(asking, j.item, j.request)
			w.count(func(*Report) {
				if done++; c.Progress != nil {
					c.Progress(done, len(todo))
				}
			})
			return err
		})
	}
	err = group.Wait()
	if err == nil {
		err = context.Cause(ctx)
	}
	return w.report, err
}

type writer struct {
	store  *memory.Store
	d      *data.Dataset
	chat   llm.Chat
	config Config
	id     llm.Identity
	known  []sheet

	mu     sync.Mutex
	report Report
	inARow int // calls that failed since one succeeded
}

// sheet is what is known of one item.
type sheet struct {
	lines   []Line
	lengths map[string]int // of all fields
	written string         // the latest day on which any of it was written
}

func (s *sheet) add(field, text, written string) {
	if s.lengths == nil {
		s.lengths = map[string]int{}
	}
	text = clean.Text(text, longest)
	if s.lengths[field] > 0 || text == "" || memory.Excluded(field) {
		return
	}
	s.lengths[field] = utf8.RuneCountInString(text)
	if len(s.lines) < fields {
		s.lines = append(s.lines, Line{field, text})
		s.written = max(s.written, written)
	}
}

// enough says whether the item needs no answer.
func (s *sheet) enough(p Prompt) bool {
	for _, f := range append([]string{p.Field}, p.Instead...) {
		if s.lengths[f] >= p.Short {
			return true
		}
	}
	return false
}

// gather reads the data set's fields and the store's, but for what models wrote.
func (w *writer) gather(ctx context.Context) error {
	for _, f := range w.d.ItemText {
		for item, text := range f.Values {
			w.known[item].add(f.Name, text, "")
		}
	}
	return w.store.Each(ctx, func(v memory.Value) {
		item, ok := w.d.Items.Dense(v.Item)
		if !ok || v.Prompt != "" || w.config.Until != "" && v.Written > w.config.Until {
			return
		}
		w.known[item].add(v.Field, v.Text, v.Written)
	})
}

func (w *writer) request(item int, near func(item int) []int) (llm.Request, error) {
	q := Question{Word: clean.Text(cmp.Or(w.config.Word, "film"), 30), Item: w.known[item].lines}
	for _, other := range near(item) {
		lines := slices.Clone(w.known[other].lines)
		for n := range lines {
			lines[n].Text = clean.Text(lines[n].Text, brief)
		}
		q.Similar = append(q.Similar, lines)
	}
	messages, err := w.config.Prompt.messages(q)
	return llm.Request{Messages: messages, Schema: w.config.Prompt.schema(), MaxTokens: cmp.Or(w.config.MaxTokens, 300)}, err
}

func (w *writer) ask(ctx context.Context, item int, request llm.Request) error {
	response, err := w.chat.Generate(ctx, request)
	if err != nil {
		return w.failed(ctx, item, err)
	}
	text, outcome := w.config.Prompt.read(response)
	e := memory.Entry{
		Item: w.d.Items.Raw(int32(item)), Source: w.report.Source, Outcome: outcome, Question: request.Key(w.id), At: time.Now(),
	}
	if outcome == Written {
		e.Values = []memory.Value{{
			Field: w.config.Prompt.Field, Text: text, Licence: "written by a language model from other fields", Written: w.known[item].written,
			Prompt: w.config.Prompt.Hash, Model: w.id.Key(),
		}}
	} else {
		e.Detail = clean.Text(response.Text, 200)
	}
	w.count(func(r *Report) {
		r.Outcomes[outcome]++
		r.Calls++
		w.inARow = 0
	})
	return w.store.Put(context.WithoutCancel(ctx), e) // it was paid for
}

// failed counts a call that failed for good, or ends the filling where the next would fail too.
func (w *writer) failed(ctx context.Context, item int, err error) error {
	var failed *llm.Error
	if ctx.Err() != nil || !errors.As(err, &failed) {
		return err
	}
	over := llm.Fatal(err)
	w.count(func(r *Report) {
		r.Failed[failed.Kind]++
		w.inARow++
		over = over || w.inARow >= llm.MostInARow
	})
	if over {
		return fmt.Errorf("item %s: %w", w.d.Items.Raw(int32(item)), err)
	}
	return nil
}

func (w *writer) count(f func(*Report)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f(&w.report)
}

// texts are what is known of items, as one text each.
func (w *writer) texts() []string {
	out := make([]string, len(w.known))
	for n, s := range w.known {
		var parts []string
		for _, l := range s.lines {
			parts = append(parts, l.Text)
		}
		out[n] = strings.Join(parts, " ")
	}
	return out
}
