package serve

import (
	"fmt"
	"time"
)

// Limits are what one client can take from the others.
type Limits struct {
	Body     int64         // bytes of a request
	Depth    int           // of its JSON
	Messages int           // of a request
	Runes    int           // of a message
	Replay   int           // what a user said before, of a conversation that is not known
	Header   time.Duration // in which a request's header has to come
	Read     time.Duration // in which its body has to come
	Write    time.Duration // in which a piece of the answer has to go
	Turn     time.Duration // for an answer

	Rate  int // turns a minute of a key, or of an address where there are no keys; 0: no limit
	Burst int // of these, at once
	Turns int // of all, at a time

	Sessions int           // that are kept, while nothing is said in them
	Idle     time.Duration // after which one is forgotten

	Beat  time.Duration // after which a stream shows that it lives
	Grace time.Duration // for turns under way when the server ends
}

// DefaultLimits are those of a machine that serves a hundred conversations. Each of them may have an answer every five seconds.
func DefaultLimits() Limits {
	return Limits{
		Body: 1 << 20, Depth: 32, Messages: 200, Runes: 8000, Replay: 8,
		Header: 5 * time.Second, Read: 10 * time.Second, Write: 10 * time.Second, Turn: 2 * time.Minute,
		Rate: 1200, Burst: 200, Turns: 128,
		Sessions: 1000, Idle: 30 * time.Minute,
		Beat: 5 * time.Second, Grace: 15 * time.Second,
	}
}

func (l Limits) validate() error {
	for _, x := range []struct {
		name         string
		value, least int64
	}{
		{"body", l.Body, 1}, {"depth", int64(l.Depth), 4}, {"messages", int64(l.Messages), 1}, {"runes", int64(l.Runes), 1}, {"replay", int64(l.Replay), 0},
		{"header", int64(l.Header), 1}, {"read", int64(l.Read), 1}, {"write", int64(l.Write), 1}, {"turn", int64(l.Turn), 1},
		{"rate", int64(l.Rate), 0}, {"turns", int64(l.Turns), 1}, {"sessions", int64(l.Sessions), 0}, {"idle", int64(l.Idle), 1},
		{"beat", int64(l.Beat), 1}, {"grace", int64(l.Grace), 0},
	} {
		if x.value < x.least {
			return fmt.Errorf("serve: limits: %s is %d, less than %d", x.name, x.value, x.least)
		}
	}
	if l.Rate > 0 && l.Burst <= l.Replay {
		return fmt.Errorf("serve: limits: with bursts of %d turns a conversation of %d could never be opened again", l.Burst, l.Replay+1)
	}
	return nil
}
