package table

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"llm4rec/results"
)

func TestLoadNothing(t *testing.T) {
	dir := t.TempDir()
	if _, err := Load(dir); err == nil || !strings.Contains(err.Error(), dir) {
		t.Error(err)
	}
	if _, err := Load(filepath.Join(dir, "none")); err == nil {
		t.Error("a directory that is not there")
	}
}

// TestDamagedRows: whatever is wrong with a cell's files, its row says so and the others stay.
func TestDamagedRows(t *testing.T) {
	x := small()
	x.protocols = x.protocols[:1]
	id := x.record(x.protocols[0], x.systems[1], 0).Identity.ID()
	for _, end := range []string{".json", ".parquet"} {
		dir := t.TempDir()
		x.write(t, dir)
		path := filepath.Join(dir, "cells", id+end)
		b, err := os.ReadFile(path)
		check(t, err)
		check(t, os.WriteFile(path, b[:len(b)/2], 0o600))
		e, err := Load(dir)
		check(t, err)
		row := e[0].Tables[0].Rows[1]
		if row.Status() != Broken || !strings.Contains(row.Missing[0].Why, path) {
			t.Errorf("%s: %+v", end, row.Missing)
		}
		out := output(t, Text, e[0], Options{})
		if !strings.Contains(out, "Not shown: a<b|c&d_e") || !strings.Contains(out, "pop") {
			t.Error(out)
		}
	}
}

// TestStrangeRecords: records of other conditions do not enter a table, and those of an older plan are counted.
func TestStrangeRecords(t *testing.T) {
	x := small()
	x.protocols, x.systems = x.protocols[:1], x.systems[:2]
	dir := t.TempDir()
	x.write(t, dir)
	s, err := results.Open(dir)
	check(t, err)
	m, err := s.Manifest()
	check(t, err)

	add := func(name string, change func(*results.Record), ranks []results.Ranking) {
		rec := x.record(x.protocols[0], fakeSystem{name: name}, 0)
		change(&rec)
		check(t, s.Put(rec, ranks))
		if name != "old" {
			m.Cells = append(m.Cells, results.Cell{ID: rec.Identity.ID(), Dataset: "toy", Protocol: "standard", System: name})
		}
	}
	ranks := x.ranks(x.protocols[0], x.systems[0], 0, .5)
	add("masked", func(r *results.Record) { r.Identity.Protocol = strings.Replace(r.Identity.Protocol, "all", "none", 1) }, ranks)
	add("elsewhere", func(r *results.Record) { r.Split = "x" }, ranks)
	add("fewer", func(*results.Record) {}, ranks[1:])
	add("shallow", func(r *results.Record) { r.Identity.Depth = 5 }, ranks)
	add("old", func(*results.Record) {}, ranks)
	check(t, s.WriteManifest(m))
	check(t, s.Close())

	e, err := Load(dir)
	check(t, err)
	out := output(t, Text, e[0], Options{Relative: "nobody"})
	for _, want := range []string{
		"masked: not comparable with pop: protocol seen: all against none",
		"elsewhere: not comparable with pop: split: 5555",
		"fewer: not comparable with pop: it ranks other users",
		"shallow: table: ndcg@10 needs 10 ranks",
		"records of earlier plans, not shown: 1",
		"no values of a system or model nobody",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is not in\n%s", want, out)
		}
	}
	if n := len(e[0].Rows()); n != 2 {
		t.Errorf("%d rows have values", n)
	}
}

func TestCompare(t *testing.T) {
	a := loaded(t, small())
	rows := a.Rows()

	same, err := Compare(rows, rows, Primary)
	check(t, err)
	for _, d := range same.Pairs {
		if d.Mean != 0 || d.P != 1 || d.Holm != 1 || d.Equal != 60 || d.A != d.B {
			t.Errorf("a row against itself: %+v", d)
		}
	}

	standard := a.Tables[0].finished()
	one, err := Compare(standard[:1], standard[1:], Primary)
	check(t, err)
	if len(one.Pairs) != 3 {
		t.Fatalf("%d pairs", len(one.Pairs))
	}
	for _, d := range one.Pairs { // popularity was made to lose
		if d.Mean >= 0 || d.Hi >= 0 || d.Lo > d.Mean || d.Holm > alpha || d.Holm < d.P || d.Wins >= d.Loses || d.Wins+d.Loses+d.Equal != 60 {
			t.Errorf("%+v", d)
		}
	}

	refused := func(what string, b []*Row, words ...string) {
		t.Helper()
		_, err := Compare(standard[:1], b, Primary)
		for _, w := range append(words, "small/toy/standard/pop", b[0].name()) {
			if err == nil || !strings.Contains(err.Error(), w) {
				t.Errorf("%s: %q is not in %v", what, w, err)
			}
		}
	}
	refused("temporal", a.Tables[1].finished()[:1], "protocol split: leave-one-out against temporal", "split: 5555")
	fewer := small()
	fewer.users = 59
	b := loaded(t, fewer)
	refused("users", b.Rows()[:1], "different users (60 and 59)")
	limited := small()
	limited.limit = 60
	c := loaded(t, limited)
	refused("limit", c.Rows()[:1], "limit of users: 0 against 60")

	if _, err := Compare(standard[:2], a.Tables[1].finished()[:2], Primary); err == nil {
		t.Error("rows that do not match were compared")
	}
	for _, metric := range []string{"coverage@10", "mrr@3"} {
		if _, err := Compare(standard, standard, metric); err == nil || !strings.Contains(err.Error(), metric) {
			t.Errorf("%s: %v", metric, err)
		}
	}
}
