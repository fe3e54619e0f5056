package report

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// folders is the variable of folders of results, whose pages a person wants to look at as well.
const folders = "LLM4REC_REPORT"

// TestRealRecords opens every page of real records, in both themes and on a phone.
func TestRealRecords(t *testing.T) {
	dirs := filepath.SplitList(os.Getenv(folders))
	if len(dirs) == 0 {
		t.Skip("no folders of results in " + folders)
	}
	site := filepath.Join(t.TempDir(), "site")
	_, err := Write(t.Context(), site, dirs)
	check(t, err)
	b := open(t, site)
	b.visit(pages(t, site))
	b.clean()
}

// pages are those of a site, none of which is too large.
func pages(t *testing.T, site string) []string {
	t.Helper()
	var names []string
	for name, text := range read(t, site) {
		if strings.HasSuffix(name, ".html") {
			names = append(names, name)
			if len(text) > 1_000_000 {
				t.Errorf("%s has %d bytes", name, len(text))
			}
		}
	}
	slices.Sort(names)
	return names
}

// visit opens pages of the site in both themes and on a phone.
func (b *browser) visit(names []string) {
	b.Helper()
	for _, name := range names {
		b.do(emulation.ClearDeviceMetricsOverride())
		for _, scheme := range []string{"light", "dark"} {
			b.do(emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}))
			b.do(chromedp.Navigate("file://"+b.site+"/"+name), chromedp.WaitReady("footer"))
			b.do(chromedp.Evaluate(`document.querySelectorAll("details.talk").forEach((d, n) => { d.open = n < 3; for (const x of d.querySelectorAll("details")) x.open = n === 0; })`, nil))
			for _, pair := range js[[]float64](b, contrasts) {
				if pair < 4.5 {
					b.Errorf("%s, %s: a contrast of %.2f", name, scheme, pair)
					break
				}
			}
			b.shot(scheme + "_" + name)
		}
		b.do(emulation.SetDeviceMetricsOverride(390, 844, 2, true))
		if w := js[float64](b, `document.documentElement.scrollWidth`); w > 390 {
			b.Errorf("%s is %g wide on a phone of 390", name, w)
		}
		b.shot("phone_" + name)
	}
	b.do(emulation.ClearDeviceMetricsOverride())
}
