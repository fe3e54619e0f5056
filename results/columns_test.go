package results

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/parquet-go/parquet-go"
)

// TestColumnsAreRows: reading by columns gives what the library reads by rows, over several pages and empty lists.
func TestColumnsAreRows(t *testing.T) {
	for _, n := range []int{0, 1, 7, 3000} {
		var rows []Ranking
		for u := range n {
			r := Ranking{User: fmt.Sprint("user ", u*u), History: int32(u % 90)}
			for k := range u % 120 {
				r.Items, r.Scores = append(r.Items, int32(k*u)), append(r.Scores, float32(k)/3)
			}
			for k := range u % 3 {
				r.Relevant = append(r.Relevant, int32(k))
			}
			rows = append(rows, r)
		}
		content, err := encode(rows)
		must(t, err)
		want, err := parquet.Read[Ranking](bytes.NewReader(content), int64(len(content)))
		must(t, err)
		got, err := columns(content)
		must(t, err)
		if d := cmp.Diff(want, got, cmpopts.EquateEmpty()); d != "" {
			t.Errorf("%d rows: %s", n, d)
		}
	}
}

func BenchmarkRanks(b *testing.B) {
	rows := make([]Ranking, 6000)
	for u := range rows {
		rows[u] = Ranking{User: fmt.Sprint(u), Relevant: []int32{int32(u)}, Items: make([]int32, 100), Scores: make([]float32, 100)}
		for k := range 100 {
			rows[u].Items[k] = int32((u*k*7919 + k) % 3700)
			rows[u].Scores[k] = 1 / float32(1+k+u)
		}
	}
	content, err := encode(rows)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("columns", func(b *testing.B) {
		for b.Loop() {
			if _, err := columns(content); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("rows", func(b *testing.B) {
		for b.Loop() {
			if _, err := parquet.Read[Ranking](bytes.NewReader(content), int64(len(content))); err != nil {
				b.Fatal(err)
			}
		}
	})
}
