package serve

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"llm4rec/llm"
	"llm4rec/llm/agent"
)

func mustGet(t testing.TB, path string) *http.Request {
	t.Helper()
	return httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://localhost"+path, nil)
}

// TestBadRequests: each has a status, a code, the field that is wrong, and words.
func TestBadRequests(t *testing.T) {
	user := func(content string) string {
		return `{"model":"llm4rec","messages":[{"role":"user","content":` + content + `}]}`
	}
	many := strings.Repeat(`{"role":"user","content":"a"},`, 200)
	for _, x := range []struct {
		name, body string
		status     int
		code       string
		param      string
	}{
		{"nothing", ``, 400, invalidJSON, ""},
		{"not JSON", `hello`, 400, invalidJSON, ""},
		{"half of it", messages("a")[:20], 400, invalidJSON, ""},
		{"more after it", messages("a") + "{}", 400, invalidJSON, ""},
		{"no object", `[]`, 400, invalidJSON, ""},
		{"null", `null`, 400, invalidJSON, ""},
		{"not UTF-8", user("\"\xff\""), 400, invalidJSON, ""},
		{"a NUL as it is", user("\"a\x00b\""), 400, invalidJSON, ""},
		{"deep", user(strings.Repeat("[", 5000) + strings.Repeat("]", 5000)), 400, invalidJSON, ""},
		{"deep in what is passed over", with(`,"x":`+strings.Repeat(`{"a":`, 100)+"1"+strings.Repeat("}", 100), "a"), 400, invalidJSON, ""},
		{"no model", `{"messages":[{"role":"user","content":"a"}]}`, 400, missing, "model"},
		{"another model", strings.Replace(messages("a"), "llm4rec", "gpt-4", 1), 404, "model_not_found", "model"},
		{"a model that is no text", strings.Replace(messages("a"), `"llm4rec"`, "1", 1), 400, invalidValue, "model"},
		{"no messages", `{"model":"llm4rec"}`, 400, missing, "messages"},
		{"empty messages", `{"model":"llm4rec","messages":[]}`, 400, missing, "messages"},
		{"messages that are none", `{"model":"llm4rec","messages":"a"}`, 400, invalidValue, "messages"},
		{"a message that is none", `{"model":"llm4rec","messages":["a"]}`, 400, invalidValue, "messages[0]"},
		{"null for a message", `{"model":"llm4rec","messages":[null]}`, 400, invalidValue, "messages[0].role"},
		{"too many", `{"model":"llm4rec","messages":[` + many + `{"role":"user","content":"a"}]}`, 400, "array_above_max_length", "messages"},
		{"a long one", messages(strings.Repeat("é", 8001)), 400, tooLong, "messages[0].content"},
		{"an unknown role", `{"model":"llm4rec","messages":[{"role":"root","content":"a"}]}`, 400, invalidValue, "messages[0].role"},
		{"the system alone", `{"model":"llm4rec","messages":[{"role":"system","content":"a"}]}`, 400, invalidValue, "messages"},
		{"the agent's last", messages("a", "b"), 400, invalidValue, "messages"},
		{"nothing said", user(`""`), 400, invalidValue, "messages[0].content"},
		{"spaces and NULs", user(`" \u0000\n\u0007"`), 400, invalidValue, "messages[0].content"},
		{"no content", `{"model":"llm4rec","messages":[{"role":"user"}]}`, 400, invalidValue, "messages[0].content"},
		{"a number", user(`1`), 400, invalidValue, "messages[0].content"},
		{"an image", user(`[{"type":"text","text":"a"},{"type":"image_url","image_url":{"url":"http://x"}}]`), 400, unsupported, "messages[0].content"},
		{"a part of no type", user(`[{"text":"a"}]`), 400, invalidValue, "messages[0].content"},
		{"unknown tools", with(`,"tools":[{"type":"function","function":{"name":"rm"}}]`, "a"), 400, unsupported, "tools"},
		{"functions", with(`,"functions":[{"name":"rm"}]`, "a"), 400, unsupported, "functions"},
		{"a tool that must be called", with(`,"tool_choice":"required"`, "a"), 400, unsupported, "tool_choice"},
		{"a tool's result", `{"model":"llm4rec","messages":[{"role":"tool","content":"a","tool_call_id":"1"}]}`, 400, unsupported, "messages[0].role"},
		{"a call of a tool", `{"model":"llm4rec","messages":[{"role":"assistant","tool_calls":[{"id":"1"}]},{"role":"user","content":"a"}]}`, 400, unsupported, "messages[0].tool_calls"},
		{"two answers", with(`,"n":2`, "a"), 400, unsupported, "n"},
		{"a schema", with(`,"response_format":{"type":"json_schema","json_schema":{}}`, "a"), 400, unsupported, "response_format"},
		{"log-probabilities", with(`,"logprobs":true`, "a"), 400, unsupported, "logprobs"},
		{"a stop", with(`,"stop":"."`, "a"), 400, unsupported, "stop"},
		{"sound", with(`,"modalities":["text","audio"]`, "a"), 400, unsupported, "modalities"},
		{"stream that is a text", with(`,"stream":"yes"`, "a"), 400, invalidValue, "stream"},
		{"metadata of numbers", with(`,"metadata":{"session":1}`, "a"), 400, invalidValue, "metadata"},
		{"a long user", with(`,"user":"`+strings.Repeat("a", 257)+`"`, "a"), 400, tooLong, "user"},
		{"a user with a line end", with(`,"user":"a\nb"`, "a"), 400, invalidValue, "user"},
		{"a session with a NUL", with(`,"metadata":{"session":"a\u0000"}`, "a"), 400, invalidValue, "metadata"},
	} {
		t.Run(x.name, func(t *testing.T) {
			got := call(t, newServer(t, echo, config()), request(t.Context(), x.body))
			if got.Status != x.status || got.Error.Code != x.code || got.Error.Param != x.param || got.Error.Message == "" || got.Error.Type != "invalid_request_error" {
				t.Errorf("%d %s", got.Status, got.Body)
			}
			if len(got.Error.Message) > 250 {
				t.Errorf("%d bytes of words: %s", len(got.Error.Message), got.Error.Message)
			}
		})
	}
}

func TestGoodRequests(t *testing.T) {
	for _, x := range []struct{ name, body, want, ignored string }{
		{"nulls", with(`,"stop":null,"tools":null,"n":null,"user":null,"stream":null,"stream_options":null`, "a"), "a", ""},
		{"what changes nothing", with(`,"n":1,"tools":[],"tool_choice":"auto","response_format":{ "type": "text" },"logprobs":false`, "a"), "a", ""},
		{"passed over", with(`,"temperature":0.2,"max_tokens":5,"seed":1,"extra":{"a":[1]}`, "a"), "a", "extra max_tokens seed temperature"},
		{"hostile names", with(`,"\u202e<x>\n":1`, "a"), "a", "‹x›"},
		{"the system", `{"model":"llm4rec","messages":[{"role":"system","content":"x"},{"role":"developer","content":"y"},{"role":"user","content":"a"}]}`, "a", "messages of the system"},
		{"parts", `{"model":"llm4rec","messages":[{"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]}]}`, "ab", ""},
		{"controls", `{"model":"llm4rec","messages":[{"role":"user","content":"a\u0000b\u001b[2J\r\nc\ud800"}]}`, "a b [2J\nc\ufffd", ""},
	} {
		got := call(t, newServer(t, echo, config()), request(t.Context(), x.body))
		if got.Status != 200 || got.text() != "You said: "+x.want || strings.Join(got.Extension.Ignored, " ") != x.ignored {
			t.Errorf("%s: %d %s", x.name, got.Status, got.Body)
		}
		if got.Object != "chat.completion" || got.Choices[0].Finish != "stop" || got.Choices[0].Message.Role != "assistant" {
			t.Errorf("%s: %s", x.name, got.Body)
		}
	}
}

func TestRoutes(t *testing.T) {
	c := config()
	c.Keys, c.Hosts = []string{"a-key"}, []string{"films.example"}
	s := newServer(t, echo, c)
	key := []string{"Authorization", "Bearer a-key"}
	for _, x := range []struct {
		method, url string
		header      []string
		status      int
		code        string
	}{
		{"GET", "http://localhost/healthz", nil, 200, ""},
		{"HEAD", "http://127.0.0.1:80/healthz", nil, 200, ""},
		{"POST", "http://localhost/healthz", nil, 405, "method_not_allowed"},
		{"GET", "http://[::1]:80/metrics", key, 200, ""},
		{"GET", "http://localhost/metrics", nil, 401, "invalid_api_key"},
		{"GET", "http://localhost/v1/models", key, 200, ""},
		{"GET", "http://localhost/v1/models", []string{"Authorization", "Bearer b-key"}, 401, "invalid_api_key"},
		{"GET", "http://localhost/v1/models", []string{"Authorization", "Basic a-key"}, 401, "invalid_api_key"},
		{"GET", "http://localhost/v1/models/llm4rec", key, 200, ""},
		{"GET", "http://localhost/v1/models/gpt-4", key, 404, "model_not_found"},
		{"GET", "http://localhost/v1/chat/completions", key, 405, "method_not_allowed"},
		{"OPTIONS", "http://localhost/v1/chat/completions", key, 405, "method_not_allowed"},
		{"POST", "http://localhost/v1/chat/completions", nil, 401, "invalid_api_key"},
		{"POST", "http://localhost/v1/chat/completions", key, 200, ""},
		{"POST", "http://localhost/v1/chat/completions/", key, 404, "unknown_url"},
		{"POST", "http://localhost/v1/embeddings", key, 404, "unknown_url"},
		{"POST", "http://films.example/v1/chat/completions", key, 200, ""},
		{"POST", "http://evil.example/v1/chat/completions", key, 403, "host_not_allowed"},
		{"POST", "http://localhost.evil.example/v1/chat/completions", key, 403, "host_not_allowed"},
		{"POST", "http://localhost/v1/chat/completions", append([]string{"Origin", "http://evil.example"}, key...), 403, "cross_origin"},
		{"POST", "http://localhost/v1/chat/completions", append([]string{"Sec-Fetch-Site", "cross-site"}, key...), 403, "cross_origin"},
		{"POST", "http://localhost/v1/chat/completions", append([]string{"Content-Type", "text/plain"}, key...), 415, "unsupported_media_type"},
		{"POST", "http://localhost/v1/chat/completions", append([]string{"Content-Type", ""}, key...), 415, "unsupported_media_type"},
		{"POST", "http://localhost/v1/chat/completions", append([]string{"Content-Type", "application/json; charset=latin1"}, key...), 415, "unsupported_media_type"},
		{"POST", "http://localhost/v1/chat/completions", append([]string{"Content-Type", "application/json; charset=UTF-8"}, key...), 200, ""},
		{"POST", "http://localhost/v1/chat/completions", append([]string{"Content-Encoding", "gzip"}, key...), 415, "unsupported_media_type"},
	} {
		r := httptest.NewRequestWithContext(t.Context(), x.method, x.url, strings.NewReader(messages("a")))
		r.Header.Set("Content-Type", "application/json")
		for n := 0; n < len(x.header); n += 2 {
			r.Header.Set(x.header[n], x.header[n+1])
		}
		got := call(t, s, r)
		if got.Status != x.status || got.Error.Code != x.code {
			t.Errorf("%s %s %v: %d %s", x.method, x.url, x.header, got.Status, got.Body)
		}
		if got.Header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s %s allows other origins", x.method, x.url)
		}
		if x.status == 405 && got.Header.Get("Allow") == "" || x.status == 401 && got.Header.Get("WWW-Authenticate") != "Bearer" {
			t.Errorf("%s %s: %v", x.method, x.url, got.Header)
		}
	}
}

func TestFailures(t *testing.T) {
	key := errors.New("at http://secret.example")
	for _, x := range []struct {
		host   agent.Host
		status int
		code   string
		words  string
	}{
		{failing(key), 500, "agent_failed", "the agent failed"},
		{failing(fmt.Errorf("x: %w", &llm.Error{Kind: llm.NotFound, Message: "secret", Err: key})), 502, "model_failed", "the agent's model failed: not found"},
		{script(func(context.Context, agent.Visitor, []string) (agent.Turn, error) { panic("secret") }), 500, "agent_failed", "the agent failed"},
	} {
		s := newServer(t, x.host, config())
		got := call(t, s, request(t.Context(), messages("a"), "X-Session-Id", "one"))
		if got.Status != x.status || got.Error.Code != x.code || got.Error.Message != x.words || got.Error.Type != "server_error" || got.Header.Get("X-Should-Retry") != "false" {
			t.Errorf("%d %s", got.Status, got.Body)
		}
		if got = call(t, s, request(t.Context(), messages("a"), "X-Session-Id", "one")); got.Status != x.status {
			t.Errorf("the session is not free again: %s", got.Body)
		}
		if open, _, _, _ := s.sessions.open(); open != 0 || len(s.turns) != 0 {
			t.Errorf("%d sessions and %d turns are left", open, len(s.turns))
		}
	}
}

func failing(err error) agent.Host {
	return script(func(context.Context, agent.Visitor, []string) (agent.Turn, error) { return agent.Turn{}, err })
}

func TestTurnTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		host, _, _ := waiting()
		c := config()
		c.Limits.Turn = time.Minute
		got := call(t, newServer(t, host, c), request(t.Context(), messages("a")))
		if got.Status != http.StatusGatewayTimeout || got.Error.Code != "turn_timeout" || got.Error.Message != "no answer within 1m0s" {
			t.Errorf("%d %s", got.Status, got.Body)
		}
	})
}

func TestRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := config()
		c.Limits.Rate, c.Limits.Burst, c.Limits.Replay = 60, 3, 2
		s := newServer(t, echo, c)
		ask := func(from, body string) reader {
			r := request(t.Context(), body)
			r.RemoteAddr = from
			return call(t, s, r)
		}
		for _, from := range []string{"192.0.2.1:1", "192.0.2.1:2", "192.0.2.1:3", "192.0.2.2:1"} {
			if got := ask(from, messages("a")); got.Status != 200 {
				t.Error(got.Body)
			}
		}
		got := ask("192.0.2.1:4", messages("a"))
		if got.Status != http.StatusTooManyRequests || got.Error.Code != "rate_limit_exceeded" || got.Error.Type != "rate_limit_error" || got.Header.Get("Retry-After") != "1" {
			t.Errorf("%d %v %s", got.Status, got.Header, got.Body)
		}
		time.Sleep(2 * time.Second)
		if got := ask("192.0.2.1:5", messages("a", "b", "c", "d", "e")); got.Status != http.StatusTooManyRequests { // three turns
			t.Error("what is said again counts for nothing")
		}
		for n := range 4 { // one network
			if got := ask(fmt.Sprintf("[2001:db8::%d]:1", n), messages("a")); (got.Status == 200) != (n < 3) {
				t.Errorf("%d: %s", n, got.Body)
			}
		}
	})
}

func TestGuessedKeysCount(t *testing.T) {
	c := config()
	c.Keys, c.Limits.Rate, c.Limits.Burst = []string{"a-key"}, 60, 10
	s := newServer(t, echo, c)
	for n := range 11 {
		want := map[bool]int{true: 401, false: 429}[n < 10]
		if got := call(t, s, request(t.Context(), messages("a"), "Authorization", fmt.Sprint("Bearer ", n))); got.Status != want {
			t.Errorf("%d: %s", n, got.Body)
		}
	}
	if got := call(t, s, request(t.Context(), messages("a"), "Authorization", "Bearer a-key")); got.Status != 200 {
		t.Errorf("who has a key is kept out by those who guess: %s", got.Body)
	}
}

// TestManyPlaces: memory is bounded, and nobody's allowance is new because others came.
func TestManyPlaces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRates(60, 2)
		for n := range clientsMost {
			r.wait(fmt.Sprint(n), 1)
		}
		if len(r.clients) != clientsMost || r.wait("new", 2) != 0 || r.wait("newer", 1) == 0 || len(r.clients) != clientsMost {
			t.Errorf("%d places", len(r.clients))
		}
		time.Sleep(time.Minute)
		if r.wait("newest", 2) != 0 || len(r.clients) != 1 {
			t.Errorf("%d places", len(r.clients))
		}
	})
}

func TestTooManyTurns(t *testing.T) {
	host, began, finish := waiting()
	c := config()
	c.Limits.Turns = 1
	s := newServer(t, host, c)
	done := make(chan reader)
	go func() { done <- call(t, s, request(t.Context(), messages("a"))) }()
	<-began
	got := call(t, s, request(t.Context(), messages("b")))
	if got.Status != http.StatusServiceUnavailable || got.Error.Code != "overloaded" || got.Header.Get("Retry-After") != "1" {
		t.Errorf("%d %v %s", got.Status, got.Header, got.Body)
	}
	close(finish)
	if got := <-done; got.Status != 200 {
		t.Error(got.Body)
	}
}

func TestLimitsAreChecked(t *testing.T) {
	if _, err := New(echo, Config{}); err == nil {
		t.Error("no limits")
	}
	c := config()
	c.Limits.Rate, c.Limits.Burst = 10, c.Limits.Replay
	if _, err := New(echo, c); err == nil {
		t.Error("a burst that is too small to open a conversation again")
	}
	for _, key := range []string{"", "two words", "ключ"} {
		c := config()
		c.Keys = []string{key}
		if _, err := New(echo, c); err == nil {
			t.Errorf("the key %q", key)
		}
	}
}
