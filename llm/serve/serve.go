// Package serve lets any client of OpenAI's chats talk with an agent over HTTP, whole or in server-sent events.
//
// What such a client sends is the whole conversation, each time. The server keeps the conversations that its agent has opened and
// finds the one that is meant: by the id that the client gives it (the header X-Session-Id, or session in metadata), otherwise by a
// hash of all that was said before, which a client repeats. A conversation that is not known, because it has expired, or its history
// was edited, or an answer is to be given again, is opened anew: what the user said before is said again, up to a bound, and
// answered anew, so that the agent knows it. A history that is longer is refused.
//
// A conversation belongs to who opened it: their key, and the user that they speak for. Ids and hashes are of that too, so nobody
// comes upon another's. Without keys all clients are one, who may only be on the same machine. A conversation has one request at a
// time: another one with its id is refused, and with its history opens one of its own.
//
// Messages of the system are passed over, as the agent has its own, and so are fields that choose how a model writes. Fields that
// ask for something else than text are refused. What was passed over, the ids of items, and how the turn went are in the answer's
// field llm4rec, which clients that do not know it pass over in turn.
//
// Not in scope: encryption, for which a proxy has to stand before it, and accounts. A key opens every user of the data set.
package serve

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"llm4rec/llm/agent"
	"llm4rec/llm/clean"
)

// Config says what is served to whom.
type Config struct {
	Model  string   // the name that the agent goes by; empty: llm4rec
	Keys   []string // one of which a client must have; empty: none is asked for
	Public bool     // listen elsewhere than on loopback, which needs a key
	Hosts  []string // names beside those of loopback under which a server there may be called, such as that of a proxy

	// Visitors finds the user of the data set whom a request names; nil: there are none. Who is not found is a stranger, with
	// User -1 and no history. It may be called from many goroutines at once.
	Visitors func(name string) (agent.Visitor, bool)
	// Item is what clients read of an item; nil: its number. It may be called from many goroutines at once.
	Item func(item int32) (id, title string)

	// Ready says what is wrong with the models that the agent asks; nil: nothing can be. It is called from one goroutine at a time, now
	// and then.
	Ready func(context.Context) error

	Limits Limits       // start from [DefaultLimits]
	Log    *slog.Logger // nil: the default logger. What is said, and keys, are not logged
}

// DefaultModel is the name of an agent that is given none.
const DefaultModel = "llm4rec"

// keyLeast is how long a key has to be that strangers can try.
const keyLeast = 16

// Server answers requests by an agent's conversations.
type Server struct {
	host     agent.Host
	config   Config
	keys     [][sha256.Size]byte
	log      *slog.Logger
	born     time.Time
	sessions *sessions
	rates    *rates
	metrics  *metrics
	turns    chan struct{} // a place for each turn that is being made
	draining atomic.Bool
	foreign  *http.CrossOriginProtection

	readiness readiness
}

var _ http.Handler = (*Server)(nil)

// New makes a server, which listens once it is told to. It can also be had as a handler.
func New(host agent.Host, c Config) (*Server, error) {
	if err := c.Limits.validate(); err != nil {
		return nil, err
	}
	if c.Model == "" {
		c.Model = DefaultModel
	}
	if c.Item == nil {
		c.Item = func(item int32) (string, string) { return strconv.Itoa(int(item)), "" }
	}
	s := &Server{
		host: host, config: c, log: c.Log, born: time.Now(),
		sessions: newSessions(c.Limits.Sessions, c.Limits.Idle),
		rates:    newRates(c.Limits.Rate, c.Limits.Burst),
		metrics:  newMetrics(),
		turns:    make(chan struct{}, c.Limits.Turns),
		foreign:  http.NewCrossOriginProtection(),
	}
	if s.log == nil {
		s.log = slog.Default()
	}
	for n, key := range c.Keys {
		if key == "" || strings.ContainsFunc(key, func(r rune) bool { return r <= ' ' || r > '~' }) {
			return nil, fmt.Errorf("serve: key %d is empty, or has a sign that no header can carry", n+1)
		}
		if c.Public && len(key) < keyLeast {
			return nil, fmt.Errorf("serve: key %d has %d characters, fewer than the %d that keep strangers from guessing it", n+1, len(key), keyLeast)
		}
		s.keys = append(s.keys, sha256.Sum256([]byte(key)))
	}
	if c.Public && len(s.keys) == 0 {
		return nil, ErrExposed
	}
	return s, nil
}

// ErrExposed is that of a server that would be open to everybody who can reach it.
var ErrExposed = errors.New("serve: listening elsewhere than on loopback has to be asked for, and needs a key")

// visitor is who speaks, and under what name they are known.
func (s *Server) visitor(name string) (agent.Visitor, string) {
	if s.config.Visitors != nil && name != "" {
		if v, ok := s.config.Visitors(name); ok {
			return v, name
		}
	}
	return agent.Visitor{User: -1}, ""
}

// item is what a client reads of an item: those who write titles are not those who run the client's terminal.
func (s *Server) item(n int32) item {
	id, title := s.config.Item(n)
	return item{ID: clean.Text(id, titleMost), Title: clean.Text(title, titleMost)}
}

const titleMost = 200
