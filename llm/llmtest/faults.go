package llmtest

import (
	"bytes"
	"net/http"
	"strings"
	"time"

	"llm4rec/llm"
)

// Misbehaviour is a fault, and the kind of error that it has to become.
type Misbehaviour struct {
	Name  string
	Fault Fault
	Kind  llm.Kind
	Waits time.Duration // that the error has to tell
}

// Slow is longer than the patience that tests have.
const Slow = time.Minute

// Misbehaviours are the ways in which servers of embeddings go wrong.
func Misbehaviours() []Misbehaviour {
	return append(anyMisbehaviours(),
		Misbehaviour{"half of JSON", Fault{Body: `{"embeddings":[[1,2`}, llm.Garbage, 0},
		Misbehaviour{"NaN", Fault{Number: "NaN"}, llm.NotFinite, 0},
		Misbehaviour{"null", Fault{Number: "null"}, llm.NotFinite, 0},
		Misbehaviour{"a vector too few", Fault{Vectors: func(v [][]float32) [][]float32 { return v[1:] }}, llm.Garbage, 0},
		Misbehaviour{"a vector too many", Fault{Vectors: func(v [][]float32) [][]float32 { return append(v, v[0]) }}, llm.Garbage, 0},
	)
}

// ChatMisbehaviours are the ways in which servers of chats go wrong.
func ChatMisbehaviours() []Misbehaviour {
	status := func(code int, body string) Fault { return Fault{Status: code, Body: body} }
	text := func(text string) Fault { return Fault{Text: func(string) string { return text }} }
	return append(anyMisbehaviours(),
		Misbehaviour{"400 of Ollama for what is too long", status(400, `{"error":"the input length exceeds the context length"}`), llm.TooLong, 0},
		Misbehaviour{"400 of OpenAI for what is too long", status(400, `{"error":{"message":"too much","code":"context_length_exceeded"}}`), llm.TooLong, 0},
		Misbehaviour{"400 of vLLM for what is too long", status(400, `{"error":{"message":"This model's maximum context length is 9 tokens.","code":400}}`), llm.TooLong, 0},
		Misbehaviour{"half of JSON", Fault{Bytes: func(body []byte) []byte { return body[:len(body)/2] }}, llm.Garbage, 0},
		Misbehaviour{"not UTF-8", Fault{Bytes: func(body []byte) []byte { return bytes.ReplaceAll(body, []byte("museum"), []byte("mus\xe9um")) }}, llm.Garbage, 0},
		Misbehaviour{"10 MB", text(strings.Repeat(strings.Repeat("m", 1<<16-1)+" ", 160)), llm.Garbage, 0},
		Misbehaviour{"10 MB in a word", text(strings.Repeat("m", 10<<20)), llm.Garbage, 0},
		Misbehaviour{"fails after it began", Fault{Body: `{"error":"the model crashed"}`}, llm.Server, 0},
	)
}

func anyMisbehaviours() []Misbehaviour {
	status := func(code int, body string) Fault { return Fault{Status: code, Body: body} }
	limited := Fault{Status: http.StatusTooManyRequests, Header: map[string]string{"Retry-After": "3"}, Body: `{"error":{"message":"slow down","code":"rate_limit_exceeded"}}`}
	return []Misbehaviour{
		{"hangs", Fault{Delay: Slow}, llm.Timeout, 0},
		{"drips", Fault{Drip: 20 * time.Millisecond}, llm.Timeout, 0},
		{"too many calls", limited, llm.RateLimited, 3 * time.Second},
		{"nothing left to spend", status(429, `{"error":{"message":"no credit","code":"insufficient_quota"}}`), llm.Denied, 0},
		{"500", status(500, `{"error":"the model crashed"}`), llm.Server, 0},
		{"502 of a gateway", status(502, "<html><h1>Bad Gateway</h1></html>"), llm.Server, 0},
		{"503 while loading", Fault{Status: 503, Header: map[string]string{"Retry-After": "1"}, Body: `{"error":"server busy"}`}, llm.Server, time.Second},
		{"400", status(400, `{"error":"input is bad"}`), llm.Refused, 0},
		{"401 for an expired key", status(401, `{"error":{"message":"the key has expired"}}`), llm.Denied, 0},
		{"403 without a word", status(403, ""), llm.Denied, 0},
		{"404", status(404, `{"error":"model 'words' not found"}`), llm.NotFound, 0},
		{"not JSON", Fault{Body: "Hello"}, llm.Garbage, 0},
		{"JSON of something else", Fault{Body: `{"hello":"world"}`}, llm.Garbage, 0},
		{"an empty body", Fault{Status: 200}, llm.Garbage, 0},
		{"a cut connection", Fault{Cut: true}, llm.Unavailable, 0},
		{"resets", Fault{Reset: true}, llm.Unavailable, 0},
		{"dies", Fault{Die: true}, llm.Unavailable, 0},
	}
}

// WrongDimension is a fault that only who knows the other vectors can see.
func WrongDimension() Fault {
	return Fault{Vectors: func(v [][]float32) [][]float32 {
		for n := range v {
			v[n] = v[n][1:]
		}
		return v
	}}
}
