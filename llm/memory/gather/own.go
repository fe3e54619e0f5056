package gather

import (
	"context"
	"strings"

	"llm4rec/data"
	"llm4rec/llm/memory"
)

// OwnName is the name of the source that is the data set itself.
const OwnName = "data set"

// Own is the source of a data set's own fields, but for those that carry later knowledge.
type Own struct {
	fields  data.Fields
	licence string

	Excluded []string // fields that are left out
}

// NewOwn makes it. The licence is the data set's.
func NewOwn(d *data.Dataset, licence string) *Own {
	o := &Own{licence: licence}
	for _, f := range d.ItemText {
		if memory.Excluded(f.Name) {
			o.Excluded = append(o.Excluded, f.Name)
			continue
		}
		o.fields = append(o.fields, f)
	}
	return o
}

// Name is OwnName.
func (o *Own) Name() string { return OwnName }

// Find are the fields that the item has.
func (o *Own) Find(_ context.Context, item int32) (Finding, error) {
	var out []memory.Value
	for _, f := range o.fields {
		if text := f.Values[item]; strings.TrimSpace(text) != "" {
			out = append(out, memory.Value{Field: f.Name, Text: text, Licence: o.licence})
		}
	}
	return found(out), nil
}

var _ Source = (*Own)(nil)
