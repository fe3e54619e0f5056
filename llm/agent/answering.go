package agent

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"llm4rec/llm/clean"
)

// Tools that end a turn, and the one that remembers.

// answer is what a turn comes to.
type answer struct {
	items []int32
	none  bool
	asks  bool
	text  string
}

// textLimit is of the characters of what an agent says.
const textLimit = 1000

type recommending struct {
	Items []int32 `json:"items,omitempty" jsonschema:"ids, best first"`
	Best  int     `json:"best,omitempty" jsonschema:"instead of items: so many of the first candidates, in their order"`
	None  bool    `json:"none,omitempty" jsonschema:"instead of items: nothing fits"`
	Text  string  `json:"text,omitempty" jsonschema:"what to say to the person"`
}

func recommend(_ context.Context, t *turn, a recommending) (string, error) {
	given := 0
	for _, is := range []bool{len(a.Items) > 0, a.Best > 0, a.None} {
		if is {
			given++
		}
	}
	if given != 1 {
		return "", wrong("recommend: want exactly one of items, best and none")
	}
	most := t.a.config.Items
	if a.None {
		t.answer = &answer{none: true, text: clean.Text(a.Text, textLimit)}
		return "done", nil
	}
	items := a.Items
	if a.Best > 0 {
		items = t.bus.items[:min(a.Best, len(t.bus.items), most)]
	}
	if len(items) > most {
		return "", wrong("recommend: at most %d items, got %d", most, len(items))
	}
	var bad []string
	for n, i := range items {
		why := t.forbidden(i)
		if why == "" {
			why = t.bus.ruledOut(i)
		}
		if why == "" && slices.Contains(items[:n], i) {
			why = "twice"
		}
		if why != "" {
			bad = append(bad, fmt.Sprintf("%d: %s", i, why))
		}
	}
	if len(bad) > 0 {
		return "", wrong("recommend: %s. Candidates are, for example:\n%s", strings.Join(bad, "; "), strings.Join(t.a.catalogue.show(t.bus.items, t.a.config.Shown), "\n"))
	}
	t.answer = &answer{items: slices.Clone(items), text: clean.Text(a.Text, textLimit)}
	return "done", nil
}

// forbidden says why an item must not be recommended, "" if it may.
func (t *turn) forbidden(i int32) string {
	switch {
	case !t.a.catalogue.has(i):
		return fmt.Sprintf("there is no such item: ids are 0 to %d", t.a.catalogue.items-1)
	case t.c.had[i]:
		return "the person had it"
	case t.c.shown[i]:
		return "recommended before in this conversation"
	case !t.c.visitor.Among(i):
		return "not one of those to choose from"
	case t.a.parts.Available != nil && !t.a.parts.Available(i):
		return "not available"
	}
	return ""
}

type asking struct {
	Question string `json:"question" jsonschema:"one short question to the person"`
}

func ask(_ context.Context, t *turn, a asking) (string, error) {
	text := clean.Text(a.Question, textLimit)
	if text == "" {
		return "", wrong("ask: the question is empty")
	}
	t.answer = &answer{asks: true, text: text}
	return "done", nil
}

type remembering struct {
	Likes    []string `json:"likes,omitempty" jsonschema:"what the person likes, a few words each"`
	Dislikes []string `json:"dislikes,omitempty" jsonschema:"what they dislike"`
}

func remember(_ context.Context, t *turn, a remembering) (string, error) {
	if len(a.Likes)+len(a.Dislikes) == 0 {
		return "", wrong("remember: want likes or dislikes")
	}
	t.learned.add(a.Likes, a.Dislikes)
	return "remembered", nil
}
