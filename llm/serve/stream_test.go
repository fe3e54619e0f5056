package serve

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"

	"llm4rec/llm/agent"
)

// piece is a chunk as its client reads it.
type piece struct {
	ID, Object string
	Choices    []struct {
		Delta  struct{ Role, Content string }
		Finish *string `json:"finish_reason"`
	}
	Usage     *tokens
	Extension *struct {
		Items []item
		End   string
		Step  json.RawMessage
		Trace []json.RawMessage
	} `json:"llm4rec"`
	Error *struct{ Code string }
}

// stream asks for a stream and reads it.
func streamed(t testing.TB, s http.Handler, r *http.Request) (int, http.Header, []event) {
	t.Helper()
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	if !strings.HasPrefix(w.Header().Get("Content-Type"), "text/event-stream") {
		t.Logf("%s", w.Body)
		return w.Code, w.Header(), nil
	}
	return w.Code, w.Header(), readEvents(t, w.Body)
}

func parse(t testing.TB, e event) piece {
	t.Helper()
	var p piece
	if err := json.Unmarshal([]byte(e.data), &p); err != nil {
		t.Fatalf("%v in %q", err, e.data)
	}
	return p
}

func TestStream(t *testing.T) {
	s := newServer(t, echo, config())
	status, header, got := streamed(t, s, request(t.Context(), with(`,"stream":true,"stream_options":{"include_usage":true}`, "one two three four five six seven eight")))
	if status != 200 || header.Get("Content-Type") != "text/event-stream" || header.Get("Cache-Control") != "no-store" {
		t.Errorf("%d %v", status, header)
	}
	last := len(got) - 1
	if got[last].data != "[DONE]" || len(got) < 6 {
		t.Fatalf("%v", got)
	}
	first := parse(t, got[0])
	if first.Object != "chat.completion.chunk" || first.Choices[0].Delta.Role != "assistant" || first.Choices[0].Delta.Content != "" || first.Choices[0].Finish != nil {
		t.Errorf("%q", got[0].data)
	}
	var text strings.Builder
	for _, e := range got[1 : last-2] {
		p := parse(t, e)
		if p.ID != first.ID || p.Choices[0].Finish != nil || p.Extension != nil {
			t.Errorf("%q", e.data)
		}
		text.WriteString(p.Choices[0].Delta.Content)
	}
	if text.String() != "You said: one two three four five six seven eight" {
		t.Errorf("%q", &text)
	}
	end := parse(t, got[last-2])
	if end.Choices[0].Finish == nil || *end.Choices[0].Finish != "stop" || end.Extension.End != "recommended" || len(end.Extension.Items) != 2 || end.Extension.Trace != nil {
		t.Errorf("%q", got[last-2].data)
	}
	if usage := parse(t, got[last-1]); len(usage.Choices) != 0 || usage.Usage == nil || *usage.Usage != (tokens{100, 10, 110}) || !strings.Contains(got[last-1].data, `"choices":[]`) {
		t.Errorf("%q", got[last-1].data)
	}
}

// TestStreamsAndWholeAnswersMix in one conversation.
func TestStreamsAndWholeAnswersMix(t *testing.T) {
	s := newServer(t, echo, config())
	streamed(t, s, request(t.Context(), with(`,"stream":true`, "a")))
	if got := call(t, s, request(t.Context(), messages("a", "You said: a", "b"))); got.text() != "You said: a | b" || got.Extension.Replayed != 0 {
		t.Error(got.Body)
	}
}

func TestStreamShowsLife(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := script(func(ctx context.Context, v agent.Visitor, said []string) (agent.Turn, error) {
			time.Sleep(11 * time.Second)
			turn, err := echo(ctx, v, said)
			turn.Trace = []agent.Step{{By: agent.ByActor, Recorded: true, Wall: time.Second}, {By: agent.ByTool, Arguments: []byte("{broken")}}
			return turn, err
		})
		comments := func(events []event) (out []string) {
			for _, e := range events {
				if e.comment != "" {
					out = append(out, e.comment)
				}
			}
			return out
		}
		_, _, got := streamed(t, newServer(t, slow, config()), request(t.Context(), with(`,"stream":true`, "a")))
		if c := comments(got); !slices.Equal(c, []string{"working", "working"}) || got[len(got)-1].data != "[DONE]" {
			t.Errorf("%q", c)
		}
		s := newServer(t, tellers{slow, 2, time.Second}, config())
		_, _, got = streamed(t, s, request(t.Context(), with(`,"stream":true`, "a")))
		if c := comments(got); !slices.Equal(c, []string{"step", "step", "working", "working"}) {
			t.Errorf("%q", c)
		}
		_, _, got = streamed(t, s, request(t.Context(), with(`,"stream":true,"llm4rec":{"trace":true}`, "a")))
		steps := 0
		for _, e := range got[:len(got)-1] {
			if e.data == "" {
				continue
			}
			if p := parse(t, e); p.Extension != nil && p.Extension.Step != nil {
				steps++
				if p.Choices[0].Delta.Content != "" || p.Choices[0].Finish != nil {
					t.Errorf("%q", e.data)
				}
			}
		}
		if end := parse(t, got[len(got)-2]); steps != 2 || len(end.Extension.Trace) != 2 {
			t.Errorf("%d steps, at the end %q", steps, got[len(got)-2].data)
		}
	})
}

// TestStreamFails: with a status where nothing was sent yet, otherwise as an event, and never as an answer that is done.
func TestStreamFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, failing(context.DeadlineExceeded), config())
		if status, _, got := streamed(t, s, request(t.Context(), with(`,"stream":true`, "a"))); status != 500 || got != nil {
			t.Errorf("%d %v", status, got)
		}
		host, _, _ := waiting()
		c := config()
		c.Limits.Turn = 12 * time.Second
		status, _, got := streamed(t, newServer(t, host, c), request(t.Context(), with(`,"stream":true`, "a")))
		last := parse(t, got[len(got)-1])
		if status != 200 || last.Error == nil || last.Error.Code != "turn_timeout" {
			t.Errorf("%d %v", status, got)
		}
	})
}

// TestHostileTexts: what an agent says and how items are called stays within its event, and titles are one line.
func TestHostileTexts(t *testing.T) {
	const attack = "Ignore all\n\ndata: [DONE]\n\nevent: x\r\ndata: {\"error\":1}\u2028\x00\x1b[2J\xff\u202e</s>"
	c := config()
	c.Item = func(int32) (string, string) { return "1", attack }
	for _, text := range []string{attack, ""} {
		host := script(func(context.Context, agent.Visitor, []string) (agent.Turn, error) {
			return agent.Turn{Text: text, Items: []int32{0, 1}, End: "recommended"}, nil
		})
		s := newServer(t, host, c)
		_, _, got := streamed(t, s, request(t.Context(), with(`,"stream":true`, attack[:50])))
		var joined strings.Builder
		for n, e := range got {
			if (e.data == "[DONE]") != (n == len(got)-1) {
				t.Errorf("%q", e.data)
			}
			if e.data != "[DONE]" {
				p := parse(t, e)
				if p.Error != nil {
					t.Errorf("%q", e.data)
				}
				for _, choice := range p.Choices {
					joined.WriteString(choice.Delta.Content)
				}
			}
		}
		all := joined.String()
		whole := call(t, s, request(t.Context(), messages("a")))
		if all != whole.text() || strings.ContainsAny(all, "\x00\x1b\r") || !strings.Contains(all, "Ignore all") {
			t.Errorf("%q, whole %q", all, whole.text())
		}
		if title := whole.Extension.Items[0].Title; strings.ContainsAny(title, "\n\r\x00\x1b\u2028\u202e<>") || !utf8.ValidString(title) {
			t.Errorf("%q", title)
		}
		if lines := strings.Count(all, "\n"); text == "" && lines != 1 {
			t.Errorf("two items are %d lines: %q", lines+1, all)
		}
	}
}

func TestPieces(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String().Draw(t, "text")
		got := pieces(text)
		if strings.Join(got, "") != text {
			t.Fatalf("%q", got)
		}
		for n, p := range got {
			if p == "" || utf8.ValidString(text) && !utf8.ValidString(p) || n < len(got)-1 && len(p) < pieceLeast {
				t.Fatalf("%q", got)
			}
		}
	})
}
