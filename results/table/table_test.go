package table

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestGolden makes every format from the committed records.
func TestGolden(t *testing.T) {
	if *update {
		check(t, os.RemoveAll(stored))
		small().write(t, filepath.Join(stored, "small"))
		other := small()
		other.name, other.users, other.notes, other.protocols = "other", 25, nil, other.protocols[:1]
		other.systems = other.systems[:2]
		other.write(t, filepath.Join(stored, "other"))
	}
	e, err := Load(stored)
	check(t, err)
	for _, f := range Formats() {
		var b bytes.Buffer
		check(t, Write(&b, f, e, Options{Intervals: true, Relative: "popularity"}))
		golden(t, filepath.Join("testdata", "full."+string(f)), b.Bytes())
	}
	var plain bytes.Buffer
	check(t, Write(&plain, Text, e, Options{}))
	golden(t, "testdata/plain.text", plain.Bytes())
	rows := e[1].Tables[0].finished()
	c, err := Compare(rows[:1], rows[1:], Primary)
	check(t, err)
	for _, f := range []Format{Text, CSV, JSON} {
		var b bytes.Buffer
		check(t, c.Write(&b, f))
		golden(t, filepath.Join("testdata", "compare."+string(f)), b.Bytes())
	}
}

func golden(t *testing.T, path string, got []byte) {
	t.Helper()
	if *update {
		check(t, os.WriteFile(path, got, 0o644))
		return
	}
	want, err := os.ReadFile(path)
	check(t, err)
	if d := cmp.Diff(string(want), string(got)); d != "" {
		t.Errorf("%s (-want +got), rewrite it with -update:\n%s", path, d)
	}
}

func output(t *testing.T, f Format, e Experiment, o Options) string {
	t.Helper()
	var b bytes.Buffer
	check(t, Write(&b, f, []Experiment{e}, o))
	return b.String()
}

func TestHTMLWellFormed(t *testing.T) {
	out := output(t, HTML, loaded(t, small()), Options{Intervals: true, Relative: "pop"})
	d := xml.NewDecoder(strings.NewReader(strings.TrimPrefix(out, "<!DOCTYPE html>")))
	var cells []string
	inCell := false
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		check(t, err)
		switch x := token.(type) {
		case xml.StartElement:
			inCell = x.Name.Local == "td"
		case xml.CharData:
			if inCell {
				cells = append(cells, string(x))
			}
		}
	}
	if !strings.Contains(strings.Join(cells, "\n"), "a<b|c&d_e") {
		t.Error("the system's name is not in a cell")
	}
}

// TestMarkdownCells: a name with a bar does not add a column.
func TestMarkdownCells(t *testing.T) {
	columns := 0
	for line := range strings.Lines(output(t, Markdown, loaded(t, small()), Options{})) {
		if !strings.HasPrefix(line, "|") {
			columns = 0 // the next table has its own
			continue
		}
		n := strings.Count(strings.ReplaceAll(line, `\|`, ""), "|")
		if columns == 0 {
			columns = n
		}
		if n != columns {
			t.Errorf("%d columns, not %d: %s", n, columns, line)
		}
	}
}

// TestFormsAgree: CSV and JSON hold the same figures, timing stands last, and the text rounds them.
func TestFormsAgree(t *testing.T) {
	e := loaded(t, small())
	lines, err := csv.NewReader(strings.NewReader(output(t, CSV, e, Options{}))).ReadAll()
	check(t, err)
	var objects []object
	check(t, json.Unmarshal([]byte(output(t, JSON, e, Options{})), &objects))
	if len(objects) != len(lines)-1 || len(objects) != 12 {
		t.Fatalf("%d objects, %d lines", len(objects), len(lines))
	}
	text := output(t, Text, e, Options{})
	timing := false
	for c, name := range lines[0] {
		if strings.HasPrefix(name, "timing_") {
			timing = true
		} else if timing {
			t.Errorf("column %s stands behind timing", name)
		}
		metric, part, _ := strings.Cut(name, "_")
		for n, x := range objects {
			s, ok := x.Metrics[metric]
			if !ok {
				continue
			}
			got := lines[n+1][c]
			want := map[string]*float64{"": &s.Mean, "lo": s.Lo, "hi": s.Hi, "seed_sd": s.SeedSD}[part]
			if got != number(want) {
				t.Errorf("%s of %s: %s in CSV, %s in JSON", name, x.System, got, number(want))
			}
			if part == "" && !strings.Contains(text, strconv.FormatFloat(s.Mean, 'f', 4, 64)) {
				t.Errorf("%s of %s: %v is not in the text", name, x.System, s.Mean)
			}
		}
	}
	if als := objects[2]; als.Seeds != 2 || als.Users != 60 || als.Metrics["ndcg@10"].SeedSD == nil || als.Metrics["coverage@10"].Lo != nil {
		t.Errorf("%+v", als)
	}
	if x := objects[4]; x.Status != Failed || x.Publishable || len(x.Errors) != 1 || len(x.Metrics) != 0 {
		t.Errorf("%+v", x)
	}
	if x := objects[3]; x.Publishable || x.Status != OK {
		t.Errorf("%+v", x)
	}
}

// TestSeedsByUser: two seeds give each user's mean, not twice the users.
func TestSeedsByUser(t *testing.T) {
	e := loaded(t, small())
	als := e.Tables[0].Rows[2]
	if len(als.Records) != 2 || len(als.Users) != 60 || len(als.Values[0]) != 60 {
		t.Fatalf("%d records, %d users", len(als.Records), len(als.Users))
	}
	halves := 0
	for _, v := range als.Values[0] { // recall@5 with one relevant item
		if v == .5 {
			halves++
		} else if v != 0 && v != 1 {
			t.Errorf("a user's recall is %v", v)
		}
	}
	if halves == 0 {
		t.Error("no user differs between the seeds")
	}
	for n, s := range als.summarise(als.every()...) {
		a, b := als.PerSeed[n][0], als.PerSeed[n][1]
		if math.Abs(s.Mean-(a+b)/2) > 1e-12 || math.Abs(*s.SeedSD-math.Abs(a-b)/math.Sqrt2) > 1e-12 {
			t.Errorf("%s: %+v from seeds %v and %v", als.Metrics[n].Name, s, a, b)
		}
		if s.Lo != nil && (*s.Lo >= s.Mean || *s.Hi <= s.Mean) {
			t.Errorf("%s: %v is not within %v and %v", als.Metrics[n].Name, s.Mean, *s.Lo, *s.Hi)
		}
	}
}

func TestMarks(t *testing.T) {
	e := loaded(t, small())
	rows := e.Tables[0].finished() // pop, itemknn, als, leaky
	summaries := make([][]Summary, len(rows))
	for n, r := range rows {
		summaries[n] = r.summarise()
	}
	setMarks(rows, summaries)
	var got []mark
	for _, s := range summaries {
		got = append(got, s[1].mark) // ndcg@10
	}
	if d := cmp.Diff([]mark{far, near, best, plain}, got); d != "" { // leaky has the highest mean and does not compete
		t.Error(d)
	}
	for n, m := range e.Metrics {
		bests := 0
		for _, s := range summaries {
			if s[n].mark == best {
				bests++
			}
			if s[n].mark != plain && !m.Accuracy() {
				t.Errorf("%s is marked, and none of its values is best", m.Name)
			}
		}
		if m.Accuracy() && bests != 1 {
			t.Errorf("%s has %d best rows", m.Name, bests)
		}
	}
}

func TestRankChanges(t *testing.T) {
	e := loaded(t, small())
	got := RankChanges(&e)
	if len(got) != 1 || !strings.HasPrefix(got[0], "Under temporal: ") || !strings.Contains(got[0], "als ") || !strings.Contains(got[0], "against standard") {
		t.Errorf("%q", got)
	}
	x := small()
	x.protocols, x.systems = x.protocols[:1], x.systems[:2]
	one := loaded(t, x)
	if got := RankChanges(&one); got != nil {
		t.Errorf("one protocol: %q", got)
	}
}

func TestFormats(t *testing.T) {
	for path, want := range map[string]Format{"a.txt": Text, "b/c.TEX": LaTeX, "x.json": JSON, "x.md": Markdown} {
		if got, err := FormatOf(path); got != want || err != nil {
			t.Errorf("%s: %v, %v", path, got, err)
		}
	}
	if _, err := FormatOf("x.pdf"); err == nil {
		t.Error("x.pdf")
	}
	if _, err := ParseFormat("xls"); err == nil || !strings.Contains(err.Error(), "latex") {
		t.Error(err)
	}
}

// TestBaseline: the experiment's own baseline is the default of the relative column.
func TestBaseline(t *testing.T) {
	e := loaded(t, small())
	e.Baseline = "pop"
	for relative, want := range map[string]string{"": " vs pop", "itemknn": " vs itemknn", NoBaseline: ""} {
		o := Options{Relative: relative}
		text, lines := output(t, Text, e, o), output(t, CSV, e, o)
		if got := strings.Contains(text, " vs "); got != (want != "") || !strings.Contains(text, want) {
			t.Errorf("%q: %q is not in\n%s", relative, want, text)
		}
		if got := strings.Contains(lines, ",relative_percent,timing_"); got != (want != "") {
			t.Errorf("%q: %s", relative, lines)
		}
	}
}
