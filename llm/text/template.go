// Package text makes items texts: a template over their fields says how.
package text

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"llm4rec/data"
)

// Version of the way a template is filled in. It changes whenever the same template and fields would give another text.
const Version = 1

// Template is a text with the names of fields in braces: "{title} ({year}), {genres}. {overview}".
//
// A field that an item does not have is left out with the text on both of its sides, in whose place stands a space: nothing of
// "(), ." stays behind. Space is never doubled.
type Template string

// placeholder is a field's name in braces.
var placeholder = regexp.MustCompile(`\{([a-z0-9_]+)\}`)

// Plain joins fields with a space.
func Plain(fields ...string) Template {
	parts := make([]string, len(fields))
	for n, f := range fields {
		parts[n] = "{" + f + "}"
	}
	return Template(strings.Join(parts, " "))
}

// Fields are the names that the template has, each once.
func (t Template) Fields() []string {
	var out []string
	for _, m := range placeholder.FindAllStringSubmatch(string(t), -1) {
		if !slices.Contains(out, m[1]) {
			out = append(out, m[1])
		}
	}
	return out
}

// Validate says what is wrong with a template.
func (t Template) Validate() error {
	if len(t.Fields()) == 0 {
		return fmt.Errorf("template %q has no field in braces, as {title}", string(t))
	}
	if rest := placeholder.ReplaceAllString(string(t), ""); strings.ContainsAny(rest, "{}") {
		return fmt.Errorf("template %q: a brace that is not around a name of small letters, digits and _", string(t))
	}
	return nil
}

// Hash names the template and the way it is filled in.
func (t Template) Hash() string {
	sum := sha256.Sum256(fmt.Appendf(nil, "text %d %s", Version, string(t)))
	return hex.EncodeToString(sum[:8])
}

// ErrNoField is the error of a template with a field that the items do not have.
var ErrNoField = errors.New("no such field")

// Render makes n items texts.
func (t Template) Render(fields data.Fields, n int) ([]string, error) {
	if err := t.Validate(); err != nil {
		return nil, err
	}
	values := map[string][]string{}
	for _, name := range t.Fields() {
		if values[name] = fields.Values(name); values[name] == nil {
			return nil, fmt.Errorf("field %q of the template: %w; there are: %s", name, ErrNoField, strings.Join(names(fields), ", "))
		}
	}
	parts := t.parts()
	out := make([]string, n)
	for i := range out {
		out[i] = fill(parts, func(field string) string { return values[field][i] })
	}
	return out, nil
}

func names(fields data.Fields) []string {
	out := make([]string, len(fields))
	for n, f := range fields {
		out[n] = f.Name
	}
	return out
}

// part is a field with the text before it. The last part has no field.
type part struct{ before, field string }

func (t Template) parts() []part {
	var out []part
	text, at := string(t), 0
	for _, m := range placeholder.FindAllStringSubmatchIndex(text, -1) {
		out = append(out, part{text[at:m[0]], text[m[2]:m[3]]})
		at = m[1]
	}
	return append(out, part{before: text[at:]})
}

// fill puts values in. Of the text before a field nothing is written unless the field is there, and the one before it.
func fill(parts []part, value func(field string) string) string {
	var b strings.Builder
	kept := true // what precedes the first field
	for n, p := range parts[:len(parts)-1] {
		v := strings.TrimSpace(value(p.field))
		switch {
		case v == "":
		case kept:
			b.WriteString(p.before)
		case n > 0:
			b.WriteByte(' ')
		}
		b.WriteString(v)
		kept = v != ""
	}
	if kept {
		b.WriteString(parts[len(parts)-1].before)
	}
	return strings.Join(strings.Fields(b.String()), " ")
}
