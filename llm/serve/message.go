package serve

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"llm4rec/llm"
)

// said reads what the user and the agent said, and passes over what the system did.
func said(messages []json.RawMessage, l Limits) ([]llm.Message, *failure) {
	if len(messages) == 0 {
		return nil, bad(missing, "messages", "there are no messages")
	}
	if len(messages) > l.Messages {
		return nil, bad("array_above_max_length", "messages", "%d messages are more than %d", len(messages), l.Messages)
	}
	var out []llm.Message
	for n, raw := range messages {
		param := fmt.Sprintf("messages[%d]", n)
		var m struct {
			Role         string          `json:"role"`
			Content      json.RawMessage `json:"content"`
			ToolCalls    []any           `json:"tool_calls"`
			FunctionCall any             `json:"function_call"`
		}
		if json.Unmarshal(raw, &m) != nil {
			return nil, bad(invalidValue, param, "%s must be an object with role and content", param)
		}
		switch m.Role {
		case llm.System, "developer":
			continue
		case llm.User, llm.Assistant:
		case "tool", "function":
			return nil, bad(unsupported, param+".role", "%s: the agent has its own tools, and takes no others' results", param)
		default:
			return nil, bad(invalidValue, param+".role", "%s: the role must be system, user or assistant", param)
		}
		if len(m.ToolCalls) > 0 || m.FunctionCall != nil {
			return nil, bad(unsupported, param+".tool_calls", "%s: the agent has its own tools, and called no others", param)
		}
		text, f := content(m.Content, param+".content")
		if f != nil {
			return nil, f
		}
		if runes := utf8.RuneCountInString(text); runes > l.Runes {
			return nil, bad(tooLong, param+".content", "%s has %d characters, more than %d", param, runes, l.Runes)
		}
		if text = plain(text); text == "" && m.Role == llm.User {
			return nil, bad(invalidValue, param+".content", "%s says nothing", param)
		}
		out = append(out, llm.Message{Role: m.Role, Content: text})
	}
	if len(out) == 0 || out[len(out)-1].Role != llm.User {
		return nil, bad(invalidValue, "messages", "the last message must be the user's")
	}
	return out, nil
}

// content is a text, or an array of its parts.
func content(raw json.RawMessage, param string) (string, *failure) {
	var text *string
	if len(raw) == 0 || json.Unmarshal(raw, &text) == nil {
		if text == nil { // an answer may have none
			return "", nil
		}
		return *text, nil
	}
	var parts []struct {
		Type    string `json:"type"`
		Text    string `json:"text"`
		Refusal string `json:"refusal"`
	}
	if json.Unmarshal(raw, &parts) != nil {
		return "", bad(invalidValue, param, "%s must be a text, or an array of texts", param)
	}
	var b strings.Builder
	for _, p := range parts {
		switch p.Type {
		case "text", "refusal":
			b.WriteString(p.Text + p.Refusal)
		case "image_url", "input_audio", "file":
			return "", bad(unsupported, param, "%s has a part that is no text: the agent reads nothing else", param)
		default:
			return "", bad(invalidValue, param, "%s has a part of no known type", param)
		}
	}
	return b.String(), nil
}

// plain is a text without control characters, NUL among them, and without spaces around it. Line ends and tabs stay. A client that
// trims the answers which it repeats repeats them all the same.
func plain(text string) string {
	text = strings.ReplaceAll(text, "\r\n", "\n")
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case unicode.IsControl(r):
			return ' '
		default:
			return r
		}
	}, text))
}
