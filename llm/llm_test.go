package llm_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/cenkalti/backoff/v5"
	"go.uber.org/goleak"

	"llm4rec/llm"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestKey(t *testing.T) {
	id := llm.Identity{Provider: "p", Model: "m", Digest: "d", Dimension: 3, Options: map[string]string{"b": "2", "a": "1"}, BaseURL: "u", Warnings: []string{"w"}}
	same := id
	same.BaseURL, same.Warnings, same.Test = "elsewhere", nil, true
	if id.Key() != same.Key() {
		t.Error("the address, warnings and origin of a model with a digest change its key")
	}
	for name, change := range map[string]func(id *llm.Identity){
		"provider":  func(id *llm.Identity) { id.Provider = "q" },
		"model":     func(id *llm.Identity) { id.Model = "n" },
		"digest":    func(id *llm.Identity) { id.Digest = "e" },
		"dimension": func(id *llm.Identity) { id.Dimension = 4 },
		"options":   func(id *llm.Identity) { id.Options = map[string]string{"a": "1"} },
		"address":   func(id *llm.Identity) { id.Digest = "" },
	} {
		other := id
		change(&other)
		if other.Key() == id.Key() {
			t.Errorf("the key does not depend on the %s", name)
		}
	}
	id.Digest, same.Digest = "", ""
	if id.Key() == same.Key() {
		t.Error("models of one name at two addresses have one key")
	}
}

func TestErrorSaysWhat(t *testing.T) {
	err := &llm.Error{Kind: llm.RateLimited, Provider: "openai", Status: 429, Message: "slow down"}
	if got, want := err.Error(), "openai: rate limited (429): slow down"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestParseBaseURL(t *testing.T) {
	for _, good := range []string{"http://127.0.0.1:11434", "https://example.org/v1/"} {
		if u, err := llm.ParseBaseURL(good); err != nil || u.String() != good {
			t.Errorf("%s: %v, %v", good, u, err)
		}
	}
	for _, bad := range []string{"", "localhost:11434", "ftp://x", "http://", "https://me:secret@x/v1", "https://x/v1?key=secret", "https://x/#secret", "http://secret\x00"} {
		if _, err := llm.ParseBaseURL(bad); err == nil || strings.Contains(err.Error(), "secret@") || strings.Contains(err.Error(), "=secret") || strings.Contains(err.Error(), "#secret") {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

// waits is how long the error asks to wait.
func waits(x llm.Exchange) time.Duration {
	failed := (*llm.Error)(nil)
	if !errors.As(x.Error("p", errors.New("429")), &failed) {
		return -1
	}
	return failed.RetryAfter
}

func TestNotFinite(t *testing.T) {
	for body, want := range map[string]bool{
		`{"embeddings":[[1,2],[3,4]],"error":null}`: false,
		`{"title":"[null]?"}`:                       true, // a doubt goes against the answer
		`{"embeddings":[[null,2]]}`:                 true,
		`{"embeddings":[[1, null ,2]]}`:             true,
		`{"embeddings":[[1,2],null]}`:               true,
		`{"embeddings":[[1,NaN]]}`:                  true,
		`{"embeddings":[[-Infinity,1]]}`:            true,
		`{"embeddings":[[1,2,-inf]]}`:               true,
		``:                                          false,
	} {
		if got := (&llm.Exchange{Body: []byte(body)}).NotFinite(); got != want {
			t.Errorf("%s: %v", body, got)
		}
	}
}

func TestRetryAfter(t *testing.T) {
	for value, want := range map[string]time.Duration{"": 0, "7": 7 * time.Second, "0.5": time.Second / 2, "-1": 0, "NaN": 0, "soon": 0,
		time.Now().Add(-time.Hour).UTC().Format(http.TimeFormat): 0} {
		x := llm.Exchange{Status: 429, Header: http.Header{"Retry-After": {value}}}
		if got := waits(x); got != want {
			t.Errorf("%q: %v, want %v", value, got, want)
		}
	}
	x := llm.Exchange{Status: 429, Header: http.Header{"Retry-After": {time.Now().Add(time.Hour).UTC().Format(http.TimeFormat)}}}
	if got := waits(x); got < 58*time.Minute || got > time.Hour {
		t.Errorf("a date in an hour: %v", got)
	}
}

// fails returns a call that fails so many times.
func fails(times int, err error) func(context.Context) (int, error) {
	calls := 0
	return func(context.Context) (int, error) {
		if calls++; calls <= times {
			return 0, err
		}
		return calls, nil
	}
}

func TestDo(t *testing.T) {
	at := &llm.Error{Kind: llm.Server}
	for _, test := range []struct {
		name  string
		times int
		err   error
		retry llm.Retry
		calls int // 0: it fails
		waits []time.Duration
	}{
		{"at once", 0, nil, llm.Retry{}, 1, nil},
		{"then fine", 2, at, llm.Retry{}, 3, []time.Duration{0, 0}},
		{"wrapped", 1, fmt.Errorf("x: %w", at), llm.Retry{}, 2, []time.Duration{0}},
		{"never", 9, at, llm.Retry{Tries: 3}, 0, []time.Duration{0, 0}},
		{"refused", 1, &llm.Error{Kind: llm.Refused}, llm.Retry{}, 0, nil},
		{"not typed", 1, errors.New("x"), llm.Retry{}, 0, nil},
		{"as the server asks", 1, &llm.Error{Kind: llm.RateLimited, RetryAfter: time.Millisecond}, llm.Retry{}, 2, []time.Duration{time.Millisecond}},
		{"too long a wait", 1, &llm.Error{Kind: llm.RateLimited, RetryAfter: time.Hour}, llm.Retry{}, 0, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			var waits []time.Duration
			test.retry.Backoff = func() backoff.BackOff { return &backoff.ZeroBackOff{} }
			test.retry.Notify = func(_ *llm.Error, wait time.Duration) { waits = append(waits, wait) }
			calls, err := llm.Do(t.Context(), test.retry, fails(test.times, test.err))
			if calls != test.calls || (err == nil) != (test.calls > 0) || !errors.Is(err, test.err) && err != nil {
				t.Errorf("%d calls, %v; want %d", calls, err, test.calls)
			}
			if fmt.Sprint(waits) != fmt.Sprint(test.waits) {
				t.Errorf("waited %v, want %v", waits, test.waits)
			}
		})
	}
}

// Callers that failed together do not come back together.
func TestJitter(t *testing.T) {
	waits := map[time.Duration]bool{}
	for range 5 {
		ctx, cancel := context.WithCancel(t.Context())
		retry := llm.Retry{Notify: func(_ *llm.Error, wait time.Duration) {
			waits[wait] = true
			if wait < time.Second/4 || wait > time.Second {
				t.Errorf("waits %v", wait)
			}
			cancel()
		}}
		if _, err := llm.Do(ctx, retry, fails(1, &llm.Error{Kind: llm.Server})); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	}
	if len(waits) < 2 {
		t.Errorf("all waited %v", waits)
	}
}

func TestDoTimeout(t *testing.T) {
	tries := 0
	retry := llm.Retry{Tries: 2, Timeout: time.Millisecond, Backoff: func() backoff.BackOff { return &backoff.ZeroBackOff{} }}
	_, err := llm.Do(t.Context(), retry, func(ctx context.Context) (int, error) {
		tries++
		<-ctx.Done()
		return 0, new(llm.Exchange).Error("p", ctx.Err())
	})
	if failed := (*llm.Error)(nil); !errors.As(err, &failed) || failed.Kind != llm.Timeout || tries != 2 {
		t.Errorf("%v after %d tries", err, tries)
	}
}

func TestDoGivesTheCause(t *testing.T) {
	cause := errors.New("the user has left")
	ctx, cancel := context.WithCancelCause(t.Context())
	_, err := llm.Do(ctx, llm.Retry{}, func(context.Context) (int, error) {
		cancel(cause)
		return 0, context.Canceled
	})
	if !errors.Is(err, cause) {
		t.Errorf("got %v", err)
	}
}

func TestExchange(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/wrong" {
			w.WriteHeader(http.StatusBadGateway)
		}
		_, _ = w.Write([]byte("0123456789")) // a client that has gone sees nothing
	}))
	defer s.Close()
	client := llm.HTTPClient(s.Client())
	for _, test := range []struct {
		path   string
		stream bool
		limit  int
		kind   llm.Kind // "": none
	}{
		{"/", false, 10, ""}, {"/", true, 10, ""}, {"/", false, 9, llm.Garbage}, {"/", true, 9, llm.Garbage}, {"/wrong", true, 10, llm.Server},
	} {
		ctx, x := llm.Watch(t.Context())
		x.Limit, x.Stream = test.limit, test.stream
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL+test.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := client.Do(request)
		if err == nil {
			_, err = io.Copy(io.Discard, answer.Body)
			_ = answer.Body.Close() // it was read
		}
		failed := (*llm.Error)(nil)
		if test.kind == "" && (err != nil || x.Failed() || string(x.Body) != "0123456789") {
			t.Errorf("%+v: %q, %v", test, x.Body, err)
		}
		if test.kind != "" && (!x.Failed() || !errors.As(x.Error("p", err), &failed) || failed.Kind != test.kind) {
			t.Errorf("%+v: %v", test, err)
		}
	}
}

// What was recorded before requests had tools is found as before.
func TestRequestsWithoutToolsKeepTheirBytes(t *testing.T) {
	r := llm.Request{Messages: []llm.Message{{Role: llm.User, Content: "hello"}}, MaxTokens: 5}
	got, err := json.Marshal(r)
	const want = `{"messages":[{"role":"user","content":"hello"}],"temperature":0,"seed":0,"max_tokens":5}`
	if err != nil || string(got) != want {
		t.Errorf("got %s, %v\nwant %s", got, err, want)
	}
	id := llm.Identity{Provider: "p", Model: "m"}
	key := r.Key(id)
	r.Tools = []llm.Tool{{Name: "search", Schema: json.RawMessage(`{"type":"object"}`)}}
	if r.Key(id) == key {
		t.Error("the key does not depend on the tools")
	}
}

func TestArguments(t *testing.T) {
	for text, want := range map[string]string{"": `{}`, `{"a":1}`: `{"a":1}`, `{"a":`: `"{\"a\":"`} {
		if got := llm.Arguments(text); string(got) != want {
			t.Errorf("%q: %s", text, got)
		}
	}
}
