package report

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestPaperInABrowser opens the site of the published bundle of paper as a reader would: what it shows are the figures that the
// bundle's own table has, and every page of it is in order.
func TestPaperInABrowser(t *testing.T) {
	bundle := filepath.Join("..", "published", "paper")
	site := filepath.Join(t.TempDir(), "site")
	_, err := Write(t.Context(), site, []string{bundle})
	check(t, err)
	ndcg := published(t, bundle, "standard", "ndcg@10")
	var best []string // those that ran, the best first
	for name := range ndcg {
		best = append(best, name)
	}
	slices.SortFunc(best, func(x, y string) int { return strings.Compare(x, y) })
	slices.SortStableFunc(best, func(x, y string) int { return int(math.Copysign(1, ndcg[y]-ndcg[x])) })

	b := open(t, site)
	boards, err := filepath.Glob(filepath.Join(site, "b*-standard"))
	check(t, err)
	if len(boards) != 1 {
		t.Fatalf("the boards of the standard protocol are %q", boards)
	}
	board := filepath.Base(boards[0]) + "/"
	b.page("index.html")
	if got := js[string](b, `document.querySelector("main tbody tr").textContent`); !strings.Contains(got, "; AMD EPYC") {
		t.Errorf("the first page does not say when, and on what, a board was run: %s", got)
	}
	b.page(board + "index.html")

	// Sorting by the primary metric, over all rows.
	at := js[int](b, `[...document.querySelector("#board thead").rows[0].cells].findIndex((th) => th.textContent.trim() === "ndcg@10")`)
	if at < 0 {
		t.Fatal("no column ndcg@10")
	}
	b.do(chromedp.Evaluate(`document.querySelector('input[name=grouped]').click()`, nil))
	click := chromedp.Click(fmt.Sprintf(`#board thead th:nth-child(%d) button`, at+1)) // it begins in descending order
	b.do(click, click)
	if got := js[[]string](b, names); len(got) < len(best) || !slices.Equal(got[:len(best)], best) {
		t.Errorf("by ndcg@10: %q, want %q first", got, best)
	}
	for n, v := range js[[]float64](b, fmt.Sprintf(column, at)) {
		if n < len(best) && math.Abs(v-ndcg[best[n]]) > 5e-5 {
			t.Errorf("%s: the page has %g, the bundle %g", best[n], v, ndcg[best[n]])
		}
	}

	// Filtering by stage.
	for _, stage := range js[[]string](b, `[...document.querySelectorAll("select[name=stage] option")].map((o) => o.value).filter((v) => v)`) {
		b.do(chromedp.SetValue(`select[name=stage]`, stage), chromedp.Evaluate(`document.querySelector("#filters").dispatchEvent(new Event("input"))`, nil))
		shown := js[[]string](b, `[...document.querySelectorAll("#board tbody tr:not(.group)")].filter((r) => r.checkVisibility()).map((r) => r.dataset.stage)`)
		if len(shown) == 0 || slices.ContainsFunc(shown, func(s string) bool { return s != stage }) {
			t.Errorf("stage %s shows rows of %q", stage, shown)
		}
	}

	// Comparing the best with the baseline.
	b.page(board + "index.html")
	b.do(chromedp.Click(`#board input[aria-label="Compare `+best[0]+`"]`), chromedp.Click(`#board input[aria-label="Compare pop"]`), chromedp.Click(`#chosen`), chromedp.WaitReady(`#comparison figure`))
	b.shot("paper_compared")
	if said := js[string](b, `document.querySelector("#comparison").textContent`); !strings.Contains(said, best[0]) || !strings.Contains(said, "they differ") {
		t.Errorf("%s and pop: %s", best[0], said)
	}

	// Of the pages of systems, those of one that ran and of one that did not.
	ran, missing := false, false
	b.visit(slices.DeleteFunc(pages(t, site), func(name string) bool {
		if strings.HasPrefix(name, "b") && !strings.HasPrefix(name, board) {
			return true
		}
		if base := filepath.Base(name); !strings.HasPrefix(base, "s0") {
			return false
		}
		seen := &missing
		if strings.HasSuffix(name, "-"+best[0]+".html") {
			seen = &ran
		}
		again := *seen
		*seen = true
		return again
	}))
	b.clean()
}

// published are the means of a metric in a bundle's own table, by system.
func published(t *testing.T, bundle, protocol, metric string) map[string]float64 {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(bundle, "table.json"))
	check(t, err)
	var rows []struct {
		Protocol, System string
		Metrics          map[string]struct{ Mean float64 }
	}
	check(t, json.Unmarshal(content, &rows))
	out := map[string]float64{}
	for _, r := range rows {
		if m, ok := r.Metrics[metric]; ok && r.Protocol == protocol {
			out[r.System] = m.Mean
		}
	}
	if len(out) < 2 {
		t.Fatalf("%s has %d systems under %s", bundle, len(out), protocol)
	}
	return out
}
