package serve

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"llm4rec/llm/agent"
	"llm4rec/llm/llmtest"
)

func listen(t testing.TB) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

type outcome struct {
	status int
	body   string
	err    error
}

// post asks over the network.
func post(client *http.Client, base, body string) outcome {
	r, err := client.Post(base+"/v1/chat/completions", "application/json", strings.NewReader(body))
	if err != nil {
		return outcome{err: err}
	}
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	return outcome{r.StatusCode, string(text), err}
}

// waiting answers once it may, or when its context ends.
func waiting() (host agent.Host, began, finish chan struct{}) {
	began, finish = make(chan struct{}, 10), make(chan struct{})
	return script(func(ctx context.Context, v agent.Visitor, said []string) (agent.Turn, error) {
		began <- struct{}{}
		select {
		case <-finish:
			return echo(ctx, v, said)
		case <-ctx.Done():
			return agent.Turn{}, ctx.Err()
		}
	}), began, finish
}

func TestDrains(t *testing.T) {
	host, began, finish := waiting()
	s := newServer(t, host, config())
	base, stop := start(t, s)
	client := llmtest.Client(t)
	asked := make(chan outcome, 1)
	go func() { asked <- post(client, base, messages("a")) }()
	<-began
	stopped := make(chan error, 1)
	go func() { stopped <- stop() }()
	for !s.draining.Load() {
		time.Sleep(time.Millisecond)
	}
	for { // nothing more is accepted
		conn, err := net.Dial("tcp", strings.TrimPrefix(base, "http://"))
		if err != nil {
			break
		}
		conn.Close()
		time.Sleep(time.Millisecond)
	}
	if got := call(t, s, request(t.Context(), messages("b"))); got.Status != http.StatusServiceUnavailable || got.Error.Code != "shutting_down" {
		t.Error(got.Body)
	}
	if r := call(t, s, mustGet(t, "/healthz")); r.Status != http.StatusServiceUnavailable {
		t.Errorf("health is %d", r.Status)
	}
	close(finish)
	if got := <-asked; got.status != http.StatusOK || !strings.Contains(got.body, "You said: a") {
		t.Errorf("%+v", got)
	}
	if err := <-stopped; err != nil {
		t.Error(err)
	}
}

func TestCancelsAfterGrace(t *testing.T) {
	for _, fields := range []string{"", `,"stream":true`} {
		host, began, _ := waiting()
		c := config()
		c.Limits.Grace, c.Limits.Beat = 50*time.Millisecond, 10*time.Millisecond
		base, stop := start(t, newServer(t, host, c))
		client := llmtest.Client(t)
		asked := make(chan outcome, 1)
		go func() { asked <- post(client, base, with(fields, "a")) }()
		<-began
		if err := stop(); err != nil {
			t.Error(err)
		}
		got := <-asked
		if got.err != nil || !strings.Contains(got.body, `"code":"shutting_down"`) || strings.Contains(got.body, "[DONE]") {
			t.Errorf("%+v", got)
		}
		if want := map[bool]int{true: 200, false: 503}[fields != ""]; got.status != want {
			t.Errorf("status %d, want %d", got.status, want)
		}
	}
}

func TestExposure(t *testing.T) {
	s := newServer(t, echo, config())
	if err := s.Run(t.Context(), "0.0.0.0:0"); !errors.Is(err, ErrExposed) {
		t.Error(err)
	}
	c := config()
	c.Public = true
	if _, err := New(echo, c); !errors.Is(err, ErrExposed) {
		t.Error(err)
	}
	c.Keys = []string{"short"}
	if _, err := New(echo, c); err == nil {
		t.Error("a key that can be guessed")
	}
	c.Keys = []string{"0123456789abcdef"}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := newServer(t, echo, c).Run(ctx, "0.0.0.0:0"); err != nil && !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	c.Public = false
	l, err := net.Listen("tcp", "0.0.0.0:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := newServer(t, echo, c).Serve(t.Context(), l); !errors.Is(err, ErrExposed) {
		t.Errorf("keys alone do not ask for it: %v", err)
	}
}

// TestClientGoes: who does not wait takes nothing with them.
func TestClientGoes(t *testing.T) {
	for _, fields := range []string{"", `,"stream":true`} {
		host, began, _ := waiting()
		s := newServer(t, host, config())
		base, _ := start(t, s)
		ctx, cancel := context.WithCancel(t.Context())
		r, _ := http.NewRequestWithContext(ctx, http.MethodPost, base+"/v1/chat/completions", strings.NewReader(with(fields, "a")))
		r.Header.Set("Content-Type", "application/json")
		client := llmtest.Client(t)
		gone := make(chan struct{})
		go func() {
			defer close(gone)
			if r, err := client.Do(r); err == nil {
				r.Body.Close()
			}
		}()
		<-began
		cancel()
		<-gone
		for len(s.turns) > 0 {
			time.Sleep(time.Millisecond)
		}
		if open, _, _, _ := s.sessions.open(); open != 0 {
			t.Errorf("%d sessions are open", open)
		}
	}
}
