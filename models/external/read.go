package external

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"llm4rec/data"
)

// prediction is one scored item for one user and the line it came from.
type prediction struct {
	user, item int32
	score      float64
	line       int
}

// reader turns a file of predictions into dense ids.
type reader struct {
	path         string
	users, items *data.Index
	line         int
	out          []prediction
}

// errorf makes an error about the current line.
func (r *reader) errorf(format string, args ...any) error {
	return fmt.Errorf("external: %s:%d: %w", r.path, r.line, fmt.Errorf(format, args...))
}

func (r *reader) all(ctx context.Context, f io.Reader, format Format) ([]prediction, error) {
	scan := bufio.NewScanner(f)
	scan.Buffer(make([]byte, 0, 1<<16), 64<<20) // a whole list may stand in one line
	var row func(text string) error
	for scan.Scan() {
		if r.line&0xffff == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		r.line++
		text := strings.TrimSuffix(scan.Text(), "\r")
		var err error
		switch {
		case r.line > 1:
			err = row(text)
		case format == RecBole || format == Auto && strings.Contains(text, "user_id:"):
			row, err = r.header(strings.TrimPrefix(text, "\ufeff"))
		default:
			row = r.trec
			err = row(text)
		}
		if err != nil {
			return nil, err
		}
	}
	if errors.Is(scan.Err(), bufio.ErrTooLong) {
		r.line++
		return nil, r.errorf("the line is too long")
	}
	if err := scan.Err(); err != nil {
		return nil, fmt.Errorf("external: %s: %w", r.path, err)
	}
	if len(r.out) == 0 {
		return nil, fmt.Errorf("external: %s: there is no prediction in the file", r.path)
	}
	return r.out, nil
}

// trec reads "qid Q0 docid rank score tag".
func (r *reader) trec(text string) error {
	f := strings.Fields(text)
	if len(f) != 6 {
		return r.errorf("want 6 fields (qid Q0 docid rank score tag), got %d", len(f))
	}
	return r.add(f[0], f[2], f[4])
}

// header reads RecBole's first line and returns the function that reads the others.
func (r *reader) header(text string) (func(string) error, error) {
	columns := strings.Split(text, "\t")
	at := map[string]int{}
	kinds := map[string]string{"user_id": "token", "item_id": "token", "score": "float", "item_id_list": "token_seq"}
	for n, c := range columns {
		name, kind, _ := strings.Cut(c, ":")
		if want, known := kinds[name]; known && kind != want {
			return nil, r.errorf("column %q: want %s:%s", c, name, want)
		}
		if _, ok := at[name]; ok {
			return nil, r.errorf("column %q is there twice", name)
		}
		at[name] = n
	}
	has := func(names ...string) bool {
		return !slices.ContainsFunc(names, func(n string) bool { _, ok := at[n]; return !ok })
	}
	fields := func(text string, use func(f []string) error) error {
		f := strings.Split(text, "\t")
		if len(f) != len(columns) {
			return r.errorf("want %d columns, got %d", len(columns), len(f))
		}
		return use(f)
	}
	switch user := at["user_id"]; {
	case has("user_id", "item_id", "score") && !has("item_id_list"):
		return func(text string) error {
			return fields(text, func(f []string) error { return r.add(f[user], f[at["item_id"]], f[at["score"]]) })
		}, nil
	case has("user_id", "item_id_list") && !has("item_id"):
		lineOf := map[string]int{}
		return func(text string) error {
			return fields(text, func(f []string) error {
				if first, ok := lineOf[f[user]]; ok {
					return r.errorf("user %q has a list in line %d already", f[user], first)
				}
				lineOf[f[user]] = r.line
				return r.list(f[user], strings.Fields(f[at["item_id_list"]]))
			})
		}, nil
	}
	return nil, r.errorf("header %q: want user_id:token, item_id:token and score:float, or user_id:token and item_id_list:token_seq", text)
}

// list reads the items of one user, best first.
func (r *reader) list(rawUser string, items []string) error {
	user, ok := r.users.Dense(rawUser)
	if !ok {
		return r.errorf("unknown user %q", rawUser)
	}
	for n, raw := range items {
		item, ok := r.items.Dense(raw)
		if !ok {
			return r.errorf("unknown item %q", raw)
		}
		r.out = append(r.out, prediction{user, item, -float64(n), r.line})
	}
	return nil
}

func (r *reader) add(rawUser, rawItem, number string) error {
	user, ok := r.users.Dense(rawUser)
	if !ok {
		return r.errorf("unknown user %q", rawUser)
	}
	item, ok := r.items.Dense(rawItem)
	if !ok {
		return r.errorf("unknown item %q", rawItem)
	}
	score, err := strconv.ParseFloat(number, 64)
	if math.IsNaN(score) || math.IsInf(score, 0) { // too large a number is infinite and an error
		return r.errorf("score %q is not finite", number)
	}
	if err != nil {
		return r.errorf("score %q is not a number", number)
	}
	r.out = append(r.out, prediction{user, item, score, r.line})
	return nil
}
