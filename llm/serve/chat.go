package serve

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"
)

// chat answers what a user says.
func (s *Server) chat(w http.ResponseWriter, r *http.Request, c client) *failure {
	if s.draining.Load() {
		return &failure{status: http.StatusServiceUnavailable, code: "shutting_down", message: "the server is shutting down", closes: true}
	}
	if f := media(r); f != nil {
		return f
	}
	if f := s.allow(c.name, 1); f != nil {
		return f
	}
	body, f := s.read(w, r)
	if f != nil {
		return f
	}
	begin := time.Now()
	a, f := decode(body, s.config.Limits)
	if f != nil {
		return f
	}
	if a.model != s.config.Model {
		return s.unknown()
	}
	if f := named(a, r.Header.Get("X-Session-Id")); f != nil {
		return f
	}
	select {
	case s.turns <- struct{}{}:
		defer func() { <-s.turns }()
	default:
		return &failure{status: http.StatusServiceUnavailable, code: "overloaded", message: fmt.Sprintf("%d turns are being made", cap(s.turns)), after: time.Second}
	}
	ctx, cancel := context.WithTimeoutCause(r.Context(), s.config.Limits.Turn, errTurnTime)
	defer cancel()
	out := newAnswer(s.config.Model, a)
	var got *reply
	if a.stream {
		got, f = s.stream(ctx, cancel, w, c, a, out)
	} else if got, f = s.converse(ctx, c, a, nil); f == nil {
		s.send(w, http.StatusOK, out.whole(s.extension(got, a), got))
	}
	if got != nil {
		s.metrics.answered(time.Since(begin), got.model)
	}
	return f
}

// named takes the session's id from the header, where it is there.
func named(a *ask, id string) *failure {
	if id == "" {
		return nil
	}
	if f := checkName("X-Session-Id", id); f != nil {
		return f
	}
	if a.session != "" && a.session != id {
		return bad(invalidValue, "metadata", "metadata names another session than the header X-Session-Id")
	}
	a.session = id
	return nil
}

// read takes the body, in time and within its limit. What is left of a body that is too long is not read: the connection goes.
func (s *Server) read(w http.ResponseWriter, r *http.Request) ([]byte, *failure) {
	l := s.config.Limits
	large := &failure{status: http.StatusRequestEntityTooLarge, code: "request_too_large", message: fmt.Sprintf("the body has more than %d bytes", l.Body), closes: true}
	if r.ContentLength > l.Body {
		return nil, large
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, l.Body))
	over := (*http.MaxBytesError)(nil)
	switch {
	case err == nil:
		_ = http.NewResponseController(w).SetReadDeadline(time.Time{}) // the wait for the answer does not count
		return body, nil
	case errors.As(err, &over):
		return nil, large
	case errors.Is(err, os.ErrDeadlineExceeded):
		return nil, &failure{status: http.StatusRequestTimeout, code: "request_timeout", message: fmt.Sprintf("the body did not come within %v", l.Read), closes: true}
	case r.Context().Err() != nil, errors.Is(err, io.ErrUnexpectedEOF):
		return nil, &failure{status: statusGone, code: "client_closed_request", message: "the client is gone", closes: true}
	default:
		return nil, &failure{status: http.StatusBadRequest, code: "unreadable_body", message: "the body cannot be read", closes: true}
	}
}
