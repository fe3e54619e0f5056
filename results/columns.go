package results

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding"
)

// decodeRanks reads rankings column by column. The library's reader of rows makes every number a value of 24 bytes first, which
// is five times the work; reports read thousands of these files.
func decodeRanks(path, sum string) ([]Ranking, error) {
	content, err := verify(path, sum)
	if err != nil {
		return nil, err
	}
	rows, err := columns(content)
	if err != nil {
		return nil, &Damaged{path, err.Error()}
	}
	return rows, nil
}

func columns(content []byte) ([]Ranking, error) {
	f, err := parquet.OpenFile(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		return nil, err
	}
	out := make([]Ranking, f.NumRows())
	done := 0
	for _, g := range f.RowGroups() {
		rows := out[done : done+int(g.NumRows())]
		done += len(rows)
		for n, path := range g.Schema().Columns() {
			c := column{chunk: g.ColumnChunks()[n]}
			switch path[0] {
			case "user":
				err = c.words(rows)
			case "history":
				err = each(c, integers, len(rows), func(r int, x []int32) { rows[r].History = x[0] })
			case "relevant":
				err = each(c, integers, len(rows), func(r int, x []int32) { rows[r].Relevant = x })
			case "items":
				err = each(c, integers, len(rows), func(r int, x []int32) { rows[r].Items = x })
			case "scores":
				err = each(c, floats, len(rows), func(r int, x []float32) { rows[r].Scores = x })
			}
			if err != nil {
				return nil, fmt.Errorf("column %s: %w", path[0], err)
			}
		}
	}
	return out, nil
}

func integers(v encoding.Values) []int32 { return v.Int32() }
func floats(v encoding.Values) []float32 { return v.Float() }

type column struct{ chunk parquet.ColumnChunk }

// pages calls visit with each page, whose memory is the library's again afterwards.
func (c column) pages(visit func(parquet.Page) error) (err error) {
	pages := c.chunk.Pages()
	defer func() { err = errors.Join(err, pages.Close()) }()
	for {
		p, err := pages.ReadPage()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if p.Dictionary() != nil {
			return errors.New("it has a dictionary, and none was written")
		}
		err = visit(p)
		parquet.Release(p)
		if err != nil {
			return err
		}
	}
}

func (c column) words(rows []Ranking) error {
	r := 0
	return c.pages(func(p parquet.Page) error {
		values := p.Data()
		data, offsets := values.ByteArray()
		if len(offsets) < 1 || r+len(offsets)-1 > len(rows) {
			return errors.New("not one value a row")
		}
		text := string(data) // one piece of memory for all
		for n := range offsets[1:] {
			rows[r].User = text[offsets[n]:offsets[n+1]]
			r++
		}
		return nil
	})
}

// each gives every row its values: one, or those of a list, which begins where the level of repetition is 0 and is empty where
// that of definition is.
func each[T any](c column, values func(encoding.Values) []T, rows int, put func(row int, x []T)) error {
	all := make([]T, 0, c.chunk.NumValues())
	var ends []int // of the rows
	err := c.pages(func(p parquet.Page) error {
		repeated, defined := p.RepetitionLevels(), p.DefinitionLevels()
		found := values(p.Data())
		if repeated == nil {
			for _, v := range found {
				all = append(all, v)
				ends = append(ends, len(all))
			}
			return nil
		}
		n := 0
		for i, level := range repeated {
			if level == 0 {
				ends = append(ends, len(all))
			}
			if defined == nil || defined[i] > 0 {
				if n == len(found) || len(ends) == 0 {
					return errors.New("levels and values do not fit")
				}
				all = append(all, found[n])
				n++
				ends[len(ends)-1] = len(all)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if len(ends) != rows {
		return fmt.Errorf("%d lists for %d rows", len(ends), rows)
	}
	from := 0
	for r, end := range ends {
		put(r, all[from:end:end])
		from = end
	}
	return nil
}
