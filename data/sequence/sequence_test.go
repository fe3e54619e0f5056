package sequence

import (
	"strings"
	"testing"
	"testing/fstest"

	"llm4rec/data"
	"llm4rec/data/datatest"
)

// show writes a data set as "user:items" in canonical order.
func show(d *data.Dataset) string {
	var b strings.Builder
	for n, u := range d.Inter.User {
		if n == 0 || d.Inter.User[n-1] != u {
			b.WriteString(" " + d.Users.Raw(u) + ":")
		}
		b.WriteString(d.Items.Raw(d.Inter.Item[n]) + ",")
	}
	return strings.TrimSpace(b.String())
}

func file(content string) fstest.MapFS { return fstest.MapFS{"s.txt": {Data: []byte(content)}} }

func TestLoad(t *testing.T) {
	for name, content := range map[string]string{
		"pairs":               "2 30\n1 7\n1 5\n1 7\n",
		"pairs, CRLF, tabs":   "2\t30\r\n1\t7\r\n1\t5\r\n1\t7",
		"lists":               "2 30\n1 7 5 7\n",
		"lists, spaces about": " 1  7 5 7 \n2 30",
	} {
		d, err := Load(file(content), "s.txt")
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got, want := show(d), "1:7,5,7, 2:30,"; got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
		if got := d.Inter.Time; got[0] != 0 || got[1] != 1 || got[2] != 2 || got[3] != 0 {
			t.Errorf("%s: times %v are not positions", name, got)
		}
	}
}

func TestLoadErrors(t *testing.T) {
	for content, want := range map[string]string{
		"":                "sequence: s.txt: the file is empty",
		"1 2\n3\n":        "sequence: s.txt:2: want a user and an item, got 1 words",
		"1 2\n\n1 3":      "sequence: s.txt:2: want a user and an item, got 0 words",
		"1 2 3\n2 3\n1 4": `sequence: s.txt:3: user "1" has a line already, 1`,
		"1 2 3\n4":        "sequence: s.txt:2: want a user and at least one item, got 1 words",
		"1 \xff\n":        `sequence: s.txt:1: "\xff" is not valid UTF-8`,
		"\xff\xfe1\x00":   "sequence: s.txt:1: the file is UTF-16, want UTF-8",
		"1 2\r1 3\n":      "sequence: s.txt:1: a carriage return in column 4: lines end in LF or CRLF",
		"1 2\n1 \x003\n":  "sequence: s.txt:2: a zero byte in column 3: not a text file",
	} {
		if _, err := Load(file(content), "s.txt"); err == nil || err.Error() != want {
			t.Errorf("%q: got %v, want %s", content, err, want)
		}
	}
	if _, err := Load(fstest.MapFS{}, "s.txt"); err == nil || !strings.Contains(err.Error(), "s.txt") {
		t.Errorf("missing file: got %v", err)
	}
}

func TestRealFiles(t *testing.T) {
	fsys := datatest.Open(t, "sequences")
	for _, want := range []struct {
		name                string
		users, items, inter int
	}{
		{"ml-1m.txt", 6040, 3416, 999611},
		{"beauty.txt", 40226, 54542, 353962},
		{"beauty-s3rec.txt", 22363, 12101, 198502},
	} {
		d, err := Load(fsys, want.name)
		if err != nil {
			t.Error(err)
			continue
		}
		if u, i, n := d.Users.Len(), d.Items.Len(), d.Inter.Len(); u != want.users || i != want.items || n != want.inter {
			t.Errorf("%s: %d users, %d items, %d interactions, want %v", want.name, u, i, n, want)
		}
	}
}

func FuzzLoad(f *testing.F) {
	for _, s := range []string{"1 2\n1 3\n2 2\n", "1 2 3\n2 3 4", "", "a b\r\n", "1\t2\x00", "\ufeff1 2"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, content string) {
		d, err := Load(file(content), "s.txt")
		if err != nil {
			return
		}
		// Written as lists, the same data set comes back.
		var b strings.Builder
		for n, u := range d.Inter.User {
			if n == 0 || d.Inter.User[n-1] != u {
				b.WriteString("\n" + d.Users.Raw(u))
			}
			b.WriteString(" " + d.Items.Raw(d.Inter.Item[n]))
		}
		again, err := LoadLists(file("\ufeff"+strings.TrimPrefix(b.String(), "\n")), "s.txt")
		if err != nil {
			t.Fatal(err)
		}
		if again.Checksum() != d.Checksum() {
			t.Errorf("%q became %q", show(d), show(again))
		}
	})
}
