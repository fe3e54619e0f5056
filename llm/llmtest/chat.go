package llmtest

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"llm4rec/llm"
)

// Echo answers with the last message. Each word is a token, of log-probability -1, and an alternative to it has -2.
func Echo(r llm.Request) llm.Response {
	out := llm.Response{
		Text: r.Messages[len(r.Messages)-1].Content, Finish: llm.Stop, PromptTokens: 7, CachedTokens: 2,
		Load: time.Millisecond, Prefill: 2 * time.Millisecond, Decode: 3 * time.Millisecond,
	}
	for _, word := range strings.SplitAfter(out.Text, " ") {
		out.Tokens = append(out.Tokens, llm.Token{Text: word, Logprob: -1, Top: []llm.Alternative{{Text: word, Logprob: -1}, {Text: "other", Logprob: -2}}})
	}
	out.OutputTokens = len(out.Tokens)
	return out
}

// asked is a request of either interface.
type asked struct {
	Messages    []message
	Tools       []tool
	Stream      *bool
	Seed        int64
	Temperature float64
	Options     struct { // of Ollama
		Seed        int64
		Temperature float64
		NumPredict  int `json:"num_predict"`
	}
	Format         json.RawMessage // of Ollama
	ResponseFormat struct {
		JSONSchema struct{ Schema json.RawMessage } `json:"json_schema"`
	} `json:"response_format"`
	MaxTokens           int `json:"max_tokens"`
	MaxCompletionTokens int `json:"max_completion_tokens"`
	Logprobs            bool
	TopLogprobs         int `json:"top_logprobs"`
}

func (a asked) request() llm.Request {
	schema := a.Format
	if schema == nil {
		schema = a.ResponseFormat.JSONSchema.Schema
	}
	return llm.Request{
		Messages: said(a.Messages), Tools: tools(a.Tools), Schema: schema, Temperature: cmp.Or(a.Temperature, a.Options.Temperature), Seed: cmp.Or(a.Seed, a.Options.Seed),
		MaxTokens: cmp.Or(a.MaxTokens, a.MaxCompletionTokens, a.Options.NumPredict), TopLogprobs: a.TopLogprobs,
	}
}

func (s *Server) chat(w http.ResponseWriter, path string, body []byte, fault Fault) {
	var ask asked
	if err := json.Unmarshal(body, &ask); err != nil || len(ask.Messages) == 0 {
		http.Error(w, `{"error":"not a request for an answer"}`, http.StatusBadRequest)
		return
	}
	reply := Echo
	if s.Answer != nil {
		reply = s.Answer
	}
	out := reply(ask.request())
	if fault.Text != nil {
		out.Text, out.Tokens = fault.Text(out.Text), nil
	}
	if !ask.Logprobs {
		out.Tokens = nil
	}
	ollama := path == "/api/chat"
	if len(ask.Tools) > 0 && s.NoTools {
		s.send(w, "application/json", nil, Fault{Status: http.StatusBadRequest, Body: `{"error":"registry.ollama.ai/library/words does not support tools"}`})
		return
	}
	stream := ollama && ask.Stream == nil || ask.Stream != nil && *ask.Stream
	pieces := []llm.Response{out}
	if stream {
		pieces = split(out)
	}
	var wire bytes.Buffer
	for n, piece := range pieces {
		last := n == len(pieces)-1
		var line any
		switch {
		case ollama:
			line = ollamaPiece(piece, last)
		case stream:
			line = openaiPiece(piece, last)
		default:
			line = openaiAnswer(piece)
		}
		if !ollama && stream {
			wire.WriteString("data: ")
		}
		if err := json.NewEncoder(&wire).Encode(line); err != nil {
			s.t.Errorf("llmtest: %v", err)
			return
		}
		if !ollama && stream {
			wire.WriteString("\n")
		}
	}
	kind := "application/json"
	switch {
	case stream && ollama:
		kind = "application/x-ndjson"
	case stream:
		kind = "text/event-stream"
		usage, err := json.Marshal(map[string]any{"choices": []any{}, "usage": usage(out)})
		if err != nil {
			s.t.Errorf("llmtest: %v", err)
			return
		}
		fmt.Fprintf(&wire, "data: %s\n\ndata: [DONE]\n\n", usage)
		if fault.Body != "" && fault.Status == 0 {
			fault.Body = "data: " + fault.Body + "\n\n"
		}
	}
	s.send(w, kind, wire.Bytes(), fault)
}

// split gives every word, with its token if there is one for each, a piece of its own. All that is said of the whole is in the last, which has no
// word.
func split(r llm.Response) []llm.Response {
	words := strings.SplitAfter(r.Text, " ")
	pieces := make([]llm.Response, len(words)+1)
	for n, word := range words {
		pieces[n].Text = word
		if n < len(r.Tokens) {
			pieces[n].Tokens = r.Tokens[n : n+1]
		}
	}
	r.Text, r.Tokens = "", r.Tokens[min(len(words), len(r.Tokens)):]
	pieces[len(words)-1].ToolCalls, r.ToolCalls = r.ToolCalls, nil
	pieces[len(words)] = r
	return pieces
}

func ollamaPiece(r llm.Response, done bool) map[string]any {
	message := map[string]any{"role": llm.Assistant, "content": r.Text}
	if len(r.ToolCalls) > 0 {
		message["tool_calls"] = ollamaCalls(r.ToolCalls)
	}
	out := map[string]any{"model": Model, "message": message, "done": done}
	if r.Tokens != nil {
		out["logprobs"] = tokens(r.Tokens)
	}
	if done {
		out["done_reason"], out["prompt_eval_count"], out["eval_count"] = r.Finish, r.PromptTokens, r.OutputTokens
		out["load_duration"], out["prompt_eval_duration"], out["eval_duration"] = r.Load, r.Prefill, r.Decode
	}
	return out
}

func openaiAnswer(r llm.Response) map[string]any {
	message := map[string]any{"role": llm.Assistant, "content": r.Text}
	choice := map[string]any{"index": 0, "finish_reason": openaiFinish(r.Finish), "message": message}
	if len(r.ToolCalls) > 0 {
		message["tool_calls"], choice["finish_reason"] = openaiCalls(r.ToolCalls, false), "tool_calls"
	}
	if r.Tokens != nil {
		choice["logprobs"] = map[string]any{"content": tokens(r.Tokens)}
	}
	return map[string]any{"object": "chat.completion", "model": Model, "choices": []any{choice}, "usage": usage(r)}
}

func openaiPiece(r llm.Response, last bool) map[string]any {
	delta := map[string]any{"content": r.Text}
	choice := map[string]any{"index": 0, "finish_reason": nil, "delta": delta}
	if len(r.ToolCalls) > 0 {
		delta["tool_calls"] = openaiCalls(r.ToolCalls, true)
	}
	if last {
		choice["finish_reason"] = openaiFinish(r.Finish)
	}
	if r.Tokens != nil {
		choice["logprobs"] = map[string]any{"content": tokens(r.Tokens)}
	}
	return map[string]any{"object": "chat.completion.chunk", "model": Model, "choices": []any{choice}}
}

func openaiFinish(f llm.Finish) string {
	if f == llm.Filtered {
		return "content_filter"
	}
	return string(f)
}

func usage(r llm.Response) map[string]any {
	return map[string]any{
		"prompt_tokens": r.PromptTokens, "completion_tokens": r.OutputTokens, "total_tokens": r.PromptTokens + r.OutputTokens,
		"prompt_tokens_details": map[string]any{"cached_tokens": r.CachedTokens},
	}
}

func tokens(all []llm.Token) []any {
	out := make([]any, len(all))
	for n, t := range all {
		top := make([]any, len(t.Top))
		for k, other := range t.Top {
			top[k] = map[string]any{"token": other.Text, "logprob": other.Logprob}
		}
		out[n] = map[string]any{"token": t.Text, "logprob": t.Logprob, "top_logprobs": top}
	}
	return out
}
