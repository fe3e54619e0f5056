// Package movielens reads the three file layouts of MovieLens: 100K, 1M and 10M, and the CSV files of the later ones.
//
// Items have the text fields title, year and genres (values joined by ", "), 100K also release_date; users of 100K and
// 1M have age, gender, occupation and zip. What a source marks as unknown is "".
package movielens

import (
	"io/fs"
	"strings"

	"llm4rec/data"
	"llm4rec/data/internal/lines"
)

const source = "movielens"

// itemFields begin the item text of every layout.
var itemFields = [...]data.Field{
	{Name: "title", Kind: data.TokenSeq},
	{Name: "year", Kind: data.Token},
	{Name: "genres", Kind: data.TokenSeq},
}

var userFields = [...]data.Field{
	{Name: "age", Kind: data.Token},
	{Name: "gender", Kind: data.Token},
	{Name: "occupation", Kind: data.Token},
	{Name: "zip", Kind: data.Token},
}

// ratings reads lines of user, item, rating and time, after a header if there is one.
// bytesPerLine is about what a line takes, to make room at once.
func ratings(fsys fs.FS, name, sep, header string, bytesPerLine int64) (*data.Builder, error) {
	var b *data.Builder
	var fields [][]byte
	err := lines.Each(fsys, source, name, func(s *lines.Scanner, line []byte) error {
		if s.Line() == 1 {
			b = data.NewBuilder(int(s.Size() / bytesPerLine))
			if header != "" {
				if string(line) != header {
					return s.Errorf("want the header %q, got %q", header, line)
				}
				return nil
			}
		}
		fields = lines.Split(fields[:0], line, sep)
		if len(fields) != 4 {
			return s.Errorf("want 4 fields, got %d", len(fields))
		}
		for n, what := range [...]string{"user", "item"} {
			if _, ok := lines.Int(fields[n]); !ok {
				return s.Errorf("the %s %q is not a whole number", what, fields[n])
			}
		}
		rating, ok := lines.Rating(fields[2])
		if !ok {
			return s.Errorf("the rating %q is not a finite number", fields[2])
		}
		time, ok := lines.Int(fields[3])
		if !ok {
			return s.Errorf("the time %q is not a whole number of seconds", fields[3])
		}
		b.Add(fields[0], fields[1], rating, time)
		return nil
	})
	return b, err
}

// genres joins the values of a genre list as the later layouts write it.
func genres(list string) string {
	if list == "(no genres listed)" {
		return ""
	}
	return strings.ReplaceAll(list, "|", ", ")
}
