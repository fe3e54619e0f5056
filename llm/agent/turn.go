package agent

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"llm4rec/llm"
)

// turn is one that is under way.
type turn struct {
	a       *Agent
	c       *conversation
	request string
	start   time.Time
	profile Profile // as it was
	learned Profile // in this turn

	bus    bus
	whole  int   // items of the bus at first
	states []bus // that were explored; the first is the beginning

	steps, calls, tokens int
	walls                time.Duration // of the models' answers
	inARow               int           // tool calls that failed
	sentBack             int           // by the critic
	falling              bool          // bounds do not hold for a fallback, which is bounded by itself

	answer *answer
	trace  []Step
	told   func(Step) // nil: nobody is
}

// log adds a step that was taken.
func (t *turn) log(s Step) {
	t.trace = append(t.trace, s)
	if t.told != nil {
		t.told(s)
	}
}

// generate asks a model, within the turn's bounds, and has the answer read, which says what is wrong with it, "" if nothing is. The
// model is not asked once the bounds are reached, so that the last answer may go past those of tokens and time. The time that
// answers took is summed as the servers' clients measured it: a replay stops where the recording stopped.
func (t *turn) generate(ctx context.Context, chat llm.Chat, by string, prompt file, r llm.Request, read func(text string) string) (llm.Response, error) {
	c := t.a.config
	switch {
	case t.calls >= c.Calls:
		return llm.Response{}, &ended{BoundCalls}
	case t.tokens >= c.Tokens:
		return llm.Response{}, &ended{BoundTokens}
	case t.walls >= c.Time:
		return llm.Response{}, &ended{BoundTime}
	}
	t.calls++
	start := time.Now()
	step := Step{By: by, Prompt: prompt.Hash, Bus: len(t.bus.items)}
	id, err := chat.Identity(ctx)
	var resp llm.Response
	if err == nil {
		step.Asked = r.Key(id)
		resp, err = chat.Generate(ctx, r)
	}
	if err != nil {
		step.Error, step.Wall = err.Error(), time.Since(start)
		t.log(step)
		return resp, called(ctx, err)
	}
	step.Text, step.PromptTokens, step.OutputTokens, step.Recorded, step.Wall = resp.Text, resp.PromptTokens, resp.OutputTokens, resp.Recorded, resp.Wall
	refused := resp.Finish == llm.Filtered || len(resp.ToolCalls) == 0 && refuses(resp.Text)
	if !refused && read != nil {
		step.Error = read(resp.Text)
	}
	t.log(step)
	t.walls += resp.Wall
	t.tokens += used(r, resp)
	if refused {
		return resp, &ended{Refused}
	}
	return resp, nil
}

// refuses says whether an answer begins as refusals do, and calls nothing: who is sorry may help all the same.
func refuses(text string) bool {
	if !llm.Refuses(text) {
		return false
	}
	calls, _, _ := written(text)
	return len(calls) == 0
}

// called is what a call's error is for the turn. One that no turn can go better with is the caller's to see to.
func called(ctx context.Context, err error) error {
	if ctx.Err() == nil && !llm.Fatal(err) {
		return &ended{CallFailed}
	}
	return fmt.Errorf("agent: %w", err)
}

// used are the tokens of a call; where the server does not count them, four bytes are taken for one.
func used(r llm.Request, resp llm.Response) int {
	if n := resp.PromptTokens + resp.OutputTokens; n > 0 {
		return n
	}
	n := len(resp.Text)
	for _, m := range r.Messages {
		n += len(m.Content)
	}
	for _, tool := range r.Tools {
		n += len(tool.Description) + len(tool.Schema)
	}
	return n / 4
}

// call calls a tool. The result is what the model is told, be it an error; the error ends the turn.
func (t *turn) call(ctx context.Context, c llm.ToolCall) (result string, ok bool, err error) {
	if err := ctx.Err(); err != nil {
		return "", false, err
	}
	if !t.falling {
		if t.steps >= t.a.config.Steps {
			return "", false, &ended{BoundSteps}
		}
		t.steps++
	}
	start := time.Now()
	before := t.bus.clone()
	found, known := t.a.tools[c.Name]
	if known {
		result, err = found.run(ctx, t, c.Arguments)
	} else {
		err = wrong("there is no tool %q; the tools are: %s", short(c.Name), t.toolNames())
	}
	step := Step{By: ByTool, Tool: c.Name, Arguments: c.Arguments, Result: result, Wall: time.Since(start), Bus: len(t.bus.items)}
	if t.falling {
		step.By = ByFallback
	}
	bad := (*toolError)(nil)
	if err != nil {
		t.bus = before
		step.Bus, step.Error = len(t.bus.items), err.Error()
	}
	t.log(step)
	switch {
	case err == nil:
		t.inARow = 0
		return result, true, nil
	case errors.As(err, &bad):
		return "error: " + bad.message, false, t.erred()
	}
	return "", false, err
}

// erred counts a call that failed, or an answer without one.
func (t *turn) erred() error {
	if t.inARow++; t.inARow > t.a.config.ToolErrors && !t.falling {
		return &ended{ToolErrors}
	}
	return nil
}

func (t *turn) toolNames() string {
	var out []string
	for _, x := range t.a.offered {
		out = append(out, x.Name)
	}
	return strings.Join(out, ", ")
}

// short is a name that a model made up, to be told back.
func short(name string) string {
	const most = 40
	if r := []rune(name); len(r) > most {
		return string(r[:most]) + "…"
	}
	return name
}

// another separates the seeds of conversations that are to be independent: at temperature 0 the same seed is the same answer.
const another = 1_000_003

func (t *turn) seed() int64 { return t.a.config.Seed + t.c.visitor.Replica*another }

// mostReplicas of one configuration's.
const mostReplicas = 1 << 16

func (t *turn) replica() int64 { return t.a.config.Replica*mostReplicas + t.c.visitor.Replica }
