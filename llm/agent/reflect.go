package agent

import (
	"context"
	"encoding/json"
	"strings"

	"llm4rec/llm"
	"llm4rec/llm/clean"
)

var verdict = json.RawMessage(`{"type":"object","properties":{"accept":{"type":"boolean"},"reason":{"type":"string"}},"required":["accept","reason"],"additionalProperties":false}`)

// What a critic sees of the tools' results, at most: the newest of them, and of each its beginning.
const (
	resultsMost  = 8
	resultsLimit = 300
)

// reflect has the critic check the answer. Sent back, there is no answer any more, and what the critic says is the result of the
// call that made it. A verdict that cannot be read is none: the answer stands, and the step says so.
func (t *turn) reflect(ctx context.Context) (result string, err error) {
	c := t.a.config
	if !c.Reviewed() || t.answer.asks {
		return "", nil
	}
	messages, err := t.a.review.ask(t.reviewed())
	if err != nil {
		return "", err
	}
	var accepts bool
	var reason string
	_, err = t.generate(ctx, t.a.parts.Critic, ByCritic, t.a.review, llm.Request{
		Messages: messages, Schema: verdict, MaxTokens: c.MaxTokens, Seed: t.seed(), Replica: t.replica(),
	}, func(text string) string {
		var readable bool
		if accepts, reason, readable = judged(text); readable {
			return ""
		}
		accepts = true
		return "a verdict that cannot be read"
	})
	if err != nil || accepts {
		return "", err
	}
	if t.sentBack >= c.Reflections {
		return "", &ended{CriticRejected}
	}
	t.sentBack++
	t.answer = nil
	return "error: a reviewer sends this back: " + clean.Text(reason, textLimit), nil
}

func judged(text string) (accepts bool, reason string, readable bool) {
	var says struct {
		Accept *bool  `json:"accept"`
		Reason string `json:"reason"`
	}
	if err := json.Unmarshal([]byte(strings.TrimSpace(text)), &says); err != nil || says.Accept == nil {
		return false, "", false
	}
	return *says.Accept, says.Reason, true
}

func (t *turn) reviewed() review {
	r := review{
		Word: t.a.words, Request: t.request, Conditions: t.bus.conditions(), Items: t.a.catalogue.show(t.answer.items, len(t.answer.items)),
		None: t.answer.none, Text: t.answer.text,
	}
	if t.a.config.remembers(Short) {
		r.Conversation = t.c.said
	}
	for _, s := range t.trace {
		if s.By != ByTool || s.Tool == "recommend" {
			continue
		}
		result := s.Result
		if s.Error != "" {
			result = "error: " + s.Error
		}
		r.Results = append(r.Results, s.Tool+": "+clean.Text(result, resultsLimit))
	}
	r.Results = r.Results[max(0, len(r.Results)-resultsMost):]
	return r
}

// alone asks a model that has no tools, and finds the titles that it names.
func (t *turn) alone(ctx context.Context) error {
	messages, err := t.a.prompt.ask(t.question())
	if err != nil {
		return err
	}
	c := t.a.config
	for {
		var found answer
		resp, err := t.generate(ctx, t.a.parts.Actor, ByActor, t.a.prompt, llm.Request{
			Messages: messages, Schema: named, Temperature: c.Temperature, MaxTokens: c.MaxTokens, Seed: t.seed(), Replica: t.replica(),
		}, func(text string) (wrong string) {
			found, wrong = t.titled(text)
			return wrong
		})
		if err != nil {
			return err
		}
		if len(found.items) == 0 {
			return &ended{Unreadable}
		}
		t.answer = &found
		result, err := t.reflect(ctx)
		if err != nil || t.answer != nil {
			return err
		}
		messages = append(messages, llm.Message{Role: llm.Assistant, Content: resp.Text}, llm.Message{Role: llm.User, Content: "<result>\n" + result + "\n</result>"})
	}
}

var named = json.RawMessage(`{"type":"object","properties":{"titles":{"type":"array","items":{"type":"string"}},"text":{"type":"string"}},"required":["titles","text"],"additionalProperties":false}`)

// titled are the items that an answer names and that may be recommended. What is no title of the catalogue is passed over, and
// said to be wrong.
func (t *turn) titled(text string) (a answer, wrong string) {
	var says struct {
		Titles []string `json:"titles"`
		Text   string   `json:"text"`
	}
	if json.Unmarshal([]byte(strings.TrimSpace(text)), &says) != nil {
		return answer{}, "no JSON object with titles"
	}
	var items []int32
	var bad []string
	for _, title := range says.Titles {
		found := keep(t.a.catalogue.index.find(title), func(i int32) bool { return t.forbidden(i) == "" })
		if len(found) == 0 {
			bad = append(bad, clean.Text(title, titleLimit))
			continue
		}
		items = append(items, found[0])
	}
	if len(bad) > 0 {
		wrong = "not in the catalogue, or not to be recommended: " + strings.Join(bad, "; ")
	}
	items = unique(items)
	return answer{items: items[:min(len(items), t.a.config.Items)], text: clean.Text(says.Text, textLimit)}, wrong
}
