package serve

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Whether the model is at hand is asked for once, however many ask, and again when that may have changed.
func TestReady(t *testing.T) {
	var asked atomic.Int32
	var gone atomic.Bool
	c := config()
	c.Ready = func(ctx context.Context) error {
		asked.Add(1)
		if _, bounded := ctx.Deadline(); !bounded || ctx.Err() != nil {
			t.Errorf("a context without an end, or at its end: %v", ctx.Err())
		}
		if gone.Load() {
			return errors.New("no connection to 10.0.0.7")
		}
		return nil
	}
	s := newServer(t, echo, c)
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if r := call(t, s, mustGet(t, "/readyz")); r.Status != http.StatusOK {
				t.Errorf("%d: %s", r.Status, r.Body)
			}
		})
	}
	all.Wait()
	if asked.Load() != 1 {
		t.Errorf("asked %d times", asked.Load())
	}
	gone.Store(true)
	s.readiness.at = time.Now().Add(-2 * readyFor)
	if r := call(t, s, mustGet(t, "/readyz")); r.Status != http.StatusServiceUnavailable || r.Body != `{"status":"model unavailable"}` {
		t.Errorf("%d: %s", r.Status, r.Body)
	}
	// The server itself lives, and so does one whose agent needs no model.
	for _, s := range []*Server{s, newServer(t, echo, config())} {
		if r := call(t, s, mustGet(t, "/healthz")); r.Status != http.StatusOK {
			t.Errorf("%d: %s", r.Status, r.Body)
		}
	}
	if r := call(t, newServer(t, echo, config()), mustGet(t, "/readyz")); r.Status != http.StatusOK {
		t.Errorf("%d: %s", r.Status, r.Body)
	}
}
