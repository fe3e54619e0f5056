package rank

import (
	_ "embed" // of the payloads
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"llm4rec/data"
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
// at the end of a field. It goes through what keeps texts data, as any text does, and through the limit of an item's text.
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
	}
	return nil
}

func (i Injection) text() string {
	all := Payloads()
	return all[slices.IndexFunc(all, func(p Payload) bool { return p.Name == i.Payload })].Text
}

// into gives all items the payload: which of them is attacked depends on the user.
func (i Injection) into(fields data.Fields) data.Fields {
	out := slices.Clone(fields)
	payload := i.text()
	for n, f := range out {
		if f.Name != i.Field {
			continue
		}
		out[n].Values = make([]string, len(f.Values))
		for k, v := range f.Values {
			out[n].Values[k] = strings.TrimSpace(v + " " + payload)
		}
	}
	return out
}
