package serve

import (
	"crypto/rand"
	"encoding/json"
	"time"

	"llm4rec/llm"
	"llm4rec/llm/agent"
)

// answer is what all pieces of one have in common.
type answer struct {
	ID      string `json:"id"`
	Object  string `json:"object"`
	Created int64  `json:"created"`
	Model   string `json:"model"`
}

func newAnswer(model string, a *ask) answer {
	object := "chat.completion"
	if a.stream {
		object += ".chunk"
	}
	return answer{"chatcmpl-" + rand.Text(), object, time.Now().Unix(), model}
}

// item is what a client reads of one.
type item struct {
	ID    string `json:"id"`
	Title string `json:"title"`
}

// extension is what an answer says beside OpenAI's fields.
type extension struct {
	Items    []item       `json:"items"` // best first
	End      agent.End    `json:"end"`
	User     string       `json:"user,omitempty"` // of the data set; left out for a stranger
	Turn     int          `json:"turn"`           // of the conversation, from 1
	Replayed int          `json:"replayed"`       // turns that were said again, because the conversation was not known
	Ignored  []string     `json:"ignored,omitempty"`
	Usage    took         `json:"usage"`
	Trace    []agent.Step `json:"trace,omitempty"` // where it was asked for
}

// took is a usage with its units.
type took struct {
	Calls        int     `json:"calls"`
	ToolCalls    int     `json:"tool_calls"`
	ToolErrors   int     `json:"tool_errors"`
	Seconds      float64 `json:"seconds"`
	ModelSeconds float64 `json:"model_seconds"`
}

// tokens are a usage in OpenAI's form.
type tokens struct {
	Prompt int `json:"prompt_tokens"`
	Output int `json:"completion_tokens"`
	Total  int `json:"total_tokens"`
}

func (r *reply) tokens() tokens {
	return tokens{r.usage.PromptTokens, r.usage.OutputTokens, r.usage.PromptTokens + r.usage.OutputTokens}
}

func (s *Server) extension(r *reply, a *ask) *extension {
	u := r.usage
	e := &extension{
		Items: []item{}, End: r.turn.End, User: r.user, Turn: r.turns, Replayed: r.replayed, Ignored: a.ignored,
		Usage: took{u.Calls, u.ToolCalls, u.ToolErrors, u.Wall.Seconds(), u.Model.Seconds()},
	}
	for _, n := range r.turn.Items {
		e.Items = append(e.Items, s.item(n))
	}
	if a.trace {
		for _, step := range r.turn.Trace {
			e.Trace = append(e.Trace, sound(step))
		}
	}
	return e
}

// sound is a step that can be encoded: arguments are what a model wrote, and may be no JSON.
func sound(step agent.Step) agent.Step {
	if step.Arguments != nil && !json.Valid(step.Arguments) {
		step.Arguments = encode(string(step.Arguments))
	}
	return step
}

// whole is an answer in one piece.
func (a answer) whole(e *extension, r *reply) []byte {
	type choice struct {
		Index   int         `json:"index"`
		Message llm.Message `json:"message"`
		Finish  llm.Finish  `json:"finish_reason"`
	}
	return encode(struct {
		answer
		Choices   []choice   `json:"choices"`
		Usage     tokens     `json:"usage"`
		Extension *extension `json:"llm4rec"`
	}{a, []choice{{Message: llm.Message{Role: llm.Assistant, Content: r.text}, Finish: llm.Stop}}, r.tokens(), e})
}
