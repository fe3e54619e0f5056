package explain

import (
	"encoding/json"
	"slices"
	"strings"

	"llm4rec/eval/reasons"
	"llm4rec/llm"
	"llm4rec/llm/clean"
)

// Class says what an answer was.
type Class string

// What answers are. Of several that fit, the first here counts.
const (
	Refusal    Class = "refusal"      // the model does not want to, or its provider does not let it
	Truncated  Class = "truncated"    // it ran into the limit of tokens before its end
	Empty      Class = "empty"        // nothing but space, or a sentence without words
	Unreadable Class = "unreadable"   // it is not the JSON that was asked for
	Citation   Class = "bad citation" // it cites a line or a field that was not shown, or nothing
	OK         Class = "ok"
)

// answer is the form of an answer.
type answer struct {
	Sentence *string `json:"sentence"`
	Claims   []struct {
		Kind    string `json:"kind"`
		History int    `json:"history"`
		Field   string `json:"field"`
		Value   string `json:"value"`
	} `json:"claims"`
}

// sentenceLimit is of characters: a sentence that is longer is cut.
const sentenceLimit = 1000

// parse reads an answer about an item whose prompt showed the history's items, numbered from 1, and fields of those names. An
// answer with a bad citation keeps its sentence and its claims, so that what it cites counts as it is; of all others that are
// not OK nothing is kept.
func parse(r llm.Response, history []int32, fields []string) (sentence string, claims []reasons.Claim, class Class) {
	var a answer
	read := llm.Object(r.Text, &a) == nil && a.Sentence != nil
	if read {
		sentence = clean.Text(*a.Sentence, sentenceLimit)
	}
	switch {
	case r.Finish == llm.Filtered:
		return "", nil, Refusal
	case r.Finish == llm.Length && !read:
		return "", nil, Truncated
	case strings.TrimSpace(r.Text) == "" || read && sentence == "":
		return "", nil, Empty
	case !read && llm.Refuses(r.Text):
		return "", nil, Refusal
	case !read:
		return "", nil, Unreadable
	}
	class = OK
	for _, x := range a.Claims {
		c := reasons.Claim{Kind: reasons.Kind(x.Kind), Item: reasons.NoItem}
		switch {
		case x.History >= 1 && x.History <= len(history):
			c.Item = history[x.History-1]
		case x.History != 0 || c.Kind == reasons.History:
			c.Item, class = reasons.Unknown, Citation
		}
		switch c.Kind {
		case reasons.History:
		case reasons.Field:
			if c.Field, c.Value = clean.Text(x.Field, valueLimit), clean.Text(x.Value, valueLimit); !slices.Contains(fields, x.Field) || c.Value == "" {
				class = Citation
			}
		default:
			return "", nil, Unreadable
		}
		claims = append(claims, c)
	}
	return sentence, claims, class
}

// schema of an answer. Numbers and names are listed because that is what most servers understand, and every property is
// required because some want that.
func schema(history int, fields []string) json.RawMessage {
	numbers := make([]int, history+1)
	for n := range numbers {
		numbers[n] = n
	}
	claim := object(map[string]any{
		"kind":    map[string]any{"type": "string", "enum": []reasons.Kind{reasons.History, reasons.Field}},
		"history": map[string]any{"type": "integer", "enum": numbers},
		"field":   map[string]any{"type": "string", "enum": append([]string{""}, fields...)},
		"value":   map[string]any{"type": "string"},
	}, "kind", "history", "field", "value")
	text, err := json.Marshal(object(map[string]any{
		"sentence": map[string]any{"type": "string"},
		"claims":   map[string]any{"type": "array", "items": claim},
	}, "sentence", "claims"))
	if err != nil {
		panic(err) // numbers and texts have JSON
	}
	return text
}

func object(properties map[string]any, required ...string) map[string]any {
	return map[string]any{"type": "object", "properties": properties, "required": required, "additionalProperties": false}
}
