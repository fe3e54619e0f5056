package serve

import (
	"context"
	"net/http"
	"time"
	"unicode"
	"unicode/utf8"

	"llm4rec/llm"
	"llm4rec/llm/agent"
)

// stream answers in server-sent events. The agent's turn comes whole, so its text is cut into pieces once it is there; until then
// steps and comments show that somebody is at work. Nothing is sent before the first of these, so that what fails at once has its
// status.
func (s *Server) stream(ctx context.Context, cancel context.CancelFunc, w http.ResponseWriter, c client, a *ask, head answer) (*reply, *failure) {
	out := &events{w: w, control: http.NewResponseController(w), limit: s.config.Limits.Write, head: head}
	defer out.end()
	steps, done := make(chan agent.Step), make(chan struct{})
	var r *reply
	var f *failure
	go func() {
		defer close(done)
		r, f = s.converse(ctx, c, a, func(step agent.Step) {
			select {
			case steps <- step:
			case <-ctx.Done():
			}
		})
	}()
	beat := time.NewTicker(s.config.Limits.Beat)
	defer beat.Stop()
	for working := true; working; {
		select {
		case <-done:
			working = false
		case step := <-steps:
			if a.trace {
				out.chunk(chunk{Choices: one(delta{}, ""), Extension: struct {
					Step agent.Step `json:"step"`
				}{sound(step)}})
			} else {
				out.comment("step")
			}
			out.flush()
		case <-beat.C:
			out.comment("working")
			out.flush()
		}
		if out.err != nil {
			cancel() // nobody reads the answer
		}
	}
	if f != nil {
		if !out.begun {
			return nil, f
		}
		s.metrics.failed(f)
		out.data(f.body())
		out.flush()
		return nil, nil
	}
	out.begin()
	for _, piece := range pieces(r.text) {
		out.chunk(chunk{Choices: one(delta{Content: &piece}, "")})
	}
	out.chunk(chunk{Choices: one(delta{}, llm.Stop), Extension: s.extension(r, a)})
	if a.usage {
		usage := r.tokens()
		out.chunk(chunk{Choices: []part{}, Usage: &usage})
	}
	out.data([]byte("[DONE]"))
	out.flush()
	return r, nil
}

// chunk is a piece of an answer.
type chunk struct {
	answer
	Choices   []part  `json:"choices"`
	Usage     *tokens `json:"usage,omitempty"`
	Extension any     `json:"llm4rec,omitempty"`
}

type part struct {
	Index  int         `json:"index"`
	Delta  delta       `json:"delta"`
	Finish *llm.Finish `json:"finish_reason"`
}

type delta struct {
	Role    string  `json:"role,omitempty"`
	Content *string `json:"content,omitempty"`
}

func one(d delta, finish llm.Finish) []part {
	if finish == "" {
		return []part{{Delta: d}}
	}
	return []part{{Delta: d, Finish: &finish}}
}

// events writes server-sent events. After an error nothing more is written.
type events struct {
	w       http.ResponseWriter
	control *http.ResponseController
	limit   time.Duration
	head    answer
	begun   bool
	err     error
}

// begin sends the header, and who speaks.
func (e *events) begin() {
	if e.begun {
		return
	}
	e.begun = true
	e.w.Header().Set("Content-Type", "text/event-stream")
	e.w.Header().Set("X-Accel-Buffering", "no") // that proxies pass on each piece
	empty := ""
	e.chunk(chunk{Choices: one(delta{Role: llm.Assistant, Content: &empty}, "")})
}

func (e *events) chunk(c chunk) {
	c.answer = e.head
	e.data(encode(c))
}

// data has no line end: JSON writes them as escapes.
func (e *events) data(line []byte) { e.write("data: " + string(line) + "\n\n") }

// comment is what every client passes over.
func (e *events) comment(text string) { e.write(": " + text + "\n\n") }

func (e *events) write(event string) {
	e.begin()
	if e.err != nil {
		return
	}
	_ = e.control.SetWriteDeadline(time.Now().Add(e.limit)) // a test's recorder has none
	_, e.err = e.w.Write([]byte(event))
}

// flush sends what is written. The pieces of a text are sent together: they are there together, and a call of the system for each
// would only take time.
func (e *events) flush() {
	if e.err == nil {
		e.err = e.control.Flush()
	}
}

// end gives the connection back to the next request.
func (e *events) end() { _ = e.control.SetWriteDeadline(time.Time{}) }

// pieceLeast is how many bytes a piece has, so that a long answer is not a thousand events.
const pieceLeast = 24

// pieces cuts a text after spaces. Together they are the text, and each is UTF-8.
func pieces(text string) []string {
	var out []string
	begin := 0
	for n, r := range text {
		if end := n + utf8.RuneLen(r); unicode.IsSpace(r) && end-begin >= pieceLeast {
			out = append(out, text[begin:end])
			begin = end
		}
	}
	if begin < len(text) {
		out = append(out, text[begin:])
	}
	return out
}
