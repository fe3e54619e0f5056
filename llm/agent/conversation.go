package agent

import (
	"context"
	"errors"
	"strings"
	"time"

	"llm4rec/llm/clean"
)

// requestLimit is of the characters of what a user says; more is cut.
const requestLimit = 2000

// Open opens a conversation. It calls nothing.
func (a *Agent) Open(v Visitor) Conversation {
	c := &conversation{a: a, visitor: v, profiles: a.parts.Profiles, had: map[int32]bool{}, shown: map[int32]bool{}}
	if c.profiles == nil || v.User < 0 { // strangers have no number that tells them apart
		c.profiles = InMemory()
	}
	for _, i := range v.Exclude {
		c.had[i] = true
	}
	return c
}

// conversation is the short-term memory of one.
type conversation struct {
	a        *Agent
	visitor  Visitor
	profiles Profiles
	had      map[int32]bool // must not be recommended
	shown    map[int32]bool // recommended so far, where there is a short-term memory
	together []int32        // what others took with the history, the likeliest first; nil: not known yet
	said     []said
	policy   policy
}

// allowed are the items that may be recommended, ascending.
func (c *conversation) allowed() []int32 {
	return keep(all(c.a.catalogue.items), func(i int32) bool { return c.may(i) })
}

func (c *conversation) may(i int32) bool {
	return c.visitor.Among(i) && !c.had[i] && !c.shown[i] && (c.a.parts.Available == nil || c.a.parts.Available(i))
}

// barred are the others.
func (c *conversation) barred() []int32 {
	return keep(all(c.a.catalogue.items), func(i int32) bool { return !c.may(i) })
}

// ended is the error that ends a turn for a reason that is counted.
type ended struct{ end End }

func (e *ended) Error() string { return string(e.end) }

// Say answers.
func (c *conversation) Say(ctx context.Context, utterance string) (Turn, error) {
	return c.Tell(ctx, utterance, nil)
}

// Tell answers, and tells of each step when it has been taken, from the same goroutine.
func (c *conversation) Tell(ctx context.Context, utterance string, told func(Step)) (Turn, error) {
	if err := ctx.Err(); err != nil {
		return Turn{}, err
	}
	a := c.a
	t := &turn{a: a, c: c, request: clean.Text(utterance, requestLimit), start: time.Now(), told: told}
	t.bus.items = c.allowed()
	t.whole = len(t.bus.items)
	t.states = []bus{t.bus.clone()}
	if !a.config.remembers(Short) {
		c.said, c.policy = nil, policy{}
	}
	if a.config.remembers(Long) {
		p, err := c.profiles.Profile(ctx, c.visitor.User)
		if err != nil {
			return Turn{}, err
		}
		t.profile = p
	}
	out, err := t.run(ctx)
	if err != nil {
		return Turn{Trace: t.trace}, err
	}
	out.Usage = usage(out.Trace, time.Since(t.start))
	if err := c.remember(ctx, t, out); err != nil {
		return Turn{}, err
	}
	return out, nil
}

// usage sums a turn's steps.
func usage(trace []Step, wall time.Duration) Usage {
	out := Usage{Wall: wall}
	for _, s := range trace {
		switch s.By {
		case ByActor, ByCritic:
			out.Calls++
			out.PromptTokens += s.PromptTokens
			out.OutputTokens += s.OutputTokens
			out.Model += s.Wall
		case ByTool:
			out.ToolCalls++
			if s.Error != "" {
				out.ToolErrors++
			}
		}
	}
	return out
}

// run lets the planner work, within the turn's time, and falls back where it comes to nothing.
func (t *turn) run(ctx context.Context) (Turn, error) {
	within, cancel := context.WithTimeout(ctx, t.a.config.Time)
	defer cancel()
	err := t.plan(within)
	stop := (*ended)(nil)
	switch {
	case err == nil:
		return t.answered(), nil
	case ctx.Err() != nil:
		return Turn{}, context.Cause(ctx)
	case within.Err() != nil: // whatever it was that ran out of time
		return t.fallBack(ctx, BoundTime)
	case errors.As(err, &stop):
		return t.fallBack(ctx, stop.end)
	}
	return Turn{}, err
}

func (t *turn) plan(ctx context.Context) error {
	switch t.a.config.Planner {
	case Scripted:
		return t.script(ctx)
	case Alone:
		return t.alone(ctx)
	case Inspire:
		return t.inspire(ctx)
	default:
		return t.react(ctx)
	}
}

// answered is the turn as the agent meant it.
func (t *turn) answered() Turn {
	out := Turn{Text: t.answer.text, Items: t.answer.items, End: Recommended, Trace: t.trace}
	switch {
	case t.answer.asks:
		out.End = Asked
	case t.answer.none:
		out.End = None
		if out.Text == "" {
			out.Text = "I found nothing that fits."
		}
	default:
		out.Text = t.a.listed(out.Text, out.Items)
	}
	return out
}

// listed is what a user reads of a recommendation.
func (a *Agent) listed(text string, items []int32) string {
	if text == "" {
		text = "I recommend:"
	}
	lines := []string{text}
	for _, i := range items {
		_, line, _ := strings.Cut(a.catalogue.lines[i], "] ")
		lines = append(lines, "- "+line)
	}
	return strings.Join(lines, "\n")
}

// remember keeps what was said, and what was learned of the user.
func (c *conversation) remember(ctx context.Context, t *turn, out Turn) error {
	if c.a.config.remembers(Short) {
		c.said = append(c.said, said{"person", t.request}, said{"you", clean.Text(out.Text, requestLimit)})
		if len(c.said) > 2*rounds {
			c.said = c.said[len(c.said)-2*rounds:]
		}
		for _, i := range out.Items {
			c.shown[i] = true
		}
	}
	if !c.a.config.remembers(Long) {
		return nil
	}
	return c.profiles.Change(ctx, c.visitor.User, func(p *Profile) {
		p.add(t.learned.Likes, t.learned.Dislikes)
		p.Recommended = newest(append(p.Recommended, out.Items...))
		p.Turns++
	})
}

// rounds of a conversation that a prompt shows.
const rounds = 6

// fallBack recommends in the agent's place: the retriever's best of the bus or, where it has none, what the scripted policy finds.
func (t *turn) fallBack(ctx context.Context, end End) (Turn, error) {
	t.falling = true
	most := t.a.config.Items
	if len(t.bus.items) > 0 {
		start := time.Now()
		items, _, err := t.found(ctx, t.a.parts.Retrievers[t.a.retriever], t.a.retriever, most)
		step := Step{By: ByFallback, Tool: "retrieve", Wall: time.Since(start)}
		if ctx.Err() != nil {
			return Turn{}, context.Cause(ctx)
		}
		if len(items) > 0 {
			t.log(step)
			return Turn{Text: t.a.listed("", items), Items: items, End: end, Fallback: ByRetriever, Trace: t.trace}, nil
		}
		step.Error = "nothing found"
		if err != nil {
			step.Error = err.Error()
		}
		t.log(step)
	}
	t.bus = bus{items: t.c.allowed()}
	t.answer = nil
	if err := t.script(ctx); err != nil && ctx.Err() != nil {
		return Turn{}, context.Cause(ctx)
	}
	out := Turn{Text: "I found nothing that fits.", End: end, Fallback: ByPolicy}
	if t.answer != nil && len(t.answer.items) > 0 {
		out.Items = t.answer.items
		out.Text = t.a.listed(t.answer.text, out.Items)
	}
	out.Trace = t.trace
	return out, nil
}
