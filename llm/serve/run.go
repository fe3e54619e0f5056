package serve

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"
)

const (
	headerMost  = 16 << 10        // bytes
	quietMost   = 2 * time.Minute // of a connection between requests
	lastMost    = 5 * time.Second // for turns that were told to end
	DefaultAddr = "127.0.0.1:8080"
)

// ErrStuck is that of a server some of whose turns did not end when they were told to.
var ErrStuck = errors.New("serve: turns did not end when they were told to")

// Run listens at an address and serves until the context ends: see [Server.Serve].
func (s *Server) Run(ctx context.Context, addr string) error {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
	if err != nil {
		return fmt.Errorf("serve: %w", err)
	}
	return s.Serve(ctx, l)
}

// Serve serves what comes to a listener, and closes it. When the context ends, nothing more is accepted, turns under way have the
// time that the limits give them, and those that are left are told to end. All that was begun has ended when Serve returns nil.
// It is called once.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	if !loopback(l.Addr()) && (!s.config.Public || len(s.keys) == 0) {
		return errors.Join(ErrExposed, l.Close())
	}
	base, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	defer cancel(nil)
	server := &http.Server{
		Handler:           s,
		BaseContext:       func(net.Listener) context.Context { return base },
		ReadHeaderTimeout: s.config.Limits.Header,
		IdleTimeout:       quietMost,
		MaxHeaderBytes:    headerMost,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
	s.log.Info("serving", "address", l.Addr().String(), "model", s.config.Model)
	var accepting error
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		accepting = server.Serve(l)
	}()
	select {
	case <-ended:
	case <-ctx.Done():
	}
	s.draining.Store(true)
	err := shutdown(server, s.config.Limits.Grace)
	if err != nil {
		s.log.Warn("turns are told to end", "turns", len(s.turns))
		cancel(errEnding)
		if err = shutdown(server, lastMost); err != nil {
			err = errors.Join(ErrStuck, server.Close())
		}
	}
	<-ended
	if !errors.Is(accepting, http.ErrServerClosed) {
		err = errors.Join(fmt.Errorf("serve: %w", accepting), err)
	}
	return err
}

// shutdown waits for the requests under way, for some time.
func shutdown(server *http.Server, most time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), most)
	defer cancel()
	return server.Shutdown(ctx)
}
