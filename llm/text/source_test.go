package text

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"llm4rec/data"
	"llm4rec/llm/memory"
)

func read(t *testing.T, s Source, content string) (data.Field, error) {
	t.Helper()
	place := filepath.Join(t.TempDir(), filepath.Base(s.Path))
	if err := os.WriteFile(place, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	fields := data.Fields{{Name: "title", Values: []string{"Alien", "Heat"}}, {Name: "year", Values: []string{"1979", "1995"}}}
	return s.Read(place, fields, data.NewIndex([]string{"7", "9"}))
}

func TestRead(t *testing.T) {
	for name, c := range map[string]struct {
		source  Source
		content string
		want    [2]string
	}{
		"objects by id":   {Source{Path: "a.json", Column: "plot"}, `{"9": {"plot": "robbers"}, "7": {"plot": null}, "8": {}}`, [2]string{"", "robbers"}},
		"objects by key":  {Source{Path: "a.json", Column: "plot", Key: "name", Match: "{title}"}, `{"x": {"name": "Alien", "plot": "space"}}`, [2]string{"space", ""}},
		"table by title":  {Source{Path: "a.csv", Column: "plot", Key: "film", Match: "{title} ({year})"}, "film,plot\nHeat (1995),\"robbers, cops\"\nAlien (1986),other\n", [2]string{"", "robbers, cops"}},
		"first object":    {Source{Path: "a.json", Column: "plot", Key: "name", Match: "{title}"}, `{"z": {"name": "Alien", "plot": "first"}, "a": {"name": "Alien", "plot": "second"}, "b": {"plot": "no name"}}`, [2]string{"first", ""}},
		"large numbers":   {Source{Path: "a.json", Column: "plot", Key: "id", Match: "{id}000000"}, `{"x": {"id": 7000000, "plot": "space"}}`, [2]string{"space", ""}},
		"mark and quotes": {Source{Path: "a.tsv", Column: "plot", Key: "id"}, "\ufeffid\tplot\n7\tthe \"last\" one\n", [2]string{`the "last" one`, ""}},
		"parts":           {Source{Path: "a.dat", Column: "3", Key: "1"}, "7::Alien::spa\xe7e\r\n9::Heat::a \"robbery\"\r\n7::Alien::second", [2]string{"spaçe", `a "robbery"`}},
		"tabs, first row": {Source{Path: "a.tsv", Column: "plot", Key: "id"}, "id\tplot\n7\tspace\n7\tsecond\n", [2]string{"space", ""}},
	} {
		c.source.Field = "plot"
		if err := c.source.Validate(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		got, err := read(t, c.source, c.content)
		if err != nil || got.Name != "plot" || [2]string(got.Values) != c.want {
			t.Errorf("%s: %q, %v, want %q", name, got.Values, err, c.want)
		}
	}
}

// What is wrong is said with the file, and the line or the key.
func TestReadErrors(t *testing.T) {
	for name, c := range map[string]struct {
		source        Source
		content, want string
	}{
		"column":      {Source{Path: "a.csv", Column: "plot", Key: "id"}, "id,text\n7,x\n", `a.csv: no column "plot"; there are: id, text`},
		"line":        {Source{Path: "a.csv", Column: "plot", Key: "id"}, "id,plot\n7,x\n9\n", "a.csv: record on line 3: wrong number of fields"},
		"parts":       {Source{Path: "a.dat", Column: "3", Key: "1"}, "7::Alien::x\n9::Heat\n", "a.dat: line 2: want 3 parts between ::, got 2"},
		"no store":    {Source{Path: "a.sqlite", Column: "plot"}, "id,plot\n7,x\n", "a.sqlite is no store of memories"},
		"no header":   {Source{Path: "a.csv", Column: "plot", Key: "id"}, "", "a.csv: header: EOF"},
		"not JSON":    {Source{Path: "a.json", Column: "plot"}, "[]", "a.json: want an object of objects"},
		"not text":    {Source{Path: "a.json", Column: "plot"}, `{"7": {"plot": 3}}`, `a.json: "plot" of "7": want text, got 3`},
		"field twice": {Source{Path: "a.json", Field: "title", Column: "plot"}, `{"7": {"plot": "x"}}`, `the items have a field "title" already`},
		"no item":     {Source{Path: "a.json", Column: "plot"}, `{"1": {"plot": "x"}}`, `a.json: none of its 1 rows belongs to an item: the key of the first item is "7"`},
		"no field":    {Source{Path: "a.json", Column: "plot", Match: "{name}"}, `{"7": {"plot": "x"}}`, `match: field "name" of the template: no such field`},
		"broken CSV":  {Source{Path: "a.csv", Column: "plot", Key: "id"}, "id,plot\n7,\"x\n", "a.csv: parse error on line 2"},
	} {
		if _, err := read(t, c.source, c.content); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
	for _, bad := range []Source{{}, {Path: "a.csv", Field: "x", Column: "y"}, {Path: "a.xml", Field: "x", Column: "y"}, {Path: "a.json", Field: "x"}, {Path: "a.dat", Field: "x", Column: "plot", Key: "1"}, {Path: "a.dat", Field: "x", Column: "0", Key: "1"}, {Path: "a.json", Field: "x", Column: "y", Until: "1998-01-01"}, {Path: "a.db", Field: "x", Column: "Y"}, {Path: "a.db", Field: "x", Column: "y@"}, {Path: "a.db", Field: "x", Column: "y", Key: "title"}, {Path: "a.db", Field: "x", Column: "y", Until: "1998"}, {Path: "a.json", Field: "x", Column: "y", Match: "id"}} {
		if bad.Validate() == nil {
			t.Errorf("%+v: no error", bad)
		}
	}
}

func TestFind(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a.json"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	s := Source{Path: "a.json"}
	if got, err := s.Find([]string{t.TempDir(), dir}); err != nil || got != filepath.Join(dir, "a.json") {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := s.Find(nil); err == nil || !strings.Contains(err.Error(), "a.json is neither in the working directory") {
		t.Errorf("absent: %v", err)
	}
}

// A store's field is read as a file's is, and known by the texts that are read, not by the file.
func TestMemories(t *testing.T) {
	place := filepath.Join(t.TempDir(), "a.sqlite")
	store, err := memory.Create(t.Context(), place, "films", "1")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = store.Close() }()
	put := func(item, source, field, value, written string) {
		t.Helper()
		e := memory.Entry{Item: item, Source: source, Outcome: memory.Matched, Values: []memory.Value{{Field: field, Text: value, Written: written}}}
		if err := store.Put(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	put("7", "first", "plot", "space", "1999-01-01")
	put("7", "second", "plot", "a ship", "")
	put("9", "second", "plot", "robbers", "1997-05-05")
	ids := data.NewIndex([]string{"7", "9"})
	identity := func(s Source) string {
		t.Helper()
		var b strings.Builder
		if err := s.Identify(&b, place); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	plot := Source{Path: "a.sqlite", Field: "plot", Column: "plot"}
	before := map[string]string{}
	for name, c := range map[string]struct {
		source Source
		want   [2]string
	}{
		"first source": {plot, [2]string{"space", "robbers"}},
		"one source":   {Source{Path: "a.sqlite", Field: "plot", Column: "plot@second", Key: "id"}, [2]string{"a ship", "robbers"}},
		"until":        {Source{Path: "a.sqlite", Field: "plot", Column: "plot", Until: "1997-05-04"}, [2]string{"a ship", ""}},
	} {
		if err := c.source.Validate(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		got, err := c.source.Read(place, nil, ids)
		if err != nil || [2]string(got.Values) != c.want {
			t.Errorf("%s: %q, %v, want %q", name, got.Values, err, c.want)
		}
		before[identity(c.source)] = name
	}
	if len(before) != 3 {
		t.Errorf("different texts have one identity: %q", before)
	}
	was := identity(plot)
	put("7", "third", "mood", "dark", "")
	if identity(plot) != was {
		t.Error("another field changes the identity")
	}
	put("9", "second", "plot", "cops", "1997-05-05")
	if identity(plot) == was {
		t.Error("another text does not change the identity")
	}
	if _, err := (Source{Path: "a.sqlite", Field: "x", Column: "tags"}).Read(place, nil, ids); err == nil || !strings.Contains(err.Error(), "fields: [\"mood\" \"plot\"]") {
		t.Errorf("%v", err)
	}
}
