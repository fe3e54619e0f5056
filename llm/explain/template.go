package explain

import (
	"context"
	"fmt"

	"llm4rec/data"
	"llm4rec/eval/reasons"
	"llm4rec/llm/text"
	"llm4rec/models"
)

// TemplateConfig says how sentences are filled in. Start from [DefaultTemplate].
type TemplateConfig struct {
	Template   string        // the name of an embedded one, or a path
	Wording    string        // what it calls items, as movie or product
	Neighbours int           // items of the history that a reason cites, at most
	Title      text.Template // of an item
	Fields     []string      // nil: those that usually say what an item is
}

// DefaultTemplate cites two items.
func DefaultTemplate() TemplateConfig {
	return TemplateConfig{Template: "because", Wording: "movie", Neighbours: 2, Title: "{title}"}
}

// Template explains by a sentence that it fills in: the nearest items of the history by item-kNN's cosine over the training
// interactions, and what the nearest of them that shares something shares with the recommended item; where none is near, the
// newest item of the history that shares the most.
type Template struct {
	config TemplateConfig
	file   File
	words  map[string]string
	items  *Items
}

// New reads the template and the texts of items.
func (c TemplateConfig) New(train *data.Train) (*Template, error) {
	if c.Neighbours < 1 {
		return nil, fmt.Errorf("explain: neighbours: want at least 1, got %d", c.Neighbours)
	}
	t := &Template{config: c}
	var err error
	if t.file, err = readFile("templates", c.Template); err == nil {
		t.words, err = t.file.Words(c.Wording)
	}
	if err != nil {
		return nil, fmt.Errorf("explain: template: %w", err)
	}
	t.items, err = NewItems(train, c.Title, c.Fields)
	return t, err
}

// Items are those that reasons may name.
func (t *Template) Items() *Items { return t.items }

// About is the name, version and hash of the template.
func (t *Template) About() (name string, version int, hash string) {
	return t.file.Name, t.file.Version, t.file.Hash
}

// sentence is what a template of sentences sees.
type sentence struct {
	Word   map[string]string
	Title  string   // of the recommended item
	Near   []string // titles of the items of the history that others took with it
	Like   string   // title of that which it shares values with; "": none
	Field  string   // in which it shares them, or has them
	Values []string // that it shares, or, without Like, just has
}

// Explain fills in the template.
func (t *Template) Explain(_ context.Context, q models.Query, item int32) (Reason, error) {
	if err := t.items.check(item); err != nil {
		return Reason{}, err
	}
	x := t.items
	out := Reason{Class: OK, Reason: reasons.Reason{User: q.User, Item: item, History: x.history(q)}}
	s := sentence{Word: t.words, Title: x.Titles[item]}
	near := x.nearest(item, out.History)
	near = near[:min(len(near), t.config.Neighbours)]
	var ids []int32
	for _, g := range near {
		s.Near, ids = append(s.Near, x.Titles[g.Item]), append(ids, g.Item)
		out.Claims = append(out.Claims, reasons.Claim{Kind: reasons.History, Item: g.Item})
	}
	if len(near) == 0 {
		for n := range out.History { // the newest first
			ids = append(ids, out.History[len(out.History)-1-n])
		}
	}
	like, found := x.alike(item, ids)
	if found {
		s.Like, s.Field, s.Values = x.Titles[like.item], like.field, like.values
	} else {
		like.item = reasons.NoItem
		for _, name := range x.Names {
			if s.Values = x.Values[name][item]; len(s.Values) > 0 {
				s.Field = name
				break
			}
		}
	}
	for _, v := range s.Values {
		out.Claims = append(out.Claims, reasons.Claim{Kind: reasons.Field, Item: like.item, Field: s.Field, Value: v})
	}
	out.Grounds = x.grounds(item, out.Cited())
	var err error
	out.Sentence, err = t.file.Run("", s)
	if err != nil {
		return out, fmt.Errorf("explain: template %s: %w", t.file.Name, err)
	}
	return out, nil
}

var _ Explainer = (*Template)(nil)
