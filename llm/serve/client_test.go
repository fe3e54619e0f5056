package serve

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"

	"llm4rec/llm"
	"llm4rec/llm/agent"
	"llm4rec/llm/llmtest"
	ours "llm4rec/llm/openai"
)

// TestStockClient is OpenAI's own library for Go, which knows nothing of this server.
func TestStockClient(t *testing.T) {
	c := config()
	c.Keys, c.Visitors = []string{"a-key"}, visitors
	base, _ := start(t, newServer(t, echo, c))
	client := openai.NewClient(option.WithBaseURL(base+"/v1"), option.WithAPIKey("a-key"), option.WithMaxRetries(0), option.WithHTTPClient(llmtest.Client(t)))
	models, err := client.Models.List(t.Context())
	if err != nil || len(models.Data) != 1 || models.Data[0].ID != DefaultModel {
		t.Fatalf("%+v, %v", models, err)
	}
	ask := openai.ChatCompletionNewParams{
		Model: models.Data[0].ID, User: openai.String("7"), Temperature: openai.Float(0.5),
		Messages: []openai.ChatCompletionMessageParamUnion{openai.SystemMessage("You are helpful."), openai.UserMessage("a film")},
	}
	whole, err := client.Chat.Completions.New(t.Context(), ask)
	if err != nil || whole.Choices[0].Message.Content != "You said: a film" || whole.Usage.TotalTokens != 110 {
		t.Fatalf("%+v, %v", whole, err)
	}
	var more struct {
		User    string
		Ignored []string
		Items   []item
	}
	if err := json.Unmarshal([]byte(whole.JSON.ExtraFields["llm4rec"].Raw()), &more); err != nil || more.User != "7" || len(more.Items) != 2 || strings.Join(more.Ignored, ", ") != "messages of the system, temperature" {
		t.Errorf("%+v, %v", more, err)
	}
	ask.Messages = append(ask.Messages, whole.Choices[0].Message.ToParam(), openai.UserMessage("another one"))
	ask.StreamOptions.IncludeUsage = openai.Bool(true)
	stream := client.Chat.Completions.NewStreaming(t.Context(), ask)
	var sum openai.ChatCompletionAccumulator
	for stream.Next() {
		if !sum.AddChunk(stream.Current()) {
			t.Errorf("a chunk of another answer: %s", stream.Current().RawJSON())
		}
	}
	if stream.Err() != nil || sum.Choices[0].Message.Content != "You said: a film | another one" || sum.Choices[0].FinishReason != "stop" || sum.Usage.TotalTokens != 110 {
		t.Errorf("%+v, %v", sum, stream.Err())
	}
	ask.Tools = []openai.ChatCompletionToolUnionParam{openai.ChatCompletionFunctionTool(openai.FunctionDefinitionParam{Name: "rm"})}
	_, err = client.Chat.Completions.New(t.Context(), ask)
	if failed := (*openai.Error)(nil); !errors.As(err, &failed) || failed.StatusCode != http.StatusBadRequest || failed.Code != unsupported || failed.Param != "tools" || failed.Message == "" {
		t.Errorf("%v", err)
	}
}

// TestStockClientOfAFailingStream sees the error, and not an answer that is done.
func TestStockClientOfAFailingStream(t *testing.T) {
	host := script(func(context.Context, agent.Visitor, []string) (agent.Turn, error) {
		return agent.Turn{}, errors.New("no")
	})
	base, _ := start(t, newServer(t, tellers{host, 1, 0}, config()))
	client := openai.NewClient(option.WithBaseURL(base+"/v1"), option.WithAPIKey("any"), option.WithMaxRetries(0), option.WithHTTPClient(llmtest.Client(t)))
	stream := client.Chat.Completions.NewStreaming(t.Context(), openai.ChatCompletionNewParams{
		Model: DefaultModel, Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage("a")},
	})
	for stream.Next() {
	}
	if err := stream.Err(); err == nil || !strings.Contains(err.Error(), "the agent failed") {
		t.Errorf("%v", err)
	}
}

// TestOurClient: the harness's own chat is a client too.
func TestOurClient(t *testing.T) {
	base, _ := start(t, newServer(t, echo, config()))
	for _, streams := range []bool{false, true} {
		chat, err := ours.NewChat(ours.ChatConfig{BaseURL: base + "/v1", Model: DefaultModel, KeyVariable: "LLM4REC_NO_KEY", FirstToken: streams, HTTP: llmtest.Client(t)})
		if err != nil {
			t.Fatal(err)
		}
		got, err := chat.Generate(t.Context(), llm.Request{Messages: []llm.Message{{Role: llm.User, Content: "a"}}})
		if err != nil || got.Text != "You said: a" || got.Finish != llm.Stop || got.PromptTokens != 100 {
			t.Errorf("%+v, %v", got, err)
		}
	}
}
