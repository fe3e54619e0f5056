package bench

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"llm4rec/data"
	"llm4rec/data/atomic"
	"llm4rec/data/synthetic"
	"llm4rec/models"
	"llm4rec/models/external"
)

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestExportSplitFiles(t *testing.T) {
	b := data.NewBuilder(0)
	for n, item := range []string{"a", "b", "c", "d", "b"} {
		b.Add([]byte("ann"), []byte(item), float32(n+1), int64(10*n))
	}
	for n, item := range []string{"b", "d", "a"} {
		b.Add([]byte("bob"), []byte(item), 2.5, int64(n))
	}
	b.Add([]byte("cid"), []byte("c"), 1, 0) // is not asked
	b.SetItemFields(data.Field{Name: "title", Kind: data.TokenSeq})
	if err := b.AddItem("a", "The A"); err != nil {
		t.Fatal(err)
	}
	d, err := b.Build("toy")
	if err != nil {
		t.Fatal(err)
	}
	d.UserText = nil
	s, err := d.Split(data.SplitSpec{Method: "leave-one-out", MinHistory: 1})
	if err != nil {
		t.Fatal(err)
	}
	all, recent := t.TempDir(), t.TempDir()
	if err := (&Suite{}).ExportSplit(all, d, s, Protocol{}); err != nil {
		t.Fatal(err)
	}
	if err := (&Suite{}).ExportSplit(recent, d, s, Protocol{Seen: "last-2", Candidates: "uniform-1"}); err != nil {
		t.Fatal(err)
	}
	inter := "user_id:token\titem_id:token\trating:float\ttimestamp:float\n"
	list := "user_id:token\titem_id_list:token_seq\n"
	for path, want := range map[string]string{
		all + "/toy.train.inter": inter + "ann\ta\t1\t0\nann\tb\t2\t10\nann\tc\t3\t20\nbob\tb\t2.5\t0\ncid\tc\t1\t0\n",
		all + "/toy.valid.inter": inter + "ann\td\t4\t30\nbob\td\t2.5\t1\n",
		// Ann's test item is b, which she has had: the mask hides it, so she is not asked.
		all + "/toy.test.inter": inter + "bob\ta\t2.5\t2\n",
		all + "/qrels.valid":    "ann 0 d 1\nbob 0 d 1\n",
		all + "/qrels.test":     "bob 0 a 1\n",
		all + "/history.valid":  list + "ann\ta b c\nbob\tb\n",
		all + "/history.test":   list + "bob\tb d\n",
		all + "/mask.test":      list + "bob\tb d\n",
		all + "/toy.item":       "item_id:token\ttitle:token_seq\na\tThe A\nb\t\nc\t\nd\t\n",
		all + "/toy.user":       "user_id:token\nann\nbob\ncid\n",
		// The two newest items alone leave it free.
		recent + "/toy.test.inter":  inter + "ann\tb\t5\t40\nbob\ta\t2.5\t2\n",
		recent + "/history.test":    list + "ann\ta b c d\nbob\tb d\n",
		recent + "/mask.test":       list + "ann\tc d\nbob\tb d\n",
		recent + "/candidates.test": list + "ann\tb\nbob\ta c\n", // no item is new to Ann
	} {
		if got := read(t, path); got != want {
			t.Errorf("%s is\n%swant\n%s", filepath.Base(path), got, want)
		}
	}
	if _, err := os.Stat(all + "/candidates.test"); err == nil {
		t.Error("candidates are written where none are sampled")
	}
}

// A model that answers with the exported test part, in the form of its own table, finds everything under every split.
func TestExportedAnswersComeBack(t *testing.T) {
	d := synthetic.Generate(synthetic.Config{Seed: 3, Users: 60, Items: 80, Interactions: 1500, Skew: 1, Follow: .3, Ties: .3})
	for _, method := range []string{"leave-one-out", "temporal", "ratio", "user-cold", "item-cold"} {
		p, err := Protocol{SplitSpec: data.SplitSpec{Method: method}}.withDefaults()
		if err != nil {
			t.Fatal(err)
		}
		s, err := d.Split(p.SplitSpec)
		if err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		if err := (&Suite{}).ExportSplit(dir, d, s, p); err != nil {
			t.Fatal(err)
		}
		var run strings.Builder
		for line := range strings.Lines(read(t, dir+"/qrels.test")) {
			f := strings.Fields(line)
			fmt.Fprintf(&run, "%s Q0 %s 0 1 perfect\n", f[0], f[2])
		}
		path := filepath.Join(dir, "perfect.run")
		if err := os.WriteFile(path, []byte(run.String()), 0o666); err != nil {
			t.Fatal(err)
		}
		model, err := external.Config{Path: path, Format: external.Auto}.Fit(t.Context(), s.Train)
		if err != nil {
			t.Fatal(err)
		}
		asked, err := ask(s.Train, s.Test, p, nil, 80, 0)
		if err != nil {
			t.Fatal(err)
		}
		lists, err := model.Recommend(t.Context(), asked.queries)
		if err != nil {
			t.Fatal(err)
		}
		for n, l := range lists {
			if len(l) != len(asked.relevant[n]) {
				t.Errorf("%s: user %s: %d of %d answers came back", method, asked.users[n], len(l), len(asked.relevant[n]))
			}
		}
		for _, warning := range model.(models.Warner).Warnings() {
			if !strings.Contains(warning, "shorter") { // a perfect list is
				t.Errorf("%s: %s", method, warning)
			}
		}

		// The training part is a data set that our own loader reads back.
		whole := t.TempDir()
		if err := os.Rename(dir+"/synthetic.train.inter", whole+"/synthetic.inter"); err != nil {
			t.Fatal(err)
		}
		back, err := atomic.Load(os.DirFS(whole))
		if err != nil {
			t.Fatal(err)
		}
		if back.Inter.Len() != s.Train.Inter.Len() {
			t.Errorf("%s: %d of %d training interactions came back", method, back.Inter.Len(), s.Train.Inter.Len())
		}
	}
}
