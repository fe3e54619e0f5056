package movielens

import (
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"llm4rec/data"
	"llm4rec/data/datatest"
)

// folder makes files of name, content pairs.
func folder(pairs ...string) fstest.MapFS {
	fsys := fstest.MapFS{}
	for n := 0; n < len(pairs); n += 2 {
		fsys[pairs[n]] = &fstest.MapFile{Data: []byte(pairs[n+1])}
	}
	return fsys
}

// show writes what a loader read: interactions, then item text, then user text.
func show(d *data.Dataset) string {
	var b strings.Builder
	for n := range d.Inter.User {
		fmt.Fprintf(&b, "%s %s %g %d\n", d.Users.Raw(d.Inter.User[n]), d.Items.Raw(d.Inter.Item[n]), d.Inter.Rating[n], d.Inter.Time[n])
	}
	for _, x := range []struct {
		index  *data.Index
		fields data.Fields
	}{{d.Items, d.ItemText}, {d.Users, d.UserText}} {
		for id := range int32(x.index.Len()) {
			for _, f := range x.fields {
				fmt.Fprintf(&b, "%s|", f.Values[id])
			}
			b.WriteString("\n")
		}
	}
	return b.String()
}

func TestSplitTitle(t *testing.T) {
	for raw, want := range map[string][2]string{
		"Toy Story (1995)":                     {"Toy Story", "1995"},
		" Two Friends (1986) ":                 {"Two Friends", "1986"},
		"Land Before Time III (1995) (V)":      {"Land Before Time III", "1995"},
		"Seven (Se7en) (1995)":                 {"Seven (Se7en)", "1995"},
		"2001: A Space Odyssey (1968)":         {"2001: A Space Odyssey", "1968"},
		"Fawlty Towers (1975-1979)":            {"Fawlty Towers", "1975"},
		"Fawlty Towers (1975–1979)":            {"Fawlty Towers", "1975"},
		"Black Mirror (2011– )":                {"Black Mirror", "2011"},
		"Babylon 5":                            {"Babylon 5", ""},
		"Terrible (Oh)":                        {"Terrible (Oh)", ""},
		"The Third Man (V)":                    {"The Third Man (V)", ""},
		"(1995)":                               {"(1995)", ""},
		"unknown":                              {"", ""},
		"":                                     {"", ""},
		"No (19955)":                           {"No (19955)", ""},
		"No (1995-19)":                         {"No (1995-19)", ""},
		"No (19951996)":                        {"No (19951996)", ""},
		"City of Lost Children, The (Cité)(95": {"City of Lost Children, The (Cité)(95", ""},
	} {
		if title, year := splitTitle(raw); title != want[0] || year != want[1] {
			t.Errorf("%q: got %q of %q, want %q", raw, title, year, want)
		}
	}
}

// Layouts of one small data set each: Latin-1 and UTF-8, both line ends, with and without the last.
var (
	small100K = folder(
		"u.data", "2\t1\t3\t-5\r\n10\t1\t4\t8\r\n2\t3\t5\t7",
		"u.item", "1|Caf\xe9 (1995) (V)|01-Jan-1995||http://x|0|1\n3|unknown||||1|0\n4|Never rated (1990)||||0|0\n",
		"u.genre", "unknown|0\nAction|1\n\n",
		"u.user", "2|24|M|technician|85711\n10|53|F|other|94043\n",
	)
	small10M = folder(
		"ratings.dat", "2::1::3.5::5\n2::3::4::9\n",
		"movies.dat", "1::Café: Again (1995)::Action|Drama\n3::Two (2000)::(no genres listed)\n",
	)
	small1M = folder(
		"ratings.dat", "2::1::3::5\n",
		"movies.dat", "1::Caf\xe9 (1995)::Action\n",
		"users.dat", "2::M::56::16::70072\n",
	)
	smallCSV = folder(
		"ratings.csv", "\ufeffuserId,movieId,rating,timestamp\r\n2,1,0.5,5\r\n2,3,4.0,9",
		"movies.csv", "movieId,title,genres\r\n1,\"Café, \"\"The\"\" (1995)\",Action|Sci-Fi\r\n3,Two,(no genres listed)\r\n",
	)
)

func TestLoadSmall(t *testing.T) {
	for _, test := range []struct {
		name string
		load func(fs.FS) (*data.Dataset, error)
		fsys fs.FS
		want string
	}{
		{"100K", Load100K, small100K, "2 1 3 -5\n2 3 5 7\n10 1 4 8\nCafé|1995|Action|01-Jan-1995|\n||||\n24|M|technician|85711|\n53|F|other|94043|\n"},
		{"10M", Load1M, small10M, "2 1 3.5 5\n2 3 4 9\nCafé: Again|1995|Action, Drama|\nTwo|2000||\n\n"},
		{"1M", Load1M, small1M, "2 1 3 5\nCafé|1995|Action|\n56+|M|self-employed|70072|\n"},
		{"CSV", LoadCSV, smallCSV, "2 1 0.5 5\n2 3 4 9\nCafé, \"The\"|1995|Action, Sci-Fi|\nTwo|||\n\n"},
	} {
		d, err := test.load(test.fsys)
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		if got := show(d); got != test.want {
			t.Errorf("%s:\n%s", test.name, cmp.Diff(test.want, got))
		}
	}
	if d, _ := Load100K(small100K); d.UnratedItems != 1 {
		t.Errorf("%d unrated items, want 1", d.UnratedItems)
	}
}

func TestErrors(t *testing.T) {
	for _, test := range []struct {
		load          func(fs.FS) (*data.Dataset, error)
		fsys          fstest.MapFS
		file, content string // one file with bad content; "-": without it
		want          string
	}{
		{Load100K, small100K, "u.data", "-", "movielens: open u.data: file does not exist"},
		{Load100K, small100K, "u.data", "", "movielens: u.data: the file is empty"},
		{Load100K, small100K, "u.data", "1\t2\t3\t4\n1\t2\t3", "movielens: u.data:2: want 4 fields, got 3"},
		{Load100K, small100K, "u.data", "1\t2\tgood\t4\n", `movielens: u.data:1: the rating "good" is not a finite number`},
		{Load100K, small100K, "u.data", "1\t2\tNaN\t4\n", `movielens: u.data:1: the rating "NaN" is not a finite number`},
		{Load100K, small100K, "u.data", "1\t2\t1e999\t4\n", `movielens: u.data:1: the rating "1e999" is not a finite number`},
		{Load100K, small100K, "u.data", "1\t2\t1e99\t4\n", `movielens: u.data:1: the rating "1e99" is not a finite number`},
		{Load100K, small100K, "u.data", "1\t2\t3\t4.5\n", `movielens: u.data:1: the time "4.5" is not a whole number of seconds`},
		{Load100K, small100K, "u.data", "\t2\t3\t4\n", `movielens: u.data:1: the user "" is not a whole number`},
		{Load100K, small100K, "u.data", "1\tx\t3\t4\n", `movielens: u.data:1: the item "x" is not a whole number`},
		{Load100K, small100K, "u.data", "\xff\xfe1\x00", "movielens: u.data:1: the file is UTF-16, want UTF-8"},
		{Load100K, small100K, "u.data", "1\x00\t2\t3\t4", "movielens: u.data:1: a zero byte in column 2: not a text file"},
		{Load100K, small100K, "u.item", "-", "movielens: open u.item: file does not exist"},
		{Load100K, small100K, "u.item", "1|A||||0", "movielens: u.item:1: want 7 fields, got 6"},
		{Load100K, small100K, "u.item", "1|A||||0|2", `movielens: u.item:1: the flag of genre Action is "2", want 0 or 1`},
		{Load100K, small100K, "u.item", "1|A||||0|1\n1|A||||0|1", `movielens: u.item:2: id "1" appears twice`},
		{Load100K, small100K, "u.item", "x|A||||0|1", `movielens: u.item:1: the id "x" is not a whole number`},
		{Load100K, small100K, "u.item", "1|A\x96||||0|1", `movielens: u.item:1: "1|A\x96||||0|1" is neither Latin-1 nor UTF-8`},
		{Load100K, small100K, "u.genre", "unknown|1", `movielens: u.genre:1: genre "unknown" has number "1", want 0`},
		{Load100K, small100K, "u.user", "1|2", "movielens: u.user:1: want 5 fields, got 2"},
		{Load1M, small1M, "ratings.dat", "1::2::3\n", "movielens: ratings.dat:1: want 4 fields, got 3"},
		{Load1M, small1M, "users.dat", "2::M::57::16::70072\n", `movielens: users.dat:1: the age "57" is not one of the README's`},
		{Load1M, small1M, "users.dat", "2::M::56::21::70072\n", `movielens: users.dat:1: the occupation "21" is not one of the README's`},
		{LoadCSV, smallCSV, "ratings.csv", "1,2,3,4\n", `movielens: ratings.csv:1: want the header "userId,movieId,rating,timestamp", got "1,2,3,4"`},
		{LoadCSV, smallCSV, "ratings.csv", "userId,movieId,rating,timestamp\n", "data: movielens: no interactions"},
		{LoadCSV, smallCSV, "ratings.csv", "userId,movieId,rating,timestamp\nuserId,movieId,rating,timestamp\n", `movielens: ratings.csv:2: the user "userId" is not a whole number`},
		{LoadCSV, smallCSV, "movies.csv", "-", "movielens: open movies.csv: file does not exist"},
		{LoadCSV, smallCSV, "movies.csv", "", "movielens: movies.csv: the file is empty"},
		{LoadCSV, smallCSV, "movies.csv", "movieId,title\n", `movielens: movies.csv:1: want the header "movieId,title,genres", got "movieId,title"`},
		{LoadCSV, smallCSV, "movies.csv", "movieId,title,genres\n1,A, b,X\n", "movielens: movies.csv:2: want 3 fields, got 4"},
		{LoadCSV, smallCSV, "movies.csv", "movieId,title,genres\n1,\"A,X\n", `movielens: movies.csv:2: extraneous or missing " in quoted-field`},
		{LoadCSV, smallCSV, "movies.csv", "movieId,title,genres\n1,Caf\xe9,X\n", `movielens: movies.csv:2: "Caf\xe9" is not valid UTF-8`},
		{LoadCSV, smallCSV, "movies.csv", "movieId,title,genres\n1,A,X\n1,A,X\n", `movielens: movies.csv:3: id "1" appears twice`},
	} {
		fsys := fstest.MapFS{}
		for name, f := range test.fsys {
			fsys[name] = f
		}
		if delete(fsys, test.file); test.content != "-" {
			fsys[test.file] = &fstest.MapFile{Data: []byte(test.content)}
		}
		if _, err := test.load(fsys); err == nil || err.Error() != test.want {
			t.Errorf("%s %.30q:\ngot  %v\nwant %s", test.file, test.content, err, test.want)
		}
	}
}

func TestLoad1MPrefix(t *testing.T) {
	d, err := Load1M(datatest.Open(t, "ml-1m-first-2999-users"))
	if err != nil {
		t.Fatal(err)
	}
	if u, n := d.Users.Len(), d.Inter.Len(); u != 2999 || n != 487650 || d.Items.Len()+d.UnratedItems != 3883 {
		t.Errorf("%d users, %d interactions, %d+%d items", u, n, d.Items.Len(), d.UnratedItems)
	}
	if got := d.UserText.Values("occupation")[0]; got != "K-12 student" {
		t.Errorf("user 1 is a %q", got)
	}
	for n, year := range d.ItemText.Values("year") {
		if len(year) != 4 {
			t.Errorf("item %s has year %q", d.Items.Raw(int32(n)), year)
		}
	}
}

// Whatever a loader accepts, it orders, and the numbers it read can be written and read again.
func fuzzRatings(t *testing.T, d *data.Dataset, err error, sep string, load func(ratings string) (*data.Dataset, error)) {
	t.Helper()
	if err != nil {
		return
	}
	var b strings.Builder
	for n := range d.Inter.User {
		fmt.Fprintf(&b, "%[2]s%[1]s%[3]s%[1]s%[4]v%[1]s%[5]d\n", sep, d.Users.Raw(d.Inter.User[n]), d.Items.Raw(d.Inter.Item[n]), d.Inter.Rating[n], d.Inter.Time[n])
	}
	again, err := load(b.String())
	if err != nil {
		t.Fatal(err)
	}
	if !cmp.Equal(again.Inter, d.Inter) {
		t.Error(cmp.Diff(d.Inter, again.Inter))
	}
}

func FuzzLoad100K(f *testing.F) {
	f.Add(string(small100K["u.data"].Data), string(small100K["u.item"].Data), string(small100K["u.genre"].Data), string(small100K["u.user"].Data))
	f.Add("1\t2\t3e1\t4", "1|A||||0", "unknown|0", "1|1|1|1|1")
	f.Fuzz(func(t *testing.T, ratings, item, genre, user string) {
		load := func(ratings string) (*data.Dataset, error) {
			return Load100K(folder("u.data", ratings, "u.item", item, "u.genre", genre, "u.user", user))
		}
		d, err := load(ratings)
		fuzzRatings(t, d, err, "\t", load)
	})
}

func FuzzLoad1M(f *testing.F) {
	f.Add(string(small10M["ratings.dat"].Data), string(small10M["movies.dat"].Data))
	f.Add("1::2::-3::4\r\n", "1::A::B")
	f.Fuzz(func(t *testing.T, ratings, movies string) {
		load := func(ratings string) (*data.Dataset, error) {
			return Load1M(folder("ratings.dat", ratings, "movies.dat", movies))
		}
		d, err := load(ratings)
		fuzzRatings(t, d, err, "::", load)
	})
}

func FuzzLoadCSV(f *testing.F) {
	f.Add(string(smallCSV["ratings.csv"].Data), string(smallCSV["movies.csv"].Data))
	f.Fuzz(func(t *testing.T, ratings, movies string) {
		load := func(ratings string) (*data.Dataset, error) {
			return LoadCSV(folder("ratings.csv", ratings, "movies.csv", movies))
		}
		d, err := load(ratings)
		fuzzRatings(t, d, err, ",", func(ratings string) (*data.Dataset, error) {
			return load("userId,movieId,rating,timestamp\n" + ratings)
		})
	})
}

func BenchmarkLoadCSV(b *testing.B) {
	var s strings.Builder
	s.WriteString("userId,movieId,rating,timestamp\n")
	rows := 0
	for u := range 2000 {
		for i := range 100 {
			fmt.Fprintf(&s, "%d,%d,%d.5,%d\n", u+1, (u*7+i*i)%20000+1, i%5, 1112486027+i)
			rows++
		}
	}
	fsys := folder("ratings.csv", s.String(), "movies.csv", "movieId,title,genres\n")
	b.SetBytes(int64(s.Len()))
	for b.Loop() {
		if _, err := LoadCSV(fsys); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(rows)*float64(b.N)/b.Elapsed().Seconds(), "rows/sec")
}
