package serve

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"time"

	"llm4rec/llm"
)

// failure is an error in OpenAI's form.
type failure struct {
	status  int
	code    string // for programs
	param   string // the field of the request that is wrong
	message string // for people
	after   time.Duration
	closes  bool // the connection, on which more of the request may come
	last    bool // clients need not try again by themselves
}

func (f *failure) Error() string { return f.message }

// bad is a request that cannot be answered.
func bad(code, param, format string, args ...any) *failure {
	return &failure{status: http.StatusBadRequest, code: code, param: param, message: fmt.Sprintf(format, args...)}
}

// The codes of bad requests.
const (
	invalidJSON  = "invalid_json"
	invalidValue = "invalid_value"
	missing      = "missing_required_parameter"
	unsupported  = "unsupported_parameter"
	tooLong      = "string_above_max_length"
)

// Why a turn's context ended, beside its client's going away.
var (
	errTurnTime = errors.New("serve: the turn took too long")
	errEnding   = errors.New("serve: the server ends")
)

// statusGone is nginx's, of requests whose client did not wait. It is counted, and not sent.
const statusGone = 499

// unanswered is the failure of a turn without an answer. What is behind an error of the agent is logged, not sent: it may name
// addresses.
func (s *Server) unanswered(ctx context.Context, err error) *failure {
	if failed := (*failure)(nil); errors.As(err, &failed) {
		return failed
	}
	if ctx.Err() != nil {
		switch cause := context.Cause(ctx); {
		case errors.Is(cause, errTurnTime):
			return &failure{status: http.StatusGatewayTimeout, code: "turn_timeout", message: fmt.Sprintf("no answer within %v", s.config.Limits.Turn), last: true}
		case errors.Is(cause, errEnding):
			return &failure{status: http.StatusServiceUnavailable, code: "shutting_down", message: "the server is shutting down", closes: true}
		default:
			return &failure{status: statusGone, code: "client_closed_request", message: "the client is gone"}
		}
	}
	s.log.Error("a turn failed", "error", err)
	if failed := (*llm.Error)(nil); errors.As(err, &failed) {
		return &failure{status: http.StatusBadGateway, code: "model_failed", message: "the agent's model failed: " + string(failed.Kind), last: !failed.Temporary()}
	}
	return &failure{status: http.StatusInternalServerError, code: "agent_failed", message: "the agent failed", last: true}
}

func (f *failure) kind() string {
	switch {
	case f.status == http.StatusTooManyRequests:
		return "rate_limit_error"
	case f.status >= 500:
		return "server_error"
	default:
		return "invalid_request_error"
	}
}

// body is the error as it is sent, whole or as an event.
func (f *failure) body() []byte {
	type fault struct {
		Message string  `json:"message"`
		Type    string  `json:"type"`
		Param   *string `json:"param"`
		Code    string  `json:"code"`
	}
	e := fault{Message: f.message, Type: f.kind(), Code: f.code}
	if f.param != "" {
		e.Param = &f.param
	}
	return encode(struct {
		Error fault `json:"error"`
	}{e})
}

// header says what a client can do about it.
func (f *failure) header(h http.Header) {
	if f.after > 0 {
		h.Set("Retry-After", strconv.Itoa(int(math.Ceil(f.after.Seconds()))))
	}
	if f.last {
		h.Set("X-Should-Retry", "false") // that OpenAI's own clients heed
	}
	if f.status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", "Bearer")
	}
	if f.closes {
		h.Set("Connection", "close")
	}
}

// encode cannot fail, for what it is given here.
func encode(v any) []byte {
	out, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("serve: %v", err))
	}
	return out
}
