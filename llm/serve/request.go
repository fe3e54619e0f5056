package serve

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"llm4rec/llm"
	"llm4rec/llm/clean"
)

// ask is what a request asks for.
type ask struct {
	model   string
	said    []llm.Message // by the user and the agent, up to now; the last is the user's
	user    string        // of the data set
	session string        // by id; empty: by what was said
	stream  bool
	usage   bool // at the end of a stream
	trace   bool
	ignored []string // fields that were passed over
}

// before is what was said before the utterance that asks for an answer.
func (a *ask) before() []llm.Message { return a.said[:len(a.said)-1] }

func (a *ask) utterance() string { return a.said[len(a.said)-1].Content }

const (
	nameMost    = 256 // bytes of a user's or session's name
	ignoredMost = 20  // fields that are named
)

// decode reads a request. Names of fields are matched exactly, as OpenAI does.
func decode(body []byte, l Limits) (*ask, *failure) {
	if !utf8.Valid(body) {
		return nil, bad(invalidJSON, "", "the body is not UTF-8")
	}
	if depth(body) > l.Depth {
		return nil, bad(invalidJSON, "", "the body's JSON is nested more than %d deep", l.Depth)
	}
	fields := map[string]json.RawMessage{}
	if err := json.Unmarshal(body, &fields); err != nil || fields == nil {
		if syntax := (*json.SyntaxError)(nil); errors.As(err, &syntax) {
			return nil, bad(invalidJSON, "", "the body is not JSON: %v, at byte %d", err, syntax.Offset)
		}
		return nil, bad(invalidJSON, "", "the body is no JSON object")
	}
	for name, value := range fields {
		if string(value) == "null" { // OpenAI's clients send it for what is not set
			delete(fields, name)
		}
	}
	a := &ask{}
	var options struct {
		IncludeUsage bool `json:"include_usage"`
	}
	var own struct {
		Trace bool `json:"trace"`
	}
	var metadata map[string]string
	var messages []json.RawMessage
	for _, x := range []struct {
		name string
		into any
		want string
	}{
		{"model", &a.model, "a string"}, {"user", &a.user, "a string"}, {"stream", &a.stream, "true or false"}, {"stream_options", &options, "an object"},
		{"metadata", &metadata, "an object of strings"}, {"llm4rec", &own, "an object with trace, which is true or false"}, {"messages", &messages, "an array of messages"},
	} {
		value, is := fields[x.name]
		delete(fields, x.name)
		if is && json.Unmarshal(value, x.into) != nil {
			return nil, bad(invalidValue, x.name, "%s must be %s", x.name, x.want)
		}
	}
	a.usage, a.trace, a.session = options.IncludeUsage, own.Trace, metadata["session"]
	if a.model == "" {
		return nil, bad(missing, "model", "no model is named")
	}
	for param, name := range map[string]string{"user": a.user, "metadata": a.session} {
		if f := checkName(param, name); f != nil {
			return nil, f
		}
	}
	if f := refuse(fields); f != nil {
		return nil, f
	}
	for name := range fields {
		a.ignored = append(a.ignored, clean.Text(name, 40))
	}
	var f *failure
	if a.said, f = said(messages, l); f != nil {
		return nil, f
	}
	if len(a.said) < len(messages) {
		a.ignored = append(a.ignored, "messages of the system")
	}
	slices.Sort(a.ignored)
	a.ignored = a.ignored[:min(len(a.ignored), ignoredMost)]
	return a, nil
}

func checkName(param, name string) *failure {
	if len(name) > nameMost {
		return bad(tooLong, param, "a name of %d bytes, more than %d", len(name), nameMost)
	}
	if !utf8.ValidString(name) || strings.TrimSpace(name) != name || strings.ContainsFunc(name, unicode.IsControl) {
		return bad(invalidValue, param, "a name with a control character, with spaces around it, or not in UTF-8")
	}
	return nil
}

// refuse finds what asks for something that this server does not do: passing over it would mislead.
func refuse(fields map[string]json.RawMessage) *failure {
	harmless := map[string][]string{
		"tools": {`[]`}, "functions": {`[]`}, "tool_choice": {`"none"`, `"auto"`}, "function_call": {`"none"`, `"auto"`},
		"n": {`1`}, "logprobs": {`false`}, "top_logprobs": {`0`}, "stop": {`[]`, `""`}, "modalities": {`["text"]`, `[]`},
		"response_format": {`{"type":"text"}`}, "audio": nil, "web_search_options": nil,
	}
	why := map[string]string{
		"tools": "the agent has its own tools, and calls no others", "functions": "the agent has its own tools, and calls no others",
		"n": "there is one answer", "response_format": "answers are text", "modalities": "answers are text", "audio": "answers are text",
		"stop": "answers are whole",
	}
	for _, name := range []string{"tools", "functions", "tool_choice", "function_call", "n", "logprobs", "top_logprobs", "stop", "modalities", "response_format", "audio", "web_search_options"} {
		value, is := fields[name]
		delete(fields, name)
		var compact bytes.Buffer
		if !is || json.Compact(&compact, value) == nil && slices.Contains(harmless[name], compact.String()) {
			continue
		}
		message := name + " is not supported"
		if why[name] != "" {
			message += ": " + why[name]
		}
		return bad(unsupported, name, "%s", message)
	}
	return nil
}

// depth is how deep brackets are nested, outside strings. It is known before anything is decoded.
func depth(body []byte) int {
	deepest, now, within := 0, 0, false
	for n := 0; n < len(body); n++ {
		switch c := body[n]; {
		case within && c == '\\':
			n++
		case c == '"':
			within = !within
		case within:
		case c == '{' || c == '[':
			now++
			deepest = max(deepest, now)
		case c == '}' || c == ']':
			now--
		}
	}
	return deepest
}
