package hub

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"llm4rec/results/table"
)

// stored are records that the tables' tests commit: several protocols and seeds, a row that must not be published, one that failed.
const stored = "../table/testdata/results/small"

// TestExport: the files hold every row that may be published, with the table's values.
func TestExport(t *testing.T) {
	list, err := table.Load(stored)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if _, _, err := Export(list[0], dir, Options{Dataset: "nobody"}); err == nil {
		t.Error("a data set without an organisation is taken")
	}
	e := list[0]
	for _, x := range e.Tables { // of the tables' own test: no file may have this name on some systems
		for _, r := range x.Rows {
			r.System = strings.ReplaceAll(r.System, "|", "")
		}
	}
	files, left, err := Export(e, dir, Options{Dataset: "someone/toy", Source: "https://example.org/b"})
	if err != nil {
		t.Fatal(err)
	}
	if len(files) != 4 || len(left) != 2 || !strings.Contains(left[0], "trained on the test part") {
		t.Errorf("%v, left out %v", files, left)
	}
	b, err := os.ReadFile(filepath.Join(dir, "als", ".eval_results", "small.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var got []result
	if err := yaml.Unmarshal(b, &got); err != nil {
		t.Fatal(err)
	}
	if len(got) != 8 || got[1].Dataset != (dataset{"someone/toy", "standard_ndcg_at_10"}) || got[1].Source.URL != "https://example.org/b" || !strings.Contains(got[1].Notes, "60 users, mean of 2 seeds") {
		t.Errorf("%s", b)
	}
	als := e.Tables[0].Rows[2]
	if want := (als.PerSeed[1][0] + als.PerSeed[1][1]) / 2; got[1].Value-want > 1e-12 || want-got[1].Value > 1e-12 {
		t.Errorf("%v, not %v", got[1].Value, want)
	}
}

func TestNothingLeft(t *testing.T) {
	list, err := table.Load(stored)
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range list[0].Tables {
		for _, r := range x.Rows {
			for n := range r.Records {
				r.Records[n].Unpublish = []string{"a test"}
			}
		}
	}
	if _, left, err := Export(list[0], t.TempDir(), Options{Dataset: "a/b"}); err == nil || len(left) == 0 {
		t.Errorf("%v, %v", left, err)
	}
}

func TestSourceIsAnAddress(t *testing.T) {
	list, err := table.Load(stored)
	if err != nil {
		t.Fatal(err)
	}
	for _, source := range []string{"notaurl", "ftp://example.org/b", "https://"} {
		if files, _, err := Export(list[0], t.TempDir(), Options{Dataset: "a/b", Source: source}); err == nil || !strings.Contains(err.Error(), "want an address") || files != nil {
			t.Errorf("%s: %v, %v", source, files, err)
		}
	}
}
