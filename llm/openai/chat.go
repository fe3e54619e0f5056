package openai

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/packages/param"
	"github.com/openai/openai-go/v3/shared"

	"llm4rec/llm"
)

// ChatConfig is a chat model of a service that is compatible with OpenAI's.
type ChatConfig struct {
	BaseURL     string `json:"base_url,omitempty" yaml:"base_url"`         // up to and with /v1; empty: DefaultBaseURL
	Model       string `json:"model" yaml:"model"`                         // such as gpt-4.1-mini
	KeyVariable string `json:"key_variable,omitempty" yaml:"key_variable"` // of the environment, which holds the key; empty: DefaultKeyVariable

	// MaxTokens is the field that limits an answer: max_completion_tokens, as OpenAI wants it, or max_tokens, which is all
	// that older servers know; they pass over the other. Empty: the first for OpenAI itself, otherwise the second.
	MaxTokens     string         `json:"max_tokens_field,omitempty" yaml:"max_tokens_field"`
	NoTemperature bool           `json:"no_temperature,omitempty" yaml:"no_temperature"` // leave it out: models that reason refuse it
	FirstToken    bool           `json:"first_token,omitempty" yaml:"first_token"`       // measure the time to it, for which answers are streamed
	Options       map[string]any `json:"options,omitempty" yaml:"options"`               // more fields of requests, such as reasoning_effort

	HTTP *http.Client `json:"-" yaml:"-"` // nil: one of its own
}

// Chat answers by /v1/chat/completions.
type Chat struct {
	server
	config  ChatConfig
	service openai.ChatCompletionService
}

var _ llm.Chat = (*Chat)(nil)

// The fields that limit an answer.
const (
	maxCompletionTokens = "max_completion_tokens"
	maxTokens           = "max_tokens"
)

// Fields of requests that are not options: the adapter sets them.
var own = []string{"model", "messages", "stream", "stream_options", "response_format", "seed", "temperature", "logprobs", "top_logprobs", "n", "tools", maxTokens, maxCompletionTokens}

// NewChat makes a chat, which takes its key from the environment now. Without one it calls without. It does not call the
// service.
func NewChat(c ChatConfig) (*Chat, error) {
	s, options, err := connect(c.BaseURL, c.Model, c.KeyVariable, c.HTTP)
	if err != nil {
		return nil, err
	}
	switch c.MaxTokens {
	case "":
		if c.MaxTokens = maxTokens; s.base == DefaultBaseURL {
			c.MaxTokens = maxCompletionTokens
		}
	case maxTokens, maxCompletionTokens:
	default:
		return nil, fmt.Errorf("%s: max_tokens_field: %q is neither %s nor %s", provider, c.MaxTokens, maxCompletionTokens, maxTokens)
	}
	for _, field := range own {
		if _, is := c.Options[field]; is {
			return nil, fmt.Errorf("%s: options: %s is set for each request", provider, field)
		}
	}
	return &Chat{s, c, openai.NewChatCompletionService(options...)}, nil
}

// Name is the identity, which is known without a call.
func (c *Chat) Name() llm.Identity {
	id := c.name()
	for name, value := range c.config.Options {
		id.Set(name, value)
	}
	if c.config.NoTemperature {
		id.Set("temperature", "left out")
	}
	return id
}

// Identity is Name: the service tells no more.
func (c *Chat) Identity(context.Context) (llm.Identity, error) { return c.Name(), nil }

// Generate asks once. The service says nothing of how long it loads, reads and writes.
func (c *Chat) Generate(ctx context.Context, r llm.Request) (llm.Response, error) {
	watched, x := llm.Watch(ctx)
	x.Stream = c.config.FirstToken
	ask := c.complete
	if x.Stream {
		ask = c.stream
	}
	request, err := c.request(r)
	if err != nil {
		return llm.Response{}, &llm.Error{Kind: llm.Refused, Provider: provider, Message: err.Error(), Err: err}
	}
	start := time.Now()
	a, err := ask(watched, request)
	wall := time.Since(start)
	if err != nil || x.Failed() {
		return llm.Response{}, c.clean(x.Error(provider, err))
	}
	out := llm.Response{
		Text: a.text, ToolCalls: a.calls, Wall: wall, Tokens: tokens(a.logprobs),
		PromptTokens: int(a.usage.PromptTokens), CachedTokens: int(a.usage.PromptTokensDetails.CachedTokens), OutputTokens: int(a.usage.CompletionTokens),
	}
	if !a.first.IsZero() {
		out.FirstToken = a.first.Sub(start)
	}
	fail := func(kind llm.Kind, message string) (llm.Response, error) {
		return llm.Response{}, &llm.Error{Kind: kind, Provider: provider, Status: x.Status, Message: message}
	}
	switch {
	case !utf8.Valid(x.Body):
		return fail(llm.Garbage, "an answer that is not UTF-8")
	case a.finish == "" && a.text == "" && len(a.calls) == 0:
		return llm.Response{}, c.clean(x.Error(provider, errors.New("nothing that is known as an answer")))
	case a.finish == "", x.Stream && !bytes.Contains(x.Body, []byte("[DONE]")):
		return fail(llm.Garbage, "an answer that ends in its middle")
	case a.refusal != "", a.finish == "content_filter":
		out.Text, out.Finish = cmp.Or(a.text, a.refusal), llm.Filtered
	case a.finish == "length":
		out.Finish = llm.Length
	default:
		out.Finish = llm.Stop
	}
	return out, nil
}

func (c *Chat) request(r llm.Request) (openai.ChatCompletionNewParams, error) {
	request := openai.ChatCompletionNewParams{Model: c.model, Seed: param.NewOpt(r.Seed & math.MaxInt32)}
	for _, m := range r.Messages {
		request.Messages = append(request.Messages, message(m))
	}
	for _, t := range r.Tools {
		tool, err := function(t)
		if err != nil {
			return request, err
		}
		request.Tools = append(request.Tools, tool)
	}
	if !c.config.NoTemperature {
		request.Temperature = param.NewOpt(r.Temperature)
	}
	if r.MaxTokens > 0 && c.config.MaxTokens == maxTokens {
		request.MaxTokens = param.NewOpt(int64(r.MaxTokens))
	} else if r.MaxTokens > 0 {
		request.MaxCompletionTokens = param.NewOpt(int64(r.MaxTokens))
	}
	if r.TopLogprobs > 0 {
		request.Logprobs, request.TopLogprobs = param.NewOpt(true), param.NewOpt(int64(r.TopLogprobs))
	}
	if r.Schema != nil {
		request.ResponseFormat.OfJSONSchema = &shared.ResponseFormatJSONSchemaParam{
			JSONSchema: shared.ResponseFormatJSONSchemaJSONSchemaParam{Name: "answer", Strict: param.NewOpt(true), Schema: r.Schema},
		}
	}
	if c.config.FirstToken {
		request.StreamOptions.IncludeUsage = param.NewOpt(true)
	}
	if len(c.config.Options) > 0 {
		request.SetExtraFields(c.config.Options)
	}
	return request, nil
}

func message(m llm.Message) openai.ChatCompletionMessageParamUnion {
	switch m.Role {
	case llm.System:
		return openai.SystemMessage(m.Content)
	case llm.Assistant:
		return assistant(m)
	case llm.ToolRole:
		return openai.ToolMessage(m.Content, m.ToolCallID)
	default:
		return openai.UserMessage(m.Content)
	}
}

// answer is what a completion and a stream of its pieces have in common.
type answer struct {
	text, refusal, finish string
	calls                 []llm.ToolCall
	logprobs              []openai.ChatCompletionTokenLogprob
	usage                 openai.CompletionUsage
	first                 time.Time // when the first piece came, if in pieces
}

func (c *Chat) complete(ctx context.Context, request openai.ChatCompletionNewParams) (answer, error) {
	completion, err := c.service.New(ctx, request)
	if err != nil || len(completion.Choices) == 0 {
		return answer{}, err
	}
	choice := completion.Choices[0]
	return answer{
		text: choice.Message.Content, refusal: choice.Message.Refusal, finish: choice.FinishReason,
		calls: whole(choice.Message.ToolCalls), logprobs: choice.Logprobs.Content, usage: completion.Usage,
	}, nil
}

func (c *Chat) stream(ctx context.Context, request openai.ChatCompletionNewParams) (a answer, err error) {
	var text, refusal strings.Builder
	var calls pieces
	stream := c.service.NewStreaming(ctx, request)
	for stream.Next() {
		piece := stream.Current()
		if piece.Usage.TotalTokens > 0 { // the last piece, which has no choice
			a.usage = piece.Usage
		}
		if len(piece.Choices) == 0 {
			continue
		}
		choice := piece.Choices[0]
		if a.first.IsZero() && choice.Delta.Content != "" {
			a.first = time.Now()
		}
		text.WriteString(choice.Delta.Content)
		refusal.WriteString(choice.Delta.Refusal)
		calls.add(choice.Delta.ToolCalls)
		a.finish = cmp.Or(choice.FinishReason, a.finish)
		a.logprobs = append(a.logprobs, choice.Logprobs.Content...)
	}
	a.text, a.refusal, a.calls = text.String(), refusal.String(), calls.whole()
	return a, stream.Err()
}

func tokens(logprobs []openai.ChatCompletionTokenLogprob) []llm.Token {
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
