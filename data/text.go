package data

// Kind is the type of a field, in the terms of RecBole's atomic files.
type Kind string

const (
	Token    Kind = "token"     // one opaque value: a year, an occupation
	TokenSeq Kind = "token_seq" // text, or several values: a title, genres
	Float    Kind = "float"     // one number
	FloatSeq Kind = "float_seq" // several numbers, separated by spaces
)

// Field is one column of text about users or items. Values is indexed by dense id; "" is a missing value.
type Field struct {
	Name   string // "title", "year", "genres", "overview", …
	Kind   Kind
	Values []string
}

// Fields are the columns of one table, in the source's order.
type Fields []Field

// Values returns the column of that name, or nil.
func (f Fields) Values(name string) []string {
	for _, x := range f {
		if x.Name == name {
			return x.Values
		}
	}
	return nil
}

// take keeps the rows at the given dense ids, in that order.
func (f Fields) take(ids []int32) Fields {
	out := make(Fields, len(f))
	for n, x := range f {
		v := make([]string, len(ids))
		for i, id := range ids {
			v[i] = x.Values[id]
		}
		out[n] = Field{x.Name, x.Kind, v}
	}
	return out
}
