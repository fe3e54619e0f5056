package rank

import (
	_ "embed" // of the payloads
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"

	"llm4rec/data"
	"llm4rec/llm/clean"
)

//go:embed payloads.yaml
var payloads []byte

// Payload is a text that is put into an item's own, so that the model does what it says.
type Payload struct {
	Name string `yaml:"name"`
	Text string `yaml:"text"`
}

// Payloads are those that an attack can name.
func Payloads() []Payload {
	var out []Payload
	if err := yaml.Unmarshal(payloads, &out); err != nil {
		panic(err) // it is part of the program
	}
	return out
}

// Injection is an attack by those who write the texts of items: the last of the candidates that the model sees has a payload
// at the end of a field, which is shortened before it where the item's text would otherwise be cut: who attacks writes it so that
// it is read. It goes through what keeps texts data, as any text does.
type Injection struct {
	Payload string `json:"payload" yaml:"payload" jsonschema:"override, fake-ranking, delimiter, turn, authority, social-proof, multilingual, hidden or reversed"`
	Field   string `json:"field" yaml:"field" jsonschema:"whose end it becomes: title, overview, genres or another that the item's text has"`
}

func (i Injection) check(c Config) error {
	var names []string
	for _, p := range Payloads() {
		names = append(names, p.Name)
	}
	switch {
	case !slices.Contains(names, i.Payload):
		return fmt.Errorf("payload: %q is not one of %s", i.Payload, strings.Join(names, ", "))
	case c.Titles == "anonymous":
		return errors.New("anonymous items have no text to attack")
	case !slices.Contains(c.Item.Fields(), i.Field):
		return fmt.Errorf("field: %q is not in an item's text, %s", i.Field, c.Item)
	case utf8.RuneCountInString(i.text()) > c.Limit:
		return fmt.Errorf("payload: %s has %d characters, and an item's text may have %d: see limit", i.Payload, utf8.RuneCountInString(i.text()), c.Limit)
	}
	return nil
}

func (i Injection) text() string {
	all := Payloads()
	return all[slices.IndexFunc(all, func(p Payload) bool { return p.Name == i.Payload })].Text
}

// into gives all n items the payload: which of them is attacked depends on the user.
func (i Injection) into(c Config, fields data.Fields, n int) (data.Fields, error) {
	out := slices.Clone(fields)
	at := slices.IndexFunc(out, func(f data.Field) bool { return f.Name == i.Field })
	if at < 0 {
		return out, nil // which the item's text will tell
	}
	original := out[at].Values
	out[at].Values = make([]string, n)
	put := func(item int, before string) { out[at].Values[item] = strings.TrimSpace(before + " " + i.text()) }
	for item := range n {
		put(item, original[item])
	}
	long, err := c.Item.Render(out, n)
	for item, text := range long {
		if over := utf8.RuneCountInString(clean.Text(text, math.MaxInt)) - c.Limit; over > 0 {
			whole := []rune(original[item])
			put(item, string(whole[:max(0, len(whole)-over-1)]))
		}
	}
	return out, err
}
