package suite

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"

	"llm4rec/bench"
	"llm4rec/data"
	"llm4rec/eval/dialogue"
	"llm4rec/llm/agent"
	"llm4rec/llm/provider"
	"llm4rec/llm/simulate"
	"llm4rec/models"
	"llm4rec/results"
)

// talkConfig is the model conversation: an agent, and the users that it talks with.
type talkConfig struct {
	AgentConfig `yaml:",inline"`

	Turns       int            `json:"turns" yaml:"turns" jsonschema:"of the agent, at most"`
	K           int            `json:"k" yaml:"k" jsonschema:"items of a turn that the user reads"`
	Repeats     int            `json:"repeats" yaml:"repeats" jsonschema:"conversations with each user, for pass^k"`
	Constraints int            `json:"constraints" yaml:"constraints" jsonschema:"of a user, at most: one that is volunteered, one that is said on being asked, one that is a reason to reject"`
	Simulator   string         `json:"simulator" yaml:"simulator" jsonschema:"rules, or the prompt of a language model that plays the user: free, worded, or the path of a file of that form"`
	User        *provider.Chat `json:"user,omitempty" yaml:"user,omitempty" jsonschema:"that language model"`
}

// byRules is the simulator that asks no model.
const byRules = "rules"

func (c talkConfig) Validate() error {
	bad := func(key string, err error) error { return &data.SpecError{Key: key, Err: err} }
	for _, x := range []struct {
		key   string
		value int
	}{{"turns", c.Turns}, {"k", c.K}, {"repeats", c.Repeats}} {
		if x.value < 1 {
			return bad(x.key, fmt.Errorf("want at least 1, got %d", x.value))
		}
	}
	if c.Constraints < 0 {
		return bad("constraints", fmt.Errorf("want at least 0, got %d", c.Constraints))
	}
	if (c.Simulator == byRules) != (c.User == nil) {
		return bad("simulator", fmt.Errorf("%q: want rules and no user, or a prompt (free, worded, or the path of a file) and the model that user names", c.Simulator))
	}
	if c.User != nil {
		if err := c.User.Validate(); err != nil {
			return bad("user", err)
		}
		if _, err := c.modelled().Hash(); err != nil {
			return bad("simulator", err)
		}
	}
	return c.AgentConfig.Validate()
}

func (c talkConfig) simulation() simulate.Config {
	return simulate.Config{Turns: c.Turns, K: c.K, Repeats: c.Repeats, Parallel: max(1, c.parts.calls.crowd())}
}

func (c talkConfig) modelled() simulate.ModelConfig {
	m := simulate.DefaultModel()
	m.Prompt, m.Seed = c.Simulator, c.env.Seed
	return m
}

// Fingerprint is the agent's, and that of the model and prompt that play users.
func (c talkConfig) Fingerprint() (string, error) {
	sum, err := c.AgentConfig.Fingerprint()
	if err != nil || c.User == nil {
		return sum, err
	}
	key, err := c.parts.calls.key(*c.User)
	if err != nil {
		return "", err
	}
	hash, err := c.modelled().Hash()
	if err != nil {
		return "", err
	}
	return sum + " " + hash + " " + key, nil
}

// Talk has the agent talk with all users.
func (c talkConfig) Talk(ctx context.Context, w bench.Wanted, progress models.Progress) (results.Dialogue, []results.Talk, error) {
	out := results.Dialogue{Simulator: c.Simulator, Turns: c.Turns, K: c.K, Repeats: c.Repeats}
	h, err := c.open(ctx, w.Train, nil) // each conversation is the first: what was learned in another repeat would help
	if err != nil {
		return out, nil, fmt.Errorf("agent: %w", err)
	}
	catalogue, err := simulate.NewCatalogue(w.Train, "{title}", nil)
	if err != nil {
		return out, nil, err
	}
	out.Fields = catalogue.Fields
	raw := map[int32]string{}
	var cases []simulate.Case
	for n, q := range w.Queries {
		raw[q.User] = w.Users[n]
		cases = append(cases, simulate.Case{Visitor: visitorOf(q), Target: w.Targets[n]})
	}
	tasks, err := catalogue.Tasks(cases, uint64(c.env.Seed), c.Constraints)
	if err != nil {
		return out, nil, err
	}
	var users simulate.Simulator = simulate.Rules{}
	var played *partner
	if c.User != nil {
		if played, err = c.parts.calls.meet(ctx, *c.User); err != nil {
			return out, nil, err
		}
		if users, err = c.modelled().New(played); err != nil {
			return out, nil, err
		}
	}
	config := c.simulation()
	done, total := 0, len(tasks)*c.Repeats
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	config.Ended = func(r simulate.Result) {
		// Only what no other conversation can go better with is an error, of the agent or of the user: a spent budget, a key that is
		// refused, tools that a model has not. What failed for once is a turn's end, or an utterance that was replaced.
		if done++; r.Err != nil {
			stop(r.Err)
		}
		progress(done, total, "")
	}
	found, err := simulate.Run(ctx, h, users, tasks, config)
	if err = cmp.Or(err, context.Cause(ctx)); err != nil { // the last conversation may be the one that failed
		return out, nil, err
	}
	list := make([]results.Talk, len(found))
	for n, r := range found {
		for _, x := range r.Turns {
			h.took(x.End, x.Usage)
		}
		if list[n], err = told(r, raw[r.User], w.Train); err != nil {
			return out, nil, err
		}
	}
	summarised(&out, simulate.Summarise(found, c.K))
	out.Agent = h.Acted()
	if played != nil {
		out.User = played.account()
	}
	return out, list, nil
}

// summarised is a summary in the record's form.
func summarised(out *results.Dialogue, s simulate.Summary) {
	out.Outcomes = map[string]int{}
	for k, n := range s.Outcomes {
		out.Outcomes[string(k)] = n
	}
	out.AtBest, out.Left, out.GivenAway, out.Within = s.AtBest, s.Left, s.GivenAway, s.Within
	out.Excluded, out.Unknown, out.Repeated = s.Excluded, s.Unknown, s.Repeated
	for class, n := range s.Replaced {
		if out.Replaced == nil {
			out.Replaced = map[string]int{}
		}
		out.Replaced[string(class)] = n
	}
}

// told is a conversation in the record's form.
func told(r simulate.Result, user string, train *data.Train) (results.Talk, error) {
	c := r.Conversation()
	out := results.Talk{
		User: user, Repeat: int32(r.Repeat), Target: train.Items.Raw(r.Target), Outcome: string(r.Outcome), Rank: int32(r.Rank),
		Turns: int32(c.Turns), Left: int32(r.Left),
		Calls: int32(c.Calls), PromptTokens: int32(c.PromptTokens), OutputTokens: int32(c.OutputTokens),
		ToolCalls: int32(c.ToolCalls), ToolErrors: int32(c.ToolErrors), Seconds: c.Seconds,
	}
	if r.Err != nil {
		out.Error = r.Err.Error()
	}
	share := func(held, of *int32, s dialogue.Share) { *held, *of = int32(s.Held), int32(s.Of) }
	share(&out.Volunteered, &out.VolunteeredOf, c.ByKind[dialogue.Volunteered])
	share(&out.OnAsk, &out.OnAskOf, c.ByKind[dialogue.OnAsk])
	share(&out.Hidden, &out.HiddenOf, c.ByKind[dialogue.Hidden])
	share(&out.Known, &out.KnownOf, c.Known)
	share(&out.Items, &out.ItemsOf, c.Items)
	for _, x := range r.Turns {
		trace, err := json.Marshal(x.Trace)
		if err != nil {
			return out, err
		}
		u := results.Utterance{User: x.User, Agent: x.Agent, End: string(x.End), Trace: string(trace)}
		for _, i := range x.Items {
			u.Items = append(u.Items, train.Items.Raw(i))
		}
		out.Said = append(out.Said, u)
	}
	return out, nil
}

// talking is the registry's line.
func talking(p *parts) bench.Model {
	c := talkConfig{AgentConfig: defaultAgent(p), Turns: 5, K: 10, Repeats: 1, Constraints: 3, Simulator: byRules}
	return bench.RegisterTalker("conversation", "an agent that talks with simulated users, who want the item that is held out", agent.Revision, c, func(c talkConfig, e bench.Env) bench.Talker {
		c.env = e
		return c
	})
}

// Calls is about how many calls a user costs, where every conversation takes all of its turns.
func (c talkConfig) Calls() int {
	calls := c.turnCalls()
	if c.User != nil {
		calls++
	}
	return calls * c.Turns * c.Repeats
}
