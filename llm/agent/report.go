package agent

import (
	"maps"
	"sync"
	"time"
)

// Report says what an agent did, over all conversations. It is the same in whatever order they were held.
type Report struct {
	Planner      string           `json:"planner"`
	Prompt       string           `json:"prompt,omitempty"`
	PromptHash   string           `json:"prompt_sha256,omitempty"`
	CriticHash   string           `json:"critic_sha256,omitempty"`
	Turns        int              `json:"turns"`
	Ends         map[End]int      `json:"ends"`
	Fallbacks    map[Fallback]int `json:"fallbacks"`
	Calls        int              `json:"calls"`    // of models, those that failed among them
	Recorded     int              `json:"recorded"` // of these, answered from a recording
	Failures     int              `json:"failures"` // of these, calls that failed
	PromptTokens int              `json:"prompt_tokens"`
	OutputTokens int              `json:"output_tokens"`
	Tools        map[string]int   `json:"tools"` // calls, by name; names that no tool has are "?"
	ToolErrors   map[Class]int    `json:"tool_errors"`
	Verdicts     map[string]int   `json:"verdicts"` // of the critic: accepted, sent back, unreadable
	Wall         time.Duration    `json:"-"`        // of the models' answers
}

type tally struct {
	mu sync.Mutex
	r  Report
}

func add[K comparable](to *map[K]int, key K) {
	if *to == nil {
		*to = map[K]int{}
	}
	(*to)[key]++
}

func (x *tally) toolError(class Class) {
	x.mu.Lock()
	defer x.mu.Unlock()
	add(&x.r.ToolErrors, class)
}

func (x *tally) verdict(v string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	add(&x.r.Verdicts, v)
}

func (x *tally) turn(out Turn, t *turn) {
	x.mu.Lock()
	defer x.mu.Unlock()
	r := &x.r
	r.Turns++
	add(&r.Ends, out.End)
	if out.Fallback != "" {
		add(&r.Fallbacks, out.Fallback)
	}
	r.Wall += t.walls
	for _, s := range out.Trace {
		switch s.By {
		case ByActor, ByCritic:
			r.Calls++
			if s.Recorded {
				r.Recorded++
			}
			if s.PromptTokens+s.OutputTokens+len(s.Text) == 0 && s.Error != "" {
				r.Failures++
			}
			r.PromptTokens += s.PromptTokens
			r.OutputTokens += s.OutputTokens
		case ByTool:
			name := s.Tool
			if _, known := t.a.tools[name]; !known {
				name = "?"
			}
			add(&r.Tools, name)
		}
	}
}

// Report says what has been done so far.
func (a *Agent) Report() Report {
	a.tally.mu.Lock()
	defer a.tally.mu.Unlock()
	out := a.tally.r
	out.Planner = a.config.Planner
	if a.config.Model() {
		out.Prompt, out.PromptHash, out.CriticHash = a.prompt.Name, a.prompt.Hash, a.review.Hash
	}
	out.Ends, out.Fallbacks, out.Tools = maps.Clone(out.Ends), maps.Clone(out.Fallbacks), maps.Clone(out.Tools)
	out.ToolErrors, out.Verdicts = maps.Clone(out.ToolErrors), maps.Clone(out.Verdicts)
	return out
}
