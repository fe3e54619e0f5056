package serve

import (
	"context"
	"net/http"
	"sync"
	"time"
)

// Whether an agent's model answers is asked for at most that often, however many ask the server, and not waited for longer.
const (
	readyFor  = 5 * time.Second
	readyMost = 3 * time.Second
)

// readiness is what was found last.
type readiness struct {
	mu  sync.Mutex
	at  time.Time
	err error
}

// is tells whether the agent can answer now. Who asks meanwhile waits for the same finding.
func (r *readiness) is(ctx context.Context, ask func(context.Context) error) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if time.Since(r.at) > readyFor {
		within, cancel := context.WithTimeout(context.WithoutCancel(ctx), readyMost) // of all who ask, not only of the first
		defer cancel()
		r.err, r.at = ask(within), time.Now()
	}
	return r.err
}

// health says that the server lives, and with ready also whether its agent can answer: a model's server may be gone. What is wrong
// with it is logged, as whoever asks needs no key.
func (s *Server) health(w http.ResponseWriter, r *http.Request, ready bool) {
	status, body := http.StatusOK, `{"status":"ok"}`
	if ready && s.config.Ready != nil {
		if err := s.readiness.is(r.Context(), s.config.Ready); err != nil {
			s.log.Warn("the agent's model is not at hand", "cause", err)
			status, body = http.StatusServiceUnavailable, `{"status":"model unavailable"}`
		}
	}
	if s.draining.Load() {
		status, body = http.StatusServiceUnavailable, `{"status":"ending"}`
	}
	s.send(w, status, []byte(body))
}
