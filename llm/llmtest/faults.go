package llmtest

import (
	"net/http"
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

// Misbehaviours are the ways in which servers go wrong.
func Misbehaviours() []Misbehaviour {
	status := func(code int, body string) Fault { return Fault{Status: code, Body: body} }
	limited := Fault{Status: http.StatusTooManyRequests, Header: map[string]string{"Retry-After": "3"}, Body: `{"error":{"message":"slow down","code":"rate_limit_exceeded"}}`}
	return []Misbehaviour{
		{"slow", Fault{Delay: Slow}, llm.Timeout, 0},
		{"too many calls", limited, llm.RateLimited, 3 * time.Second},
		{"nothing left to spend", status(429, `{"error":{"message":"no credit","code":"insufficient_quota"}}`), llm.Denied, 0},
		{"500", status(500, `{"error":"the model crashed"}`), llm.Server, 0},
		{"502 of a proxy", status(502, "<html><h1>Bad Gateway</h1></html>"), llm.Server, 0},
		{"503 while loading", Fault{Status: 503, Header: map[string]string{"Retry-After": "1"}, Body: `{"error":"server busy"}`}, llm.Server, time.Second},
		{"400", status(400, `{"error":"input is bad"}`), llm.Refused, 0},
		{"401", status(401, `{"error":{"message":"who are you?"}}`), llm.Denied, 0},
		{"403 without a word", status(403, ""), llm.Denied, 0},
		{"404", status(404, `{"error":"model 'words' not found"}`), llm.NotFound, 0},
		{"not JSON", Fault{Body: "Hello"}, llm.Garbage, 0},
		{"half of JSON", Fault{Body: `{"embeddings":[[1,2`}, llm.Garbage, 0},
		{"JSON of something else", Fault{Body: `{"hello":"world"}`}, llm.Garbage, 0},
		{"an empty body", Fault{Status: 200}, llm.Garbage, 0},
		{"NaN", Fault{Number: "NaN"}, llm.NotFinite, 0},
		{"null", Fault{Number: "null"}, llm.NotFinite, 0},
		{"a vector too few", Fault{Vectors: func(v [][]float32) [][]float32 { return v[1:] }}, llm.Garbage, 0},
		{"a vector too many", Fault{Vectors: func(v [][]float32) [][]float32 { return append(v, v[0]) }}, llm.Garbage, 0},
		{"a cut connection", Fault{Cut: true}, llm.Unavailable, 0},
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
