package serve

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"llm4rec/llm/agent"
)

// visitors are the users 0 to 99, by their numbers.
func visitors(name string) (agent.Visitor, bool) {
	var n int32
	if _, err := fmt.Sscan(name, &n); err != nil || n < 0 || n > 99 {
		return agent.Visitor{}, false
	}
	return agent.Visitor{User: n}, true
}

func TestConversationGoesOn(t *testing.T) {
	c := config()
	c.Visitors = visitors
	k := &talk{t: t, s: newServer(t, echo, c), fields: `,"user":"7"`}
	k.say("a")
	got := k.say("b")
	if got.text() != "You said: a | b" || got.Extension.Turn != 2 || got.Extension.Replayed != 0 || got.Extension.User != "7" {
		t.Errorf("%+v", got)
	}
	if got := got.Extension.Items; !slices.Equal(got, []item{{ID: "8"}, {ID: "2"}}) {
		t.Errorf("items %v", got)
	}
	if got.Usage != (tokens{100, 10, 110}) || got.Extension.Usage != (took{1, 2, 1, 3, 2}) || got.Extension.End != "recommended" {
		t.Errorf("%+v", got)
	}
	k.said[3] = "  " + k.said[3] + "\r\n" // as some clients repeat it
	if got := k.say("c"); got.text() != "You said: a | b | c" || got.Extension.Replayed != 0 {
		t.Errorf("%+v", got)
	}
}

func TestStranger(t *testing.T) {
	c := config()
	c.Visitors = visitors
	for _, fields := range []string{"", `,"user":"nobody"`} {
		k := &talk{t: t, s: newServer(t, echo, c), fields: fields}
		if got := k.say("a"); got.Extension.Items[0].ID != "0" || got.Extension.User != "" {
			t.Errorf("%s: %+v", fields, got)
		}
	}
}

func TestEditedHistory(t *testing.T) {
	s := newServer(t, echo, config())
	k := &talk{t: t, s: s}
	k.say("a")
	k.say("b")
	k.said[0] = "A"
	got := k.say("c")
	if got.text() != "You said: A | b | c" || got.Extension.Replayed != 2 || got.Extension.Turn != 3 || got.Usage.Prompt != 300 {
		t.Errorf("%+v", got)
	}
	if got = k.say("d"); got.text() != "You said: A | b | c | d" || got.Extension.Replayed != 0 {
		t.Errorf("%+v", got)
	}
	again := &talk{t: t, s: s, said: slices.Clone(k.said[:6])} // the last answer once more
	if got = again.say("d"); got.text() != "You said: A | b | c | d" || got.Extension.Replayed != 3 {
		t.Errorf("%+v", got)
	}
}

func TestLongHistoryIsRefused(t *testing.T) {
	var said []string
	for range 9 {
		said = append(said, "more", "of it")
	}
	got := call(t, newServer(t, echo, config()), request(t.Context(), messages(append(said, "end")...)))
	if got.Status != http.StatusBadRequest || got.Error.Code != "history_too_long" || got.Error.Param != "messages" {
		t.Errorf("%+v", got)
	}
}

func TestNamedSession(t *testing.T) {
	s := newServer(t, echo, config())
	say := func(want string, replayed int, r *http.Request) {
		t.Helper()
		if got := call(t, s, r); got.text() != want || got.Extension.Replayed != replayed {
			t.Errorf("%q, %d said again, want %q: %s", got.text(), got.Extension.Replayed, want, got.Body)
		}
	}
	say("You said: a", 0, request(t.Context(), messages("a"), "X-Session-Id", "one"))
	say("You said: a | b", 0, request(t.Context(), with(`,"metadata":{"session":"one"}`, "b")))                                           // the new words alone
	say("You said: a | b | c", 0, request(t.Context(), messages("a", "You said: a", "b", "You said: a | b", "c"), "X-Session-Id", "one")) // all of them
	say("You said: x", 0, request(t.Context(), messages("x"), "X-Session-Id", "two"))
	say("You said: A | b", 1, request(t.Context(), messages("A", "You said: A", "b"), "X-Session-Id", "one")) // edited
	say("You said: A | b | c", 0, request(t.Context(), messages("c"), "X-Session-Id", "one"))
	if got := call(t, s, request(t.Context(), with(`,"metadata":{"session":"two"}`, "b"), "X-Session-Id", "one")); got.Status != http.StatusBadRequest {
		t.Errorf("two ids: %s", got.Body)
	}
}

// TestOwners: what a session is called, or what was said in it, leads nobody else to it.
func TestOwners(t *testing.T) {
	c := config()
	c.Keys, c.Visitors = []string{"first-key", "second-key"}, visitors
	s := newServer(t, echo, c)
	for _, named := range []bool{true, false} {
		for n, other := range []struct{ key, user string }{{"second-key", "1"}, {"first-key", "2"}, {"first-key", ""}} {
			id := fmt.Sprint("session ", n)
			header := func(key string) []string {
				out := []string{"Authorization", "Bearer " + key}
				if named {
					out = append(out, "X-Session-Id", id)
				}
				return out
			}
			mine := &talk{t: t, s: s, fields: `,"user":"1"`, header: header("first-key")}
			if got := mine.say("secret"); got.Status != 200 {
				t.Fatal(got.Body)
			}
			theirs := &talk{t: t, s: s, fields: `,"user":"` + other.user + `"`, header: header(other.key)}
			if got := theirs.say("b"); strings.Contains(got.text(), "secret") || got.Extension.Turn != 1 {
				t.Errorf("%+v under %q: %s", other, id, got.Body)
			}
			guess := &talk{t: t, s: s, fields: theirs.fields, header: theirs.header, said: slices.Clone(mine.said)}
			if got := guess.say("b"); got.Extension.Replayed != 1 {
				t.Errorf("%+v under %q: %s", other, id, got.Body)
			}
			if got := mine.say("mine"); !strings.HasSuffix(got.text(), "secret | mine") || got.Extension.Replayed != 0 {
				t.Errorf("%+v under %q: %s", other, id, got.Body)
			}
		}
	}
}

// TestIsolation: many conversations at once that begin with the same words and end with their own.
func TestIsolation(t *testing.T) {
	c := config()
	s := newServer(t, echo, c)
	var all sync.WaitGroup
	for n := range 64 {
		all.Go(func() {
			k := &talk{t: t, s: s}
			if n%2 == 1 {
				k.header = []string{"X-Session-Id", fmt.Sprint(n)}
			}
			want := []string{"hello", "hello again"}
			k.say("hello")
			k.say("hello again")
			for turn := range 4 {
				word := fmt.Sprintf("word %d of %d", turn, n)
				want = append(want, word)
				if got := k.say(word); got.text() != "You said: "+strings.Join(want, " | ") || got.Extension.Replayed != 0 {
					t.Errorf("%+v", got)
				}
			}
		})
	}
	all.Wait()
	if open, opened, _, _ := s.sessions.open(); open != 64 || opened != 64 {
		t.Errorf("%d open of %d", open, opened)
	}
}

// TestSameWordsOtherItems: where a client's words do not tell which conversation is meant, it is opened anew.
func TestSameWordsOtherItems(t *testing.T) {
	shown := int32(0)
	host := script(func(_ context.Context, _ agent.Visitor, said []string) (agent.Turn, error) {
		shown++
		return agent.Turn{Text: fmt.Sprintf("Turn %d.", len(said)), Items: []int32{shown}}, nil
	})
	s := newServer(t, host, config())
	one, two := &talk{t: t, s: s}, &talk{t: t, s: s}
	one.say("a")
	two.say("a")
	for _, k := range []*talk{one, two} {
		if got := k.say("b"); got.Extension.Replayed != 1 {
			t.Error(got.Body)
		}
	}
}

func TestSessionsAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := config()
		c.Limits.Sessions, c.Limits.Idle = 2, time.Minute
		s := newServer(t, echo, c)
		first, second, third := &talk{t: t, s: s}, &talk{t: t, s: s}, &talk{t: t, s: s}
		first.say("1")
		second.say("2")
		first.say("1")
		third.say("3") // the second goes: it was used before the first
		for k, replayed := range map[*talk]int{first: 0, third: 0} {
			if got := k.say("more"); got.Extension.Replayed != replayed {
				t.Error(got.Body)
			}
		}
		if got := second.say("more"); got.Extension.Replayed != 1 {
			t.Error(got.Body)
		}
		time.Sleep(61 * time.Second)
		if open, opened, expired, evicted := s.sessions.open(); open != 0 || opened != 4 || expired != 2 || evicted != 2 {
			t.Errorf("%d open of %d, %d expired, %d evicted", open, opened, expired, evicted)
		}
		if len(s.sessions.kept) != 0 || len(s.sessions.held) != 0 {
			t.Error("something is left of sessions that are gone")
		}
	})
}

func TestBusySession(t *testing.T) {
	began, finish := make(chan struct{}, 2), make(chan struct{})
	host := script(func(ctx context.Context, v agent.Visitor, said []string) (agent.Turn, error) {
		began <- struct{}{}
		<-finish
		return echo(ctx, v, said)
	})
	s := newServer(t, host, config())
	var all sync.WaitGroup
	all.Go(func() { call(t, s, request(t.Context(), messages("a"), "X-Session-Id", "one")) })
	<-began
	if got := call(t, s, request(t.Context(), messages("b"), "X-Session-Id", "one")); got.Status != http.StatusConflict || got.Error.Code != "session_busy" {
		t.Error(got.Body)
	}
	all.Go(func() { call(t, s, request(t.Context(), messages("b"))) }) // nobody's
	<-began
	close(finish)
	all.Wait()
	if got := call(t, s, request(t.Context(), messages("b"), "X-Session-Id", "one")); got.text() != "You said: a | b" {
		t.Error(got.Body)
	}
}

// TestFailedTurn: of a conversation whose turn failed nothing goes on.
func TestFailedTurn(t *testing.T) {
	fails := true
	host := script(func(ctx context.Context, v agent.Visitor, said []string) (agent.Turn, error) {
		if len(said) == 2 && fails {
			fails = false
			return agent.Turn{}, errors.New("no")
		}
		return echo(ctx, v, said)
	})
	s := newServer(t, host, config())
	k := &talk{t: t, s: s}
	k.say("a")
	if got := k.say("b"); got.Status != http.StatusInternalServerError {
		t.Error(got.Body)
	}
	k.said = k.said[:2]
	if got := k.say("b"); got.text() != "You said: a | b" || got.Extension.Replayed != 1 {
		t.Error(got.Body)
	}
	if open, _, _, _ := s.sessions.open(); open != 1 {
		t.Errorf("%d open", open)
	}
}
