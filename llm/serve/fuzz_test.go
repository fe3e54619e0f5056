package serve

import (
	"net/http"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"llm4rec/llm"
)

// FuzzDecode: a request is an error with words, or what the agent can be told as it is.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(messages("a", "b", "c")))
	f.Add([]byte(with(`,"stream":true,"stream_options":{"include_usage":true},"user":"1","metadata":{"session":"x"},"llm4rec":{"trace":true}`, "a")))
	f.Add([]byte(with(`,"tools":[{"type":"function"}],"n":2`, "a")))
	f.Add([]byte(`{"model":"m","messages":[{"role":"user","content":[{"type":"text","text":"a\u0000\ud800"}]}]}`))
	f.Add([]byte(strings.Repeat("[", 100)))
	l := DefaultLimits()
	l.Runes, l.Messages = 100, 5
	f.Fuzz(func(t *testing.T, body []byte) {
		a, failed := decode(body, l)
		if failed != nil {
			if a != nil || failed.status != http.StatusBadRequest || failed.code == "" || failed.message == "" || len(failed.message) > 300 || !utf8.ValidString(failed.message) {
				t.Fatalf("%+v", failed)
			}
			return
		}
		if len(a.said) > l.Messages || a.utterance() == "" || a.model == "" {
			t.Fatalf("%+v", a)
		}
		for n, m := range a.said {
			last := n == len(a.said)-1
			if m.Role != llm.User && (last || m.Role != llm.Assistant) || !utf8.ValidString(m.Content) || utf8.RuneCountInString(m.Content) > l.Runes || plain(m.Content) != m.Content {
				t.Fatalf("%+v", m)
			}
		}
		for _, name := range append(a.ignored, a.user, a.session) {
			if len(name) > nameMost || strings.ContainsFunc(name, unicode.IsControl) {
				t.Fatalf("%q", name)
			}
		}
		if len(a.ignored) > ignoredMost {
			t.Fatalf("%q", a.ignored)
		}
	})
}
