package ollama

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/ollama/ollama/api"
	"github.com/ollama/ollama/types/model"

	"llm4rec/llm"
)

// ChatConfig is a chat model on an Ollama server.
type ChatConfig struct {
	BaseURL    string         `json:"base_url,omitempty" yaml:"base_url"`       // empty: that of OLLAMA_HOST, or http://127.0.0.1:11434
	Model      string         `json:"model" yaml:"model"`                       // such as llama3.2:3b
	Options    map[string]any `json:"options,omitempty" yaml:"options"`         // of the model, such as num_ctx and num_thread
	Think      string         `json:"think,omitempty" yaml:"think"`             // on, off, or for some models low, medium or high; empty: as the model does by itself
	FirstToken bool           `json:"first_token,omitempty" yaml:"first_token"` // measure the time to it, for which answers are streamed
	KeepAlive  time.Duration  `json:"keep_alive,omitempty" yaml:"keep_alive"`   // of the model in memory after a call; 0: the server's
	HTTP       *http.Client   `json:"-" yaml:"-"`                               // nil: one of its own
}

// Chat answers by /api/chat. A model of ollama.com is reached through a server of one's own, which knows the key.
type Chat struct {
	server
	think      *api.ThinkValue
	firstToken bool
}

var _ llm.Chat = (*Chat)(nil)

// NewChat makes a chat. It does not call the server.
func NewChat(c ChatConfig) (*Chat, error) {
	s, err := connect(c.BaseURL, c.Model, c.Options, c.KeepAlive, c.HTTP)
	if err != nil {
		return nil, err
	}
	chat := &Chat{server: s, firstToken: c.FirstToken}
	switch c.Think {
	case "":
	case "on", "off":
		chat.think = &api.ThinkValue{Value: c.Think == "on"}
	case "low", "medium", "high":
		chat.think = &api.ThinkValue{Value: c.Think}
	default:
		return nil, fmt.Errorf("%s: think: %q is not one of on, off, low, medium, high", provider, c.Think)
	}
	return chat, nil
}

// Name is the identity as far as it is known without a call.
func (c *Chat) Name() llm.Identity {
	id := c.name()
	if c.think != nil {
		id.Set("think", c.think.Value)
	}
	return id
}

// Identity asks the server for the model's digest, and whether it can chat.
func (c *Chat) Identity(ctx context.Context) (llm.Identity, error) {
	id := c.Name()
	can, err := c.ask(ctx, &id)
	if err == nil && !slices.Contains(can, model.CapabilityCompletion) {
		err = &llm.Error{Kind: llm.Refused, Provider: provider, Message: c.model + " is not a chat model"}
	}
	return id, err
}

// Generate asks once. A prompt that does not fit the model's window, which is its option num_ctx, is an error of kind
// TooLong, and an answer that does not fit ends there: left to itself, the server would forget the beginning of either.
func (c *Chat) Generate(ctx context.Context, r llm.Request) (llm.Response, error) {
	watched, x := llm.Watch(ctx)
	x.Stream = c.firstToken
	var out llm.Response
	var text strings.Builder
	var last api.ChatResponse
	var said string
	repeated := 0
	request, err := c.request(r)
	if err != nil {
		return out, &llm.Error{Kind: llm.Refused, Provider: provider, Message: err.Error(), Err: err}
	}
	start := time.Now()
	err = c.post(watched, request, func(piece api.ChatResponse) {
		if c.firstToken && text.Len() == 0 && piece.Message.Content != "" {
			out.FirstToken = time.Since(start)
		}
		if now := strings.TrimSpace(piece.Message.Content); now == said {
			repeated++
		} else {
			said, repeated = now, 0
		}
		text.WriteString(piece.Message.Content)
		out.ToolCalls = append(out.ToolCalls, calls(piece.Message.ToolCalls)...)
		out.Tokens = append(out.Tokens, tokens(piece.Logprobs)...)
		last = piece
	})
	out.Wall = time.Since(start)
	if err != nil || x.Failed() {
		return llm.Response{}, x.Error(provider, err)
	}
	out.Text = text.String()
	out.PromptTokens, out.OutputTokens = last.PromptEvalCount, last.EvalCount
	out.Load, out.Prefill, out.Decode = last.LoadDuration, last.PromptEvalDuration, last.EvalDuration

	fail := func(kind llm.Kind, message string) (llm.Response, error) {
		return llm.Response{}, &llm.Error{Kind: kind, Provider: provider, Status: x.Status, Message: message}
	}
	switch {
	case !utf8.Valid(x.Body):
		return fail(llm.Garbage, "an answer that is not UTF-8")
	case last.DoneReason == "length":
		out.Finish = llm.Length
	case !last.Done && (repeated >= loop || !c.firstToken && out.Text != ""): // not streamed it is JSON, which is complete
		out.Finish = llm.Length
	case !last.Done:
		return fail(llm.Garbage, "an answer that ends in its middle")
	default:
		out.Finish = llm.Stop
	}
	return out, nil
}

// post is what the client of package api does, but for the buffer of 8 MB that it makes for each call: with 64 calls at a time it
// took 650 MB, and the time of ten calls like this one. It also passes over connections that are cut, and over an empty 403.
func (c *Chat) post(ctx context.Context, request *api.ChatRequest, each func(api.ChatResponse)) error {
	body, err := json.Marshal(request)
	if err != nil {
		return err
	}
	post, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base.JoinPath("api/chat").String(), bytes.NewReader(body))
	if err != nil {
		return err
	}
	post.Header.Set("Content-Type", "application/json")
	answer, err := c.http.Do(post)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode >= 300 {
		return errors.New(answer.Status) // the exchange knows more
	}
	for lines := json.NewDecoder(answer.Body); ; {
		var piece struct {
			api.ChatResponse
			Error string `json:"error"`
		}
		switch err := lines.Decode(&piece); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		case piece.Error != "":
			return errors.New(piece.Error)
		}
		each(piece.ChatResponse)
	}
}

// loop is how often a model may repeat a piece of text before the server stops it, and does not say that it is done.
const loop = 30

func (c *Chat) request(r llm.Request) (*api.ChatRequest, error) {
	never := false
	options := map[string]any{"temperature": r.Temperature, "seed": r.Seed & math.MaxInt32} // all ones would mean any seed
	if r.MaxTokens > 0 {
		options["num_predict"] = r.MaxTokens
	}
	request := &api.ChatRequest{
		Model: c.model, Stream: &c.firstToken, Format: r.Schema, KeepAlive: c.keepAlive, Options: c.with(options), Think: c.think,
		Truncate: &never, Shift: &never, Logprobs: r.TopLogprobs > 0, TopLogprobs: r.TopLogprobs,
	}
	var err error
	if request.Tools, err = tools(r.Tools); err != nil {
		return nil, err
	}
	for _, m := range r.Messages {
		request.Messages = append(request.Messages, message(m))
	}
	return request, nil
}

// tokens are those that the server has sampled, with the thoughts of a model that thinks among them.
func tokens(logprobs []api.Logprob) []llm.Token {
	var out []llm.Token
	for _, t := range logprobs {
		token := llm.Token{Text: t.Token, Logprob: t.Logprob}
		for _, other := range t.TopLogprobs {
			token.Top = append(token.Top, llm.Alternative{Text: other.Token, Logprob: other.Logprob})
		}
		out = append(out, token)
	}
	return out
}
