package agent

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"llm4rec/llm"
)

// dialogue is what a planner and its model say to each other in a turn.
type dialogue struct {
	t        *turn
	messages []llm.Message
	calls    int // made so far, to number them
}

// begin makes the first messages.
func (t *turn) begin() (*dialogue, error) {
	messages, err := t.a.prompt.ask(t.question())
	return &dialogue{t: t, messages: messages}, err
}

// question is what the prompt tells.
func (t *turn) question() question {
	a, c := t.a, t.a.config
	q := question{
		Word: a.words, Text: c.Calling == TextCall, Ask: c.Ask, Most: c.Items, Fields: a.catalogue.table.Describe(), Values: a.catalogue.shownFields(),
		Candidates: len(t.bus.items), Branches: c.Branches, Request: t.request,
	}
	if q.Text {
		for _, tool := range a.offered {
			q.Tools = append(q.Tools, signature{tool.Name, tool.Description, a.tools[tool.Name].arguments})
		}
	}
	if c.remembers(Long) && len(t.profile.Likes)+len(t.profile.Dislikes) > 0 {
		q.Profile = &t.profile
	}
	h := t.c.visitor.History
	h = h[max(0, len(h)-c.History):]
	q.History = a.catalogue.show(h, len(h))
	if c.remembers(Collaborative) {
		q.Together = t.together(h)
	}
	if c.remembers(Short) {
		q.Conversation = t.c.said
	}
	return q
}

// together is what others took with a history, of what may be recommended.
func (t *turn) together(history []int32) []string {
	known := keep(history, t.a.catalogue.has)
	if len(known) == 0 {
		return nil
	}
	if t.c.together == nil { // the history stays the same in a conversation
		score := t.a.catalogue.near.taste(known)
		t.c.together = keep(all(t.a.catalogue.items), func(i int32) bool { return score[i] > 0 })
		best(t.c.together, func(i int32) float64 { return score[i] })
	}
	left := make(map[int32]bool, len(t.bus.items))
	for _, i := range t.bus.items {
		left[i] = true
	}
	return t.a.catalogue.show(keep(t.c.together, func(i int32) bool { return left[i] }), t.a.config.Shown)
}

// next asks for calls. No calls and no error is an answer that was told to be unreadable, or an end.
func (d *dialogue) next(ctx context.Context) ([]llm.ToolCall, error) {
	t := d.t
	c := t.a.config
	r := llm.Request{Messages: slices.Clone(d.messages), Temperature: c.Temperature, MaxTokens: c.MaxTokens, Seed: t.seed(), Replica: t.replica()}
	if c.Calling == Native {
		r.Tools = t.a.offered
	}
	resp, err := t.generate(ctx, t.a.parts.Actor, ByActor, t.a.prompt, r, nil)
	if err != nil {
		return nil, err
	}
	calls := resp.ToolCalls
	if c.Calling == Native && len(calls) > 0 {
		calls = slices.Clone(calls[:min(len(calls), callsMost)]) // the answer may be another caller's too
		for n := range calls {                                   // the server's own differ from run to run
			d.calls++
			calls[n].ID = fmt.Sprintf("call_%d", d.calls)
		}
		d.messages = append(d.messages, llm.Message{Role: llm.Assistant, Content: resp.Text, ToolCalls: calls})
		return calls, nil
	}
	calls, first, bad := written(resp.Text)
	if c.Calling == Native && len(calls) == 0 && c.Ask && strings.TrimSpace(resp.Text) != "" && resp.Finish == llm.Stop {
		_, _, err := t.call(ctx, llm.ToolCall{Name: "ask", Arguments: object(asking{Question: resp.Text})}) // it talks
		return nil, err
	}
	if c.Planner != Plan && len(calls) > 0 {
		calls, bad = calls[:1], nil
		resp.Text = resp.Text[:first] // what it made up after that did not happen
	}
	if strings.TrimSpace(resp.Text) != "" { // some servers refuse a message without a word
		d.messages = append(d.messages, llm.Message{Role: llm.Assistant, Content: resp.Text})
	}
	if bad != nil {
		d.tell("error: " + bad.Error() + d.form())
		return nil, t.erred()
	}
	return calls, nil
}

func (d *dialogue) form() string {
	if d.t.a.config.Calling == Native {
		return "; call a tool, and end with recommend"
	}
	return "; answer in the form\nAction: a tool's name\nArguments: one JSON object"
}

// tell answers outside a call.
func (d *dialogue) tell(text string) { d.user("<result>\n" + text + "\n</result>") }

// user says something, in the message that was said last where that was the user's too: models are used to turns.
func (d *dialogue) user(text string) {
	if last := &d.messages[len(d.messages)-1]; last.Role == llm.User {
		last.Content += "\n" + text
		return
	}
	d.messages = append(d.messages, llm.Message{Role: llm.User, Content: text})
}

// result answers a call, in the form in which it was made.
func (d *dialogue) result(c llm.ToolCall, text string) {
	if c.ID != "" {
		d.messages = append(d.messages, llm.Message{Role: llm.ToolRole, Content: "<result>\n" + text + "\n</result>", ToolCallID: c.ID, ToolName: c.Name})
		return
	}
	d.tell(c.Name + ": " + text)
}

// react makes calls and shows what comes of them until the turn has an answer that the critic accepts. Those of one answer are
// made in their order, until one fails: a plan is an answer with all of them.
func (t *turn) react(ctx context.Context) error {
	d, err := t.begin()
	if err != nil {
		return err
	}
	for {
		calls, err := d.next(ctx)
		if err != nil {
			return err
		}
		skip := ""
		for _, c := range calls {
			if skip != "" {
				d.result(c, skip)
				continue
			}
			result, ok, err := t.call(ctx, c)
			if err != nil {
				return err
			}
			if t.answer != nil {
				if result, err = t.reflect(ctx); err != nil {
					return err
				}
				skip = "not made"
			}
			if !ok {
				skip = "not made, because a call before it failed"
			}
			if t.answer == nil {
				d.result(c, result)
			}
		}
		if t.answer != nil {
			return nil
		}
		if t.a.config.Planner == Plan && len(calls) > 0 {
			d.plan(skip)
		}
	}
}

// plan asks for another one.
func (d *dialogue) plan(skip string) {
	why := "The plan did not end with recommend."
	if skip != "" {
		why = "The plan stopped."
	}
	d.user(why + " The list of candidates is as the last result says. Plan the rest.")
}

// inspire tries several calls from each state of the bus. What was explored stays in the dialogue, and every state can be gone
// back to.
func (t *turn) inspire(ctx context.Context) error {
	d, err := t.begin()
	if err != nil {
		return err
	}
	for {
		from := t.bus.clone()
		for n := 1; n <= t.a.config.Branches; n++ {
			calls, err := d.next(ctx)
			if err != nil {
				return err
			}
			if t.answer != nil {
				return nil
			}
			if len(calls) == 0 {
				continue
			}
			if calls[0].Name != "branch" && calls[0].Name != "recommend" { // those go on from where the bus is
				t.bus = from.clone()
			}
			result, ok, err := t.call(ctx, calls[0])
			if err != nil {
				return err
			}
			if t.answer != nil {
				if result, err = t.reflect(ctx); err != nil || t.answer != nil {
					return err
				}
			}
			moved := calls[0].Name == "branch" && ok
			ok = ok && !slices.Equal(t.bus.items, from.items)
			d.result(calls[0], result+t.explored(ok, moved, from.number, n))
			for _, c := range calls[1:] {
				d.result(c, "not made: one call at a time")
			}
			if moved {
				break
			}
		}
	}
}

// explored numbers the state that a call led to, if it changed the bus, and says what comes next.
func (t *turn) explored(changed, moved bool, from, n int) string {
	var out string
	if changed && !moved {
		t.bus.number = len(t.states)
		t.states = append(t.states, t.bus.clone())
		out = fmt.Sprintf("\nThis is state %d.", t.bus.number)
	}
	if n < t.a.config.Branches && !moved {
		return out + fmt.Sprintf(" Try another call from state %d, unlike those before, or recommend.", from)
	}
	return out + fmt.Sprintf(" You are at state %d of 0 to %d: go on from there, or go to another by branch.", t.bus.number, len(t.states)-1)
}

// object is the JSON of arguments.
func object(arguments any) json.RawMessage {
	text, err := json.Marshal(arguments)
	if err != nil {
		panic(fmt.Sprintf("agent: arguments have no JSON: %v", err))
	}
	return text
}
