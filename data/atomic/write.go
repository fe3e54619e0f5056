package atomic

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"

	"llm4rec/data"
)

// WriteInter writes a .inter file: user, item, rating and timestamp, in the order given.
func WriteInter(w io.Writer, users, items *data.Index, x data.Interactions) error {
	out := bufio.NewWriter(w)
	fmt.Fprintf(out, "%s:token\t%s:token\t%s:float\t%s:float\n", userColumn, itemColumn, ratingColumn, timeColumn)
	for n := range x.User {
		user, item := users.Raw(x.User[n]), items.Raw(x.Item[n])
		if err := plain(user, item); err != nil {
			return err
		}
		out.WriteString(user + "\t" + item + "\t" + strconv.FormatFloat(float64(x.Rating[n]), 'g', -1, 32) + "\t" + strconv.FormatInt(x.Time[n], 10) + "\n")
	}
	return flush(out)
}

// WriteCases writes a part of a split in the benchmark form: a row for each relevant item of each case that has a
// history, with the history as item_id_list.
func WriteCases(w io.Writer, users, items *data.Index, p data.Part) error {
	out := bufio.NewWriter(w)
	fmt.Fprintf(out, "%s:token\t%s:token_seq\t%s:token\n", userColumn, listColumn, itemColumn)
	for n, c := range p.Cases {
		if len(c.History) == 0 {
			continue // the form cannot say that there is none
		}
		var list []string
		for _, i := range c.History {
			list = append(list, items.Raw(i))
		}
		for _, i := range p.Relevant[n] {
			if err := plain(append(list, users.Raw(c.User), items.Raw(i))...); err != nil {
				return err
			}
			out.WriteString(users.Raw(c.User) + "\t" + strings.Join(list, " ") + "\t" + items.Raw(i) + "\n")
		}
	}
	return flush(out)
}

// WriteItems writes a .item file: the text of every item.
func WriteItems(w io.Writer, d *data.Dataset) error {
	return writeText(w, itemColumn, d.Items, d.ItemText)
}

// WriteUsers writes a .user file: the text of every user.
func WriteUsers(w io.Writer, d *data.Dataset) error {
	return writeText(w, userColumn, d.Users, d.UserText)
}

// writeText writes one row an id. Genres become values separated by spaces, under RecBole's name; a space within one
// becomes "_". Tabs and line ends within a text become spaces.
func writeText(w io.Writer, id string, index *data.Index, fields data.Fields) error {
	out := bufio.NewWriter(w)
	out.WriteString(id + ":token")
	for _, f := range fields {
		name := f.Name
		if isGenres(f) {
			name = "genre"
		}
		out.WriteString("\t" + name + ":" + string(f.Kind))
	}
	out.WriteString("\n")
	clean := strings.NewReplacer("\t", " ", "\n", " ", "\r", " ", "\x00", " ")
	for n := range int32(index.Len()) {
		if err := plain(index.Raw(n)); err != nil {
			return err
		}
		out.WriteString(index.Raw(n))
		for _, f := range fields {
			v := clean.Replace(f.Values[n])
			if isGenres(f) {
				values := strings.Split(v, ", ")
				for n := range values {
					values[n] = strings.Join(strings.Fields(values[n]), "_")
				}
				v = strings.Join(values, " ")
			}
			out.WriteString("\t" + v)
		}
		out.WriteString("\n")
	}
	return flush(out)
}

func isGenres(f data.Field) bool { return f.Name == "genres" && f.Kind == data.TokenSeq }

// plain checks that ids can stand in a table and in a list.
func plain(ids ...string) error {
	for _, id := range ids {
		if id == "" || strings.ContainsAny(id, " \t\r\n\x00") {
			return fmt.Errorf("%s: the id %q cannot be written: it is empty or has white space", source, id)
		}
	}
	return nil
}

func flush(out *bufio.Writer) error {
	if err := out.Flush(); err != nil { // the buffer keeps the first error of all writes
		return fmt.Errorf("%s: %w", source, err)
	}
	return nil
}
