package memory_test

import (
	"bufio"
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"llm4rec/llm/memory"
)

// asFiller makes the test binary fill the store that it names, until it is killed.
const asFiller = "LLM4REC_TEST_FILL"

func TestMain(m *testing.M) {
	if path := os.Getenv(asFiller); path != "" {
		if err := filler(path); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// numbered is an entry of two values, of which a half would be seen.
func numbered(n int) memory.Entry {
	return memory.Entry{
		Item: strconv.Itoa(n), Source: "numbers", Outcome: memory.Matched, At: time.Now(),
		Values: []memory.Value{{Field: "number", Text: strings.Repeat(strconv.Itoa(n)+" ", 1000)}, {Field: "square", Text: strconv.Itoa(n * n)}},
	}
}

const numbers = 1 << 20

func filler(path string) error {
	ctx := context.Background()
	s, err := memory.Create(ctx, path, "numbers", "1")
	if err != nil {
		return err
	}
	asked, err := s.Asked(ctx, "numbers")
	if err != nil {
		return err
	}
	for n := range numbers {
		if _, done := asked[strconv.Itoa(n)]; done && n%7 > 0 { // some are put again
			continue
		}
		if err := s.Put(ctx, numbered(n)); err != nil {
			return err
		}
		fmt.Println(n)
	}
	return s.Close()
}

// What was put is there after kill -9, whole and once, while others read.
func TestKilled(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m.sqlite")
	put := map[string]bool{}
	for round := range 6 {
		c := exec.CommandContext(t.Context(), os.Args[0])
		c.Env = append(os.Environ(), asFiller+"="+path)
		out, err := c.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		c.Stderr = os.Stderr
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for n := 0; lines.Scan(); n++ {
			put[lines.Text()] = true
			if n == 40+17*round {
				if err := c.Process.Kill(); err != nil {
					t.Fatal(err)
				}
			}
		}
		_ = c.Wait() // it was killed
		s, err := memory.Open(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		long, err := s.Field(t.Context(), memory.Column{Field: "number"})
		if err != nil {
			t.Fatal(err)
		}
		short, err := s.Field(t.Context(), memory.Column{Field: "square"})
		if err != nil {
			t.Fatal(err)
		}
		if len(long) < len(put) || len(long) > len(put)+round+1 || len(short) != len(long) {
			t.Errorf("round %d: %d and %d values, %d were put", round, len(long), len(short), len(put))
		}
		for item := range put {
			if n, _ := strconv.Atoi(item); long[item] != numbered(n).Values[0].Text || short[item] != strconv.Itoa(n*n) {
				t.Errorf("item %s: %.20q, %q", item, long[item], short[item])
			}
		}
		counts, err := s.Counts(t.Context())
		if err != nil || len(counts) != 2 || counts[0].Values != len(long) {
			t.Errorf("%+v, %v", counts, err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

func create(t testing.TB) (*memory.Store, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "50% of? #1 ü.sqlite")
	s, err := memory.Create(t.Context(), path, "films", "abc")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s, path
}

func TestEntriesReplaceThoseOfTheirSource(t *testing.T) {
	s, path := create(t)
	long := time.Date(2020, 1, 2, 3, 4, 5, 0, time.UTC)
	e := memory.Entry{Item: "1", Source: "a", Outcome: memory.Matched, Detail: "page", At: long, Values: []memory.Value{
		{Field: "plot", Text: "x\x00y\xff", Licence: "free", Written: "2001-02-03"}, {Field: "tags", Text: "t", Prompt: "p", Model: "m"},
	}}
	other := memory.Entry{Item: "1", Source: "b", Outcome: memory.Ambiguous, At: long, Values: []memory.Value{{Field: "plot", Text: "other"}}}
	put(t, s, e, other)
	e.At = time.Now()
	put(t, s, e) // the same: it keeps its time
	want := []memory.Value{
		{Item: "1", Field: "plot", Source: "a", Text: "xy\ufffd", Licence: "free", Written: "2001-02-03", Fetched: long},
		{Item: "1", Field: "plot", Source: "b", Text: "other", Fetched: long},
		{Item: "1", Field: "tags", Source: "a", Text: "t", Prompt: "p", Model: "m", Fetched: long},
	}
	r, err := memory.Open(t.Context(), path) // while it is open to be filled
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	if got, err := r.Item(t.Context(), "1"); err != nil || !slices.Equal(got, want) {
		t.Errorf("%+v, %v\nwant %+v", got, err, want)
	}
	for c, want := range map[memory.Column]string{
		{Field: "plot"}:                                   "xy\ufffd",
		{Field: "plot", Source: "b"}:                      "other",
		{Field: "plot", Until: "2001-02-03"}:              "xy\ufffd",
		{Field: "plot", Until: "2001-02-02"}:              "other", // which has no date
		{Field: "plot", Until: "2001-02-02", Source: "a"}: "",
		{Field: "absent"}:                                 "",
	} {
		if got, err := r.Field(t.Context(), c); err != nil || got["1"] != want {
			t.Errorf("%+v: %q, %v, want %q", c, got, err, want)
		}
	}
	e.Values = e.Values[1:]
	e.Outcome = memory.Missed
	put(t, s, e)
	if got, err := r.Item(t.Context(), "1"); err != nil || !slices.Equal(got, want[1:]) {
		t.Errorf("%+v, %v", got, err)
	}
	of, err := r.Of(t.Context(), "1")
	if err != nil || len(of) != 2 || of[0].Outcome != memory.Missed || of[1].Outcome != memory.Ambiguous {
		t.Errorf("%+v, %v", of, err)
	}
	with, err := r.With(t.Context(), memory.Ambiguous)
	if err != nil || len(with) != 1 || with[0].Source != "b" {
		t.Errorf("%+v, %v", with, err)
	}
	tallies, err := r.Tallies(t.Context())
	if want := []memory.Tally{{"a", memory.Missed, 1}, {"b", memory.Ambiguous, 1}}; err != nil || !slices.Equal(tallies, want) {
		t.Errorf("%+v, %v", tallies, err)
	}
}

func put(t testing.TB, s *memory.Store, entries ...memory.Entry) {
	t.Helper()
	if err := s.Put(t.Context(), entries...); err != nil {
		t.Fatal(err)
	}
}

// What a model wrote counts last, also where it was there first.
func TestModelsCountLast(t *testing.T) {
	s, _ := create(t)
	for _, v := range []memory.Value{{Source: "m:summary", Text: "written", Prompt: "p"}, {Source: "wikipedia", Text: "read"}} {
		v.Field = "summary"
		put(t, s, memory.Entry{Item: "1", Source: v.Source, Outcome: memory.Matched, Values: []memory.Value{v}})
		if got, err := s.Field(t.Context(), memory.Column{Field: "summary"}); err != nil || got["1"] != v.Text {
			t.Errorf("%v, %v", got, err)
		}
	}
}

// What is wrong with one entry leaves the others out too.
func TestWrongEntries(t *testing.T) {
	s, _ := create(t)
	for name, v := range map[string]memory.Value{
		"later knowledge": {Field: "vote_average", Text: "7.9"},
		"form":            {Field: "Plot", Text: "x"},
		"day":             {Field: "plot", Text: "x", Written: "1998"},
	} {
		err := s.Put(t.Context(), numbered(1), memory.Entry{Item: "1", Source: "a", Outcome: memory.Matched, Values: []memory.Value{v}})
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if fields, err := s.Fields(t.Context()); err != nil || len(fields) > 0 {
		t.Errorf("%v, %v", fields, err)
	}
}

func TestExcluded(t *testing.T) {
	for _, name := range []string{"rating", "vote_average", "voteCount", "Vote Count", "popularity", "imdbRating", "imdb_votes", "Metascore", "box_office", "revenue", "num_ratings", "sales_rank", "rating_number"} {
		if !memory.Excluded(name) {
			t.Errorf("%s is not excluded", name)
		}
	}
	for _, name := range []string{"overview", "plot", "actors", "rated", "released", "title", "genres", "summary", "10"} {
		if memory.Excluded(name) {
			t.Errorf("%s is excluded", name)
		}
	}
}

// A store is of one data set: the ids of another are other items.
func TestOneDataSet(t *testing.T) {
	_, path := create(t)
	for _, x := range [][2]string{{"films", "other"}, {"books", "abc"}} {
		if s, err := memory.Create(t.Context(), path, x[0], x[1]); err == nil {
			t.Errorf("%v: no error", x)
			_ = s.Close()
		}
	}
	for name, content := range map[string]string{"none": "", "text": "not a database at all", "empty": ""} {
		path := filepath.Join(t.TempDir(), name)
		if name != "none" {
			if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := memory.Open(t.Context(), path); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A store on a medium that cannot be written is read.
func TestReadOnly(t *testing.T) {
	s, path := create(t)
	put(t, s, numbered(3))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Dir(path)
	if err := os.Chmod(dir, 0o500); err != nil { //nolint:gosec // of a folder
		t.Fatal(err)
	}
	defer func() { _ = os.Chmod(dir, 0o700) }() //nolint:gosec // of a folder
	r, err := memory.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := r.Field(t.Context(), memory.Column{Field: "square"}); err != nil || got["3"] != "9" {
		t.Errorf("%v, %v", got, err)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
}

// Several fill one store and several read it, at once.
func TestAtOnce(t *testing.T) {
	s, path := create(t)
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			for n := range 25 {
				if err := s.Put(t.Context(), numbered(100*w+n)); err != nil {
					t.Error(err)
				}
			}
		})
		wg.Go(func() {
			for range 10 {
				r, err := memory.Open(t.Context(), path)
				if err != nil {
					t.Error(err)
					return
				}
				a, err := r.Field(t.Context(), memory.Column{Field: "square"})
				if err != nil {
					t.Error(err)
				}
				for item, square := range a {
					if n, _ := strconv.Atoi(item); square != strconv.Itoa(n*n) {
						t.Errorf("%s: %s", item, square)
					}
				}
				if err := r.Close(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if all, err := s.Field(t.Context(), memory.Column{Field: "number"}); err != nil || len(all) != 100 {
		t.Errorf("%d values, %v", len(all), err)
	}
}

// A store holds what a map would.
func TestLikeAMap(t *testing.T) {
	s, _ := create(t)
	rapid.Check(t, func(t *rapid.T) {
		source := rapid.StringMatching("[a-c]{8}").Draw(t, "source") // no other round has it
		want := map[string]map[string]string{}
		for range rapid.IntRange(1, 8).Draw(t, "entries") {
			item := rapid.SampledFrom([]string{"1", "2", "x y"}).Draw(t, "item")
			values := rapid.MapOf(rapid.SampledFrom([]string{"plot", "tags", "mood"}), rapid.StringMatching(`[^\x00]*`)).Draw(t, "values")
			e := memory.Entry{Item: item, Source: source, Outcome: memory.Matched, At: time.Now()}
			for field, text := range values {
				e.Values = append(e.Values, memory.Value{Field: field, Text: text})
			}
			if err := s.Put(t.Context(), e); err != nil {
				t.Fatal(err)
			}
			want[item] = values
		}
		for item, values := range want {
			all, err := s.Item(t.Context(), item)
			if err != nil {
				t.Fatal(err)
			}
			got := map[string]string{}
			for _, v := range all {
				if v.Source == source {
					got[v.Field] = v.Text
				}
			}
			if !maps.Equal(got, values) {
				t.Fatalf("%s: %q, want %q", item, got, values)
			}
		}
	})
}

func TestPages(t *testing.T) {
	s, _ := create(t)
	for _, status := range []int{200, 404} {
		p := memory.Page{Address: "https://a/b?c", Status: status, Body: []byte("\x00\xff"), Fetched: time.Now().UTC().Truncate(time.Second)}
		if err := s.Keep(t.Context(), p); err != nil {
			t.Fatal(err)
		}
		got, found, err := s.Page(t.Context(), p.Address)
		if err != nil || !found || got.Status != status || string(got.Body) != "\x00\xff" || !got.Fetched.Equal(p.Fetched) {
			t.Errorf("%+v, %v, %v", got, found, err)
		}
	}
	if _, found, err := s.Page(t.Context(), "other"); found || err != nil {
		t.Errorf("%v, %v", found, err)
	}
}
