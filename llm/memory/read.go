package memory

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Column is which values of a field to read.
type Column struct {
	Field  string
	Source string // ""; or the only source to read
	// Until is a day, as 2006-01-02: what was written after it is not read. What has no date is. "": all is read.
	Until string
}

// ParseColumn reads a field's name, or field@source.
func ParseColumn(text string) (Column, error) {
	field, source, of := strings.Cut(text, "@")
	if !form.MatchString(field) || of && source == "" {
		return Column{}, fmt.Errorf("column %q: want the name of a field, or field@source", text)
	}
	return Column{Field: field, Source: source}, nil
}

// CheckDay says what is wrong with a day.
func CheckDay(day string) error {
	if day != "" && !isDay(day) {
		return fmt.Errorf("%q is no day as 1998-04-23", day)
	}
	return nil
}

// Field reads a field of all items that have it, by raw id. Of several sources that have it the one that was put first counts,
// and what a model wrote counts last.
func (s *Store) Field(ctx context.Context, c Column) (map[string]string, error) {
	out := map[string]string{}
	err := s.each(ctx, `WHERE field = ? AND (? = '' OR source = ?) AND (? = '' OR written <= ?)`, []any{c.Field, c.Source, c.Source, c.Until, c.Until}, func(v Value) {
		if _, has := out[v.Item]; !has && v.Text != "" {
			out[v.Item] = v.Text
		}
	})
	return out, err
}

// Fields are the names of the fields that items have, in alphabetical order.
func (s *Store) Fields(ctx context.Context) ([]string, error) {
	rows, err := s.db.QueryContext(ctx, "SELECT DISTINCT field FROM value ORDER BY field")
	if err != nil {
		return nil, s.wrap(err)
	}
	return collect(s, rows, func(rows *sql.Rows) (name string, err error) { return name, rows.Scan(&name) })
}

// Item are all values of one item, those first that Field prefers.
func (s *Store) Item(ctx context.Context, item string) ([]Value, error) {
	var out []Value
	err := s.each(ctx, "WHERE item = ?", []any{item}, func(v Value) { out = append(out, v) })
	return out, err
}

// Each calls f with every value, by item and then in the order of Item.
func (s *Store) Each(ctx context.Context, f func(Value)) error { return s.each(ctx, "", nil, f) }

func (s *Store) each(ctx context.Context, where string, args []any, f func(Value)) error {
	rows, err := s.db.QueryContext(ctx, `SELECT item, field, source, value, licence, written, prompt, model, fetched
		FROM value JOIN source ON source.name = value.source `+where+` ORDER BY item, prompt <> '', place, field`, args...)
	if err != nil {
		return s.wrap(err)
	}
	_, err = collect(s, rows, func(rows *sql.Rows) (struct{}, error) {
		var v Value
		var fetched string
		err := rows.Scan(&v.Item, &v.Field, &v.Source, &v.Text, &v.Licence, &v.Written, &v.Prompt, &v.Model, &fetched)
		if err == nil {
			v.Fetched, err = time.Parse(time.RFC3339, fetched)
		}
		if err == nil {
			f(v)
		}
		return struct{}{}, err
	})
	return err
}

// Asked is what became of the items that a source was asked about: outcomes and questions, without values.
func (s *Store) Asked(ctx context.Context, source string) (map[string]Entry, error) {
	rows, err := s.db.QueryContext(ctx, "SELECT item, source, outcome, detail, question, at FROM outcome WHERE source = ?", source)
	if err != nil {
		return nil, s.wrap(err)
	}
	all, err := collect(s, rows, entry)
	out := map[string]Entry{}
	for _, e := range all {
		out[e.Item] = e
	}
	return out, err
}

// With are the entries of one outcome, without values, by source and item.
func (s *Store) With(ctx context.Context, outcome Outcome) ([]Entry, error) {
	rows, err := s.db.QueryContext(ctx, `SELECT item, source, outcome, detail, question, at FROM outcome JOIN source ON source.name = outcome.source
		WHERE outcome = ? ORDER BY place, length(item), item`, string(outcome))
	if err != nil {
		return nil, s.wrap(err)
	}
	return collect(s, rows, entry)
}

// Of are the outcomes of one item, by source.
func (s *Store) Of(ctx context.Context, item string) ([]Entry, error) {
	rows, err := s.db.QueryContext(ctx, `SELECT item, source, outcome, detail, question, at FROM outcome JOIN source ON source.name = outcome.source
		WHERE item = ? ORDER BY place`, item)
	if err != nil {
		return nil, s.wrap(err)
	}
	return collect(s, rows, entry)
}

func entry(rows *sql.Rows) (e Entry, err error) {
	var at string
	if err = rows.Scan(&e.Item, &e.Source, &e.Outcome, &e.Detail, &e.Question, &at); err == nil {
		e.At, err = time.Parse(time.RFC3339, at)
	}
	return e, err
}

// Count is how many values one group has.
type Count struct {
	Field, Source, Licence string
	Values, Chars          int
	Prompt, Model          string // of what models wrote
}

// Counts are the numbers of values by field, source and licence, and by prompt and model where there are any.
func (s *Store) Counts(ctx context.Context) ([]Count, error) {
	rows, err := s.db.QueryContext(ctx, `SELECT field, source, licence, prompt, model, count(*), sum(length(value))
		FROM value JOIN source ON source.name = value.source GROUP BY field, source, licence, prompt, model ORDER BY field, place, licence, prompt, model`)
	if err != nil {
		return nil, s.wrap(err)
	}
	return collect(s, rows, func(rows *sql.Rows) (c Count, err error) {
		return c, rows.Scan(&c.Field, &c.Source, &c.Licence, &c.Prompt, &c.Model, &c.Values, &c.Chars)
	})
}

// Tally is how many items had one outcome with a source.
type Tally struct {
	Source  string
	Outcome Outcome
	Items   int
}

// Tallies are the outcomes by source.
func (s *Store) Tallies(ctx context.Context) ([]Tally, error) {
	rows, err := s.db.QueryContext(ctx, `SELECT source, outcome, count(*) FROM outcome JOIN source ON source.name = outcome.source
		GROUP BY source, outcome ORDER BY place, outcome`)
	if err != nil {
		return nil, s.wrap(err)
	}
	return collect(s, rows, func(rows *sql.Rows) (t Tally, err error) { return t, rows.Scan(&t.Source, &t.Outcome, &t.Items) })
}

func collect[T any](s *Store, rows *sql.Rows, scan func(*sql.Rows) (T, error)) (out []T, err error) {
	defer func() { err = s.wrap(errors.Join(err, rows.Close())) }()
	for rows.Next() {
		x, err := scan(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, x)
	}
	return out, rows.Err()
}

// Page is an answer of a server that is kept: no page is asked for twice.
type Page struct {
	Address string
	Status  int
	Body    []byte
	Fetched time.Time
}

// Page finds a kept page.
func (s *Store) Page(ctx context.Context, address string) (p Page, found bool, err error) {
	var fetched string
	err = s.db.QueryRowContext(ctx, "SELECT address, status, body, fetched FROM page WHERE address = ?", address).Scan(&p.Address, &p.Status, &p.Body, &fetched)
	if errors.Is(err, sql.ErrNoRows) {
		return p, false, nil
	}
	if err == nil {
		p.Fetched, err = time.Parse(time.RFC3339, fetched)
	}
	return p, err == nil, s.wrap(err)
}

// Keep keeps a page.
func (s *Store) Keep(ctx context.Context, p Page) error {
	_, err := s.db.ExecContext(ctx, "INSERT INTO page VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET status = excluded.status, body = excluded.body, fetched = excluded.fetched",
		p.Address, p.Status, p.Body, p.Fetched.UTC().Format(time.RFC3339))
	return s.wrap(err)
}
