package llm

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Exchange is what came over the wire in one call. Adapters speak through their providers' libraries, whose errors have
// lost the headers, and whose decoders read null as 0: what was lost is here.
type Exchange struct {
	Status int // 0: nothing came
	Header http.Header
	Body   []byte
	Cut    error // why the body was not read to its end; nil: it was, as far as it was read

	// Before the call.
	Limit  int  // bytes of the body; more are an error
	Stream bool // the body of a right answer is handed on as it comes, instead of when it is complete
}

type exchangeKey struct{}

// Watch returns a context for one call over a client of HTTPClient's, and the exchange that this call fills. Its limit is
// 8 MiB, far more than a text that a model writes, with the log-probabilities of its tokens.
func Watch(ctx context.Context) (context.Context, *Exchange) {
	x := &Exchange{Limit: 8 << 20}
	return context.WithValue(ctx, exchangeKey{}, x), x
}

// HTTPClient returns a client like the given one, by default a new one that keeps as many connections as there are calls
// at a time, which fills the exchanges of calls that are watched.
func HTTPClient(like *http.Client) *http.Client {
	if like == nil {
		transport := http.DefaultTransport.(*http.Transport).Clone()
		transport.MaxIdleConnsPerHost = transport.MaxIdleConns
		like = &http.Client{Transport: transport}
	}
	client := *like
	if client.Transport == nil {
		client.Transport = http.DefaultTransport
	}
	client.Transport = watcher{client.Transport}
	return &client
}

type watcher struct{ http.RoundTripper }

func (w watcher) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := w.RoundTripper.RoundTrip(r)
	x, watched := r.Context().Value(exchangeKey{}).(*Exchange)
	if err != nil || !watched {
		return resp, err
	}
	x.Status, x.Header = resp.StatusCode, resp.Header
	body := keeper{resp.Body, x}
	if x.Stream && resp.StatusCode < 300 {
		resp.Body = body
		return resp, nil
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, body); err != nil {
		return nil, err
	}
	resp.Body = io.NopCloser(bytes.NewReader(x.Body))
	return resp, nil
}

// keeper is a body whose exchange keeps what is read of it.
type keeper struct {
	io.ReadCloser
	x *Exchange
}

var errTooMuch = errors.New("a body without end")

func (k keeper) Read(p []byte) (int, error) {
	n, err := k.ReadCloser.Read(p)
	k.x.Body = append(k.x.Body, p[:n]...)
	if len(k.x.Body) > k.x.Limit {
		err = errTooMuch
	}
	if err != nil && !errors.Is(err, io.EOF) {
		k.x.Cut = err
	}
	return n, err
}

// CloseIdleConnections is what http.Client's method of that name looks for.
func (w watcher) CloseIdleConnections() {
	if c, ok := w.RoundTripper.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

// Failed tells whether the call failed where the provider's library may not have noticed.
func (x *Exchange) Failed() bool { return x.Cut != nil || x.Status >= 300 }

// Error is the typed error of a call that failed with err, as the provider's library tells it; it may be nil if Failed. That of
// a call which was cancelled stays as it is.
func (x *Exchange) Error(provider string, err error) error {
	if x.Cut != nil {
		err = x.Cut // of what else it may be the cause
	}
	e := &Error{Provider: provider, Status: x.Status, Err: err}
	wire := (*url.Error)(nil)
	timeout := interface{ Timeout() bool }(nil)
	switch {
	case errors.Is(err, context.Canceled):
		return err
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		e.Kind, e.Message = Timeout, "no answer in time"
	case errors.Is(x.Cut, errTooMuch):
		e.Kind, e.Message = Garbage, fmt.Sprintf("an answer of more than %d bytes", x.Limit)
	case x.Cut != nil:
		e.Kind, e.Message = Unavailable, "the connection was cut in the middle of an answer"
	case x.Status == 0:
		e.Kind, e.Message = Unavailable, err.Error()
		if errors.As(err, &wire) {
			e.Message = wire.Err.Error() // without method and address
		}
	case x.Status >= 300:
		var code string
		if e.Message, code = complaint(x.Body); e.Message == "" {
			e.Message = excerpt(x.Body)
		}
		e.Kind = kindOf(x.Status, code, e.Message)
		e.RetryAfter = retryAfter(x.Header)
		e.Err = nil // says less
	case x.NotFinite():
		e.Kind, e.Message = NotFinite, "an answer with numbers that are none"
	default:
		if e.Message, _ = complaint(lastLine(x.Body)); e.Message != "" { // what fails after its first word has status 200
			e.Kind = Server
			break
		}
		e.Kind, e.Message = Garbage, "an answer that cannot be read: "+excerpt(x.Body)
	}
	return e
}

func kindOf(status int, code, message string) Kind {
	switch {
	case status < 500 && tooLong.MatchString(code+" "+message):
		return TooLong
	case status < 500 && noTools.MatchString(message):
		return NoTools
	case code == "insufficient_quota": // comes as 429, but waiting does not help
		return Denied
	case status == http.StatusUnauthorized, status == http.StatusPaymentRequired, status == http.StatusForbidden:
		return Denied
	case status == http.StatusNotFound:
		return NotFound
	case status == http.StatusRequestTimeout:
		return Timeout
	case status == http.StatusTooManyRequests:
		return RateLimited
	case status >= 500:
		return Server
	default:
		return Refused
	}
}

// What Ollama, OpenAI, vLLM and llama.cpp say of a text that does not fit the model's window.
var tooLong = regexp.MustCompile(`exceeds the context length|context_length_exceeded|maximum context length|exceeds the available context size`)

// What Ollama, vLLM, llama.cpp and services that pass requests on say of a model that does not call tools.
var noTools = regexp.MustCompile(`does not support tools|tool choice requires|tools param requires|support tool use|[Tt]ool(s|` + "`" + `|s` + "`" + `| calling)? (is|are) not supported`)

// complaint is what a body says is wrong: {"error": "…"} of Ollama's, or {"error": {"message": "…", "code": "…"}} of
// OpenAI's. It is "" of anything else.
func complaint(body []byte) (message, code string) {
	var simple struct{ Error string }
	if json.Unmarshal(body, &simple) == nil && simple.Error != "" {
		return simple.Error, ""
	}
	var full struct {
		Error struct {
			Message string
			Code    any // a text or a number
		}
	}
	if json.Unmarshal(body, &full) == nil && full.Error.Message != "" {
		code, _ = full.Error.Code.(string)
		return full.Error.Message, code
	}
	return "", ""
}

// lastLine is the last that a stream brought, be it of lines of JSON or of events.
func lastLine(body []byte) []byte {
	body = bytes.TrimSpace(body)
	line := body[bytes.LastIndexByte(body, '\n')+1:]
	return bytes.TrimPrefix(line, []byte("data:"))
}

func excerpt(body []byte) string {
	const most = 200
	text := strings.Join(strings.Fields(string(body)), " ")
	if text == "" {
		return "an empty body"
	}
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "…"
	}
	return text
}

// retryAfter reads the header of that name: seconds, or a date.
func retryAfter(h http.Header) time.Duration {
	value := h.Get("Retry-After")
	if sec, err := strconv.ParseFloat(value, 64); err == nil && sec >= 0 && sec < 1e6 {
		return time.Duration(sec * float64(time.Second))
	}
	if at, err := http.ParseTime(value); err == nil {
		return max(0, time.Until(at))
	}
	return 0
}

// An element of a list that is null, or a number which JSON does not have.
var noNumber = regexp.MustCompile(`(?i)[\[,]\s*(null|-?nan|-?inf(inity)?)\s*[\],]`)

// NotFinite tells whether a list in the answer holds null, NaN or infinity where numbers belong.
func (x *Exchange) NotFinite() bool {
	for _, word := range []string{"null", "NaN", "nan", "Inf", "inf"} { // much faster than the expression
		if bytes.Contains(x.Body, []byte(word)) {
			return noNumber.Match(x.Body)
		}
	}
	return false
}
