package serve

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"llm4rec/llm/agent"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// script is a host whose conversations answer by a function of who speaks and all that they have said.
type script func(ctx context.Context, v agent.Visitor, said []string) (agent.Turn, error)

func (f script) Open(v agent.Visitor) agent.Conversation { return &scripted{f: f, v: v} }

type scripted struct {
	f    script
	v    agent.Visitor
	said []string
}

func (c *scripted) Say(ctx context.Context, utterance string) (agent.Turn, error) {
	if err := ctx.Err(); err != nil {
		return agent.Turn{}, err
	}
	c.said = append(c.said, utterance)
	return c.f(ctx, c.v, slices.Clone(c.said))
}

// echo repeats all that was said to it, so that an answer shows what its conversation remembers.
var echo = script(func(_ context.Context, v agent.Visitor, said []string) (agent.Turn, error) {
	return agent.Turn{
		Text: "You said: " + strings.Join(said, " | "), Items: []int32{v.User + 1, int32(len(said))}, End: "recommended",
		Usage: agent.Usage{Calls: 1, PromptTokens: 100, OutputTokens: 10, ToolCalls: 2, ToolErrors: 1, Wall: 3 * time.Second, Model: 2 * time.Second},
	}, nil
})

// telling is a conversation that tells its steps.
type telling struct {
	agent.Conversation
	steps int
	pause time.Duration
}

var _ agent.Teller = telling{}

func (c telling) Tell(ctx context.Context, utterance string, told func(agent.Step)) (agent.Turn, error) {
	for range c.steps {
		time.Sleep(c.pause)
		told(agent.Step{By: agent.ByTool, Tool: "filter", Arguments: []byte("{broken")})
	}
	return c.Say(ctx, utterance)
}

type tellers struct {
	agent.Host
	steps int
	pause time.Duration
}

func (h tellers) Open(v agent.Visitor) agent.Conversation {
	return telling{h.Host.Open(v), h.steps, h.pause}
}

// config is one without limits of rate, and with a small catalogue.
func config() Config {
	c := Config{Limits: DefaultLimits(), Log: slog.New(slog.DiscardHandler)}
	c.Limits.Rate = 0
	return c
}

func newServer(t testing.TB, host agent.Host, c Config) *Server {
	t.Helper()
	s, err := New(host, c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// reader is an answer as its client reads it.
type reader struct {
	Status  int         `json:"-"`
	Header  http.Header `json:"-"`
	Body    string
	Object  string
	Choices []struct {
		Message struct{ Role, Content string }
		Finish  string `json:"finish_reason"`
	}
	Usage     tokens
	Extension struct {
		Items          []item
		End, User      string
		Turn, Replayed int
		Ignored        []string
		Usage          took
		Trace          []json.RawMessage
	} `json:"llm4rec"`
	Error struct{ Message, Type, Param, Code string }
}

func (r reader) text() string {
	if len(r.Choices) == 0 {
		return ""
	}
	return r.Choices[0].Message.Content
}

// call gives a server one request, without a network.
func call(t testing.TB, s http.Handler, r *http.Request) reader {
	t.Helper()
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	out := reader{Status: w.Code, Header: w.Header(), Body: w.Body.String()}
	if strings.HasPrefix(out.Header.Get("Content-Type"), "application/json") {
		if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil {
			t.Fatalf("%v in %s", err, w.Body)
		}
	}
	return out
}

// request is one for an answer. Header fields come as name, value.
func request(ctx context.Context, body string, header ...string) *http.Request {
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, "http://localhost/v1/chat/completions", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	for n := 0; n < len(header); n += 2 {
		r.Header.Set(header[n], header[n+1])
	}
	return r
}

// messages are what a client sends: the user's and the agent's words by turns.
func messages(said ...string) string { return with("", said...) }

// with is a request with more fields.
func with(fields string, said ...string) string {
	var list []map[string]string
	for n, text := range said {
		list = append(list, map[string]string{"role": []string{"user", "assistant"}[n%2], "content": text})
	}
	return `{"model":"llm4rec","messages":` + string(encode(list)) + fields + `}`
}

// talk is a client that repeats the whole conversation.
type talk struct {
	t      testing.TB
	s      http.Handler
	fields string
	header []string
	said   []string
}

func (k *talk) say(text string) reader {
	k.t.Helper()
	k.said = append(k.said, text)
	got := call(k.t, k.s, request(k.t.Context(), with(k.fields, k.said...), k.header...))
	k.said = append(k.said, got.text())
	return got
}

// start runs a server on loopback and returns its address, and what ends it and says how it ended.
func start(t testing.TB, s *Server) (base string, stop func() error) {
	t.Helper()
	l := listen(t)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ctx, l) }()
	stopped := false
	stop = func() error {
		if stopped {
			return nil
		}
		stopped = true
		cancel()
		return <-ended
	}
	t.Cleanup(func() {
		if err := stop(); err != nil {
			t.Errorf("the server ended with %v", err)
		}
	})
	return "http://" + l.Addr().String(), stop
}

// event is one of a stream: data, or a comment.
type event struct{ data, comment string }

// events reads a stream to its end, and holds its framing: an event is one line, and a line that is empty.
func readEvents(t testing.TB, body io.Reader) []event {
	t.Helper()
	var out []event
	lines := bufio.NewScanner(body)
	for lines.Scan() {
		line := lines.Text()
		data, isData := strings.CutPrefix(line, "data: ")
		comment, isComment := strings.CutPrefix(line, ": ")
		if !isData && !isComment {
			t.Fatalf("a line that is neither data nor a comment: %q", line)
		}
		if isData {
			comment = ""
		} else {
			data = ""
		}
		out = append(out, event{data, comment})
		if !lines.Scan() || lines.Text() != "" {
			t.Fatalf("no empty line after %q", line)
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}
