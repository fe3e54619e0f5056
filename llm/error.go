package llm

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Kind says in what way a call failed.
type Kind string

const (
	Unavailable    Kind = "unavailable"     // no connection, or one that was cut
	Timeout        Kind = "timeout"         // no answer in time
	RateLimited    Kind = "rate limited"    // too many calls
	Server         Kind = "server error"    // the server says that it failed
	Garbage        Kind = "garbage"         // an answer that cannot be one to the question
	NotFinite      Kind = "not finite"      // a vector with NaN, infinity or null
	WrongDimension Kind = "wrong dimension" // a vector of another length than the others
	Refused        Kind = "refused"         // the server does not accept the request
	TooLong        Kind = "too long"        // a text that does not fit the model's window
	Denied         Kind = "denied"          // no key, a wrong one, or no credit left
	Spent          Kind = "budget spent"    // what the caller set itself as a limit
	NotFound       Kind = "not found"       // no such model, or no such service at the address
	NoTools        Kind = "no tools"        // the model, or its server as it was started, does not call tools
)

// Error is a call that failed.
type Error struct {
	Kind       Kind
	Provider   string
	Status     int           // of HTTP; 0 without an answer
	Message    string        // the server's, or what was wrong with its answer
	RetryAfter time.Duration // what the server asks to wait; 0 if it does not
	Err        error         // what is behind it, or nil
}

func (e *Error) Error() string {
	var b strings.Builder
	if e.Provider != "" {
		b.WriteString(e.Provider + ": ")
	}
	b.WriteString(string(e.Kind))
	if e.Status >= 300 {
		fmt.Fprintf(&b, " (%d)", e.Status)
	}
	if e.Message != "" {
		b.WriteString(": " + e.Message)
	}
	return b.String()
}

func (e *Error) Unwrap() error { return e.Err }

// Temporary tells whether the same call may succeed later. Garbage may be half an answer, or the page of a gateway.
func (e *Error) Temporary() bool {
	switch e.Kind {
	case Unavailable, Timeout, RateLimited, Server, Garbage:
		return true
	default:
		return false
	}
}

// Fatal tells whether an error is not one call's alone, so that others would end alike: a key is refused, a budget spent, a model
// not there, or one that calls no tools; and whatever is no *Error.
func Fatal(err error) bool {
	failed := (*Error)(nil)
	if !errors.As(err, &failed) {
		return err != nil
	}
	switch failed.Kind {
	case Denied, Spent, NotFound, NoTools:
		return true
	default:
		return false
	}
}
