// Package price says what the calls of a model cost, by a table in which every price has its date and its source.
package price

import (
	"bufio"
	_ "embed" // the table
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"sync"
	"time"

	"llm4rec/llm"
)

// Price is in dollars per million tokens.
type Price struct {
	Prompt float64   `json:"prompt"`
	Cached float64   `json:"cached"` // of the prompt's tokens those that the service had seen before
	Output float64   `json:"output"`
	From   time.Time `json:"from"`   // the day from which it is known to hold
	Source string    `json:"source"` // an address
}

// Dollars is what an answer cost, or any sum of answers.
func (p Price) Dollars(prompt, cached, output int) float64 {
	return (float64(prompt-cached)*p.Prompt + float64(cached)*p.Cached + float64(output)*p.Output) / 1e6
}

// Table is a list of prices.
type Table struct {
	rows []row
	then *Table // is asked for what the rows do not have
}

type row struct {
	provider, baseURL, model string
	known                    bool
	price                    Price
}

//go:embed prices.tsv
var standard string

var parsed = sync.OnceValue(func() *Table {
	rows, err := parse(strings.NewReader(standard), "prices.tsv")
	if err != nil {
		panic("price: " + err.Error())
	}
	return &Table{rows: rows}
})

// Standard is the table that is built in.
func Standard() *Table { return parsed() }

// Of is the price on a day in the standard table. That of an unknown service is unknown, and not 0.
func Of(id llm.Identity, on time.Time) (Price, bool) { return Standard().Of(id, on) }

// Read reads a table in the form of prices.tsv: what it does not have is looked up in the standard one. The name is for errors.
func Read(r io.Reader, name string) (*Table, error) {
	rows, err := parse(r, name)
	if err != nil {
		return nil, fmt.Errorf("price: %w", err)
	}
	return &Table{rows, Standard()}, nil
}

// Of is the price on a day. Of rows with one model that of the latest day counts, of several that fit it the one with the
// longest name.
func (t *Table) Of(id llm.Identity, on time.Time) (Price, bool) {
	best := -1
	for n, r := range t.rows {
		if r.fits(id) && !r.price.From.After(on) && (best < 0 || r.before(t.rows[best])) {
			best = n
		}
	}
	switch {
	case best >= 0:
		return t.rows[best].price, t.rows[best].known
	case t.then != nil:
		return t.then.Of(id, on)
	default:
		return Price{}, false
	}
}

func (r row) fits(id llm.Identity) bool {
	return r.provider == id.Provider && (r.baseURL == "*" || r.baseURL == strings.TrimRight(id.BaseURL, "/")) && matches(r.model, id.Model)
}

func matches(pattern, name string) bool {
	if end, ok := strings.CutPrefix(pattern, "*"); ok {
		return strings.HasSuffix(name, end)
	}
	if begin, ok := strings.CutSuffix(pattern, "*"); ok {
		return strings.HasPrefix(name, begin)
	}
	return pattern == name
}

// before tells which of two rows that fit is to be taken.
func (r row) before(other row) bool {
	if r.model == other.model {
		return r.price.From.After(other.price.From)
	}
	if whole := !strings.Contains(r.model, "*"); whole != !strings.Contains(other.model, "*") {
		return whole
	}
	return len(r.model) > len(other.model)
}

var columns = []string{"provider", "base_url", "model", "from", "prompt", "cached", "output", "source"}

func parse(r io.Reader, name string) (rows []row, err error) {
	lines := bufio.NewScanner(r)
	headed := false
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimRight(lines.Text(), "\r")
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
		case !headed:
			if line != strings.Join(columns, "\t") {
				return nil, fmt.Errorf("%s:%d: want the columns %s, separated by tabs", name, n, strings.Join(columns, ", "))
			}
			headed = true
		default:
			r, err := parseRow(strings.Split(line, "\t"))
			if err != nil {
				return nil, fmt.Errorf("%s:%d: %w", name, n, err)
			}
			rows = append(rows, r)
		}
	}
	return rows, lines.Err()
}

func parseRow(fields []string) (r row, err error) {
	if len(fields) != len(columns) {
		return r, fmt.Errorf("want %d fields, got %d", len(columns), len(fields))
	}
	r = row{provider: fields[0], baseURL: fields[1], model: fields[2], known: fields[4] != "?"}
	if r.baseURL != "*" {
		r.baseURL = strings.TrimRight(r.baseURL, "/")
	}
	r.price.Source = fields[7]
	if r.price.From, err = time.Parse(time.DateOnly, fields[3]); err != nil {
		return r, fmt.Errorf("the day %q: want one like 2025-12-31", fields[3])
	}
	if fields[7] == "" {
		return r, errors.New("a price without a source")
	}
	if !r.known {
		return r, nil
	}
	if fields[5] == "-" {
		fields[5] = fields[4]
	}
	for n, price := range map[int]*float64{4: &r.price.Prompt, 5: &r.price.Cached, 6: &r.price.Output} {
		if *price, err = strconv.ParseFloat(fields[n], 64); err != nil || *price < 0 || math.IsInf(*price, 0) || math.IsNaN(*price) {
			return r, fmt.Errorf("%s: want dollars per million tokens, got %q", columns[n], fields[n])
		}
	}
	return r, nil
}
