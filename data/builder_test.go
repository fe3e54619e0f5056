package data

import (
	"slices"
	"strings"
	"testing"
)

// Items that are described and never taken are in the catalogue where a loader says so, and nowhere else.
func TestKeepDescribedItems(t *testing.T) {
	built := func(keep bool) *Dataset {
		b := NewBuilder(0)
		b.SetItemFields(Field{Name: "title", Kind: TokenSeq})
		for _, raw := range []string{"10", "2", "7"} {
			if err := b.AddItem(raw, "film "+raw); err != nil {
				t.Fatal(err)
			}
		}
		if keep {
			b.KeepDescribedItems()
		}
		for _, r := range []row{{"1", "7", 4, 1}, {"1", "3", 5, 2}} { // 3 has no text
			b.Add([]byte(r.user), []byte(r.item), r.rating, r.time)
		}
		d, err := b.Build("small")
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	d := built(false)
	if !slices.Equal(d.Items.raw, []string{"3", "7"}) || d.UnratedItems != 2 || Describe(d).IdleItems != 0 {
		t.Errorf("without: items %q, %d unrated", d.Items.raw, d.UnratedItems)
	}
	d = built(true)
	if !slices.Equal(d.Items.raw, []string{"2", "3", "7", "10"}) || d.UnratedItems != 0 {
		t.Errorf("with: items %q, %d unrated", d.Items.raw, d.UnratedItems)
	}
	if got := d.ItemText.Values("title"); !slices.Equal(got, []string{"film 2", "", "film 7", "film 10"}) {
		t.Errorf("titles %q", got)
	}
	if got := rows(d, 0); got[0].item != "7" || got[1].item != "3" {
		t.Errorf("interactions %v", got)
	}
	if n, text := Describe(d).IdleItems, Describe(d).String(); n != 2 || !strings.Contains(text, "items without interactions in the catalogue  2\n") || strings.Contains(text, "not in the catalogue") {
		t.Errorf("%d items without interactions, and\n%s", n, text)
	}

	// A filter leaves items with interactions, and counts the others.
	f, removed, err := Filters{MinRating: 5}.Apply(d)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(f.Items.raw, []string{"3"}) || f.UnratedItems != 2 || removed[0].Items != 1 {
		t.Errorf("filtered: items %q, %d unrated, %v", f.Items.raw, f.UnratedItems, removed)
	}
}
