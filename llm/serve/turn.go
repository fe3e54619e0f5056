package serve

import (
	"context"
	"fmt"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"llm4rec/llm"
	"llm4rec/llm/agent"
)

// reply is a turn, and what it took to come to it.
type reply struct {
	turn     agent.Turn
	text     string
	user     string        // of the data set; empty: a stranger
	usage    agent.Usage   // with that of turns said again
	model    time.Duration // of it, in which models were at work now
	turns    int           // of the conversation, with this one
	replayed int           // of these, said again
}

// converse has the agent answer what the user says, in the conversation that is meant. A conversation whose turn fails is
// forgotten: nobody knows what the agent still knows of that turn.
func (s *Server) converse(ctx context.Context, c client, a *ask, told func(agent.Step)) (_ *reply, failed *failure) {
	defer func() {
		if p := recover(); p != nil { // one client's turn is not all clients' end
			failed = s.unanswered(ctx, fmt.Errorf("a panic: %v\n%s", p, debug.Stack()))
		}
	}()
	own := owner(c.key, a.user)
	key := own.after(a.before()...)
	if a.session != "" {
		key = own.id(a.session)
		if !s.sessions.hold(key) {
			return nil, &failure{status: http.StatusConflict, code: "session_busy", message: "the session is answering another request"}
		}
		defer s.sessions.release(key)
	}
	visitor, user := s.visitor(a.user)
	x, replay, failed := s.find(c, a, own, key)
	if failed != nil {
		return nil, failed
	}
	whole := false
	defer func() {
		if !whole {
			s.sessions.end()
		}
	}()
	if x.talk == nil {
		x.talk = s.host.Open(visitor)
	}
	r := &reply{user: user, replayed: len(replay)}
	for n, utterance := range append(replay, a.utterance()) {
		tell := told
		if n < len(replay) {
			tell = nil
		}
		turn, err := say(ctx, x.talk, utterance, tell)
		if err != nil {
			return nil, s.unanswered(ctx, err)
		}
		s.metrics.turn(turn, n < len(replay))
		r.turn = turn
		add(&r.usage, turn.Usage)
		r.model += working(turn)
		x.turns++
		x.shown = x.shown.showing(turn.Items)
	}
	r.text, r.turns = s.text(r.turn), x.turns
	x.said = x.said.after(llm.Message{Role: llm.User, Content: a.utterance()}, llm.Message{Role: llm.Assistant, Content: r.text})
	if a.session == "" {
		key = x.said
	}
	whole = true
	s.sessions.put(key, x)
	return r, nil
}

// find takes the conversation that is meant, or begins one and says what has to be said again in it.
func (s *Server) find(c client, a *ask, own, key digest) (*session, []string, *failure) {
	before := own.after(a.before()...)
	x := s.sessions.take(key)
	if x != nil && (len(a.before()) == 0 || x.said == before) {
		return x, nil, nil
	}
	var replay []string
	for _, m := range a.before() {
		if m.Role == llm.User {
			replay = append(replay, m.Content)
		}
	}
	var f *failure
	if most := s.config.Limits.Replay; len(replay) > most {
		f = bad("history_too_long", "messages", "this conversation is not known here, as it has expired or was edited, "+
			"and to say its %d turns again are more than %d: begin a new one, or leave out its beginning", len(replay), most)
	} else if len(replay) > 0 {
		f = s.allow(c.name, len(replay))
	}
	if x != nil && f != nil {
		s.sessions.put(key, x)
	} else if x != nil {
		s.sessions.end() // its history was edited
	}
	if f != nil {
		return nil, nil, f
	}
	s.sessions.begin()
	return &session{said: before}, replay, nil
}

func say(ctx context.Context, talk agent.Conversation, utterance string, told func(agent.Step)) (agent.Turn, error) {
	if teller, is := talk.(agent.Teller); is && told != nil {
		return teller.Tell(ctx, utterance, told)
	}
	return talk.Say(ctx, utterance)
}

// working is how long models were at work for a turn. A recorded answer says how long it took when it was recorded.
func working(t agent.Turn) time.Duration {
	out := t.Usage.Model
	for _, step := range t.Trace {
		if step.Recorded {
			out -= step.Wall
		}
	}
	return out
}

func add(sum *agent.Usage, u agent.Usage) {
	sum.Calls += u.Calls
	sum.PromptTokens += u.PromptTokens
	sum.OutputTokens += u.OutputTokens
	sum.ToolCalls += u.ToolCalls
	sum.ToolErrors += u.ToolErrors
	sum.Wall += u.Wall
	sum.Model += u.Model
}

// text is what the user reads: what the agent wrote, or the items where it wrote nothing.
func (s *Server) text(t agent.Turn) string {
	text := plain(strings.ToValidUTF8(t.Text, "\ufffd"))
	if text != "" {
		return text
	}
	var b strings.Builder
	for n, i := range t.Items {
		it := s.item(i)
		name := it.Title
		if name == "" {
			name = it.ID
		}
		fmt.Fprintf(&b, "%d. %s\n", n+1, name)
	}
	return plain(b.String())
}
