package report

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// shots is the variable of a folder that gets a picture of every page that the test opens, for a person to look at.
const shots = "LLM4REC_SHOTS"

// browser is a headless Chromium that watches what pages do.
type browser struct {
	*testing.T
	ctx  context.Context
	site string

	mu       sync.Mutex
	problems []string // errors on the console, exceptions, requests that leave the site
}

func open(t *testing.T, site string) *browser {
	t.Helper()
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "chrome"} {
		if p, err := exec.LookPath(name); err == nil {
			path = p
			break
		}
	}
	if path == "" {
		t.Skip("no Chromium is on this machine: make test-tools")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.WindowSize(1400, 1000))
	ctx, stop := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(stop)
	ctx, closeTab := chromedp.NewContext(ctx)
	t.Cleanup(closeTab)
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	t.Cleanup(cancel)
	b := &browser{T: t, ctx: ctx, site: site}
	chromedp.ListenTarget(ctx, b.watch)
	b.do(network.Enable(), runtime.Enable(), log.Enable())
	return b
}

func (b *browser) watch(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventConsoleAPICalled:
		b.problems = append(b.problems, fmt.Sprintf("console.%s", e.Type))
	case *runtime.EventExceptionThrown:
		b.problems = append(b.problems, "exception: "+e.ExceptionDetails.Error())
	case *log.EventEntryAdded:
		b.problems = append(b.problems, "log: "+e.Entry.Text)
	case *network.EventRequestWillBeSent:
		if u := e.Request.URL; !strings.HasPrefix(u, "file://"+b.site) && !strings.HasPrefix(u, "data:") {
			b.problems = append(b.problems, "request: "+u)
		}
	}
}

func (b *browser) do(actions ...chromedp.Action) {
	b.Helper()
	if err := chromedp.Run(b.ctx, actions...); err != nil {
		b.Fatal(err)
	}
}

// page opens a page of the site and lets a person see it.
func (b *browser) page(name string) {
	b.Helper()
	b.do(chromedp.Navigate("file://"+b.site+"/"+name), chromedp.WaitReady("footer"))
	b.shot(name)
}

func (b *browser) shot(name string) {
	b.Helper()
	dir := os.Getenv(shots)
	if dir == "" {
		return
	}
	var picture []byte
	b.do(chromedp.FullScreenshot(&picture, 100))
	name = strings.NewReplacer("/", "_", ".html", "").Replace(name) + ".png"
	check(b, os.WriteFile(filepath.Join(dir, name), picture, 0o644))
}

// js evaluates an expression on the page.
func js[T any](b *browser, expression string) T {
	b.Helper()
	var out T
	b.do(chromedp.Evaluate(expression, &out))
	return out
}

// clean fails the test for what pages did that they must not.
func (b *browser) clean() {
	b.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, p := range b.problems {
		b.Error(p)
	}
	b.problems = nil
}

const (
	names  = `[...document.querySelectorAll("#board tbody tr:not(.group)")].filter(r => !r.hidden && !r.closest("tbody").hidden).map(r => r.querySelector("th a").textContent)`
	column = `[...document.querySelectorAll("#board tbody tr:not(.group)")].map(r => r.cells[%d]).filter(c => c && c.dataset.v).map(c => +c.dataset.v)`
)

func TestInABrowser(t *testing.T) {
	site := filepath.Join(t.TempDir(), "site")
	_, err := Write(t.Context(), site, []string{toy().write(t)})
	check(t, err)
	b := open(t, site)
	board := "b01-toys-b-leave-one-out/"

	b.page("index.html")
	b.page(board + "index.html")
	if got := js[string](b, `document.title`); strings.Contains(got, "owned") {
		t.Error("a name was run as a script")
	}

	// Sorting: within groups, then over all rows; the keyboard does it as well.
	b.do(chromedp.Evaluate(`document.querySelector('input[name=grouped]').click()`, nil))
	b.do(chromedp.Focus(`#board thead th:nth-child(2) button`), chromedp.KeyEvent("\r"))
	if got := js[[]string](b, names); len(got) != 8 || got[1] != "als" || got[2] != "broken" {
		t.Errorf("by name: %q", got)
	}
	for _, want := range []string{"descending", "ascending"} {
		b.do(chromedp.Click(`#board thead th:nth-child(3) button`))
		if got := js[string](b, `document.querySelector("#board thead th:nth-child(3)").ariaSort`); got != want {
			t.Errorf("aria-sort is %s, want %s", got, want)
		}
		values := js[[]float64](b, fmt.Sprintf(column, 2))
		for n := 1; n < len(values); n++ {
			if want == "descending" && values[n] > values[n-1] || want == "ascending" && values[n] < values[n-1] {
				t.Errorf("%s: %v", want, values)
			}
		}
	}
	if got := js[[]string](b, names); got[len(got)-1] != "broken" {
		t.Errorf("the row without values is not the last: %q", got)
	}

	// Filtering.
	b.do(chromedp.SetValue(`select[name=stage]`, "language model"), chromedp.Evaluate(`document.querySelector("#filters").dispatchEvent(new Event("input"))`, nil))
	if got := js[[]string](b, names); len(got) != 2 {
		t.Errorf("language models: %q", got)
	}
	b.do(chromedp.Click(`input[name=publishable]`))
	if got := js[[]string](b, names); len(got) != 1 || got[0] != "pop+model" {
		t.Errorf("publishable language models: %q", got)
	}
	if got := js[string](b, `document.querySelector("#shown").textContent`); got != "1 of 8 systems" {
		t.Errorf("it says %q", got)
	}

	// Comparing: two rows are chosen, and the page of the two says what Go computed.
	b.page(board + "index.html")
	b.do(chromedp.Click(`#board input[aria-label="Compare als"]`), chromedp.Click(`#board input[aria-label="Compare pop"]`), chromedp.Click(`#chosen`), chromedp.WaitReady(`#comparison figure`))
	b.shot("compared")
	said := js[string](b, `document.querySelector("#comparison").textContent`)
	for _, want := range []string{"als", "pop", "Holm", "they differ", "Users with the largest differences"} {
		if !strings.Contains(said, want) {
			t.Errorf("the comparison lacks %q: %s", want, said)
		}
	}
	b.do(chromedp.Click(`#swap`))
	if after := js[string](b, `document.querySelector("#comparison p").textContent`); !strings.HasPrefix(after, "pop ") || !strings.Contains(after, "difference of −") {
		t.Errorf("exchanged: %s", after)
	}

	for _, name := range []string{"plots.html", "llm.html", "pipeline.html", "compare.html", "s000-als.html", "s001-itemknn.html", "reasons.html", "talks.html", "t002-mute.html"} {
		b.page(board + name)
	}

	// Reasons: those that rest on something that is not so, and those of a user.
	b.page(board + "r000-because.html")
	const shown = `[...document.querySelectorAll("[data-browse]")].filter((e) => e.checkVisibility()).length`
	const users = `[...document.querySelectorAll("[data-group]")].filter((e) => e.checkVisibility()).length`
	if all := js[int](b, shown); all < 178 || all > 180 {
		t.Errorf("%d reasons", all)
	}
	b.do(chromedp.Focus(`#browse input[name=bad]`), chromedp.KeyEvent(" "))
	bad := js[int](b, shown)
	if want := js[int](b, `document.querySelectorAll("[data-bad=true]").length`); bad != want || bad == 0 || bad > 60 {
		t.Errorf("%d not supported, want %d", bad, want)
	}
	b.do(chromedp.SendKeys(`#browse input[name=find]`, "user u4"))
	if got := js[int](b, users); got == 0 || got > 11 {
		t.Errorf("%d users are shown", got)
	}
	b.shot("not_supported")

	// Conversations: by outcome, and opened by the keyboard, with what the agent did.
	b.page(board + "t000-talker.html")
	b.do(chromedp.SetValue(`#browse select[name=kind]`, "found"), chromedp.Evaluate(`document.querySelector("#browse").dispatchEvent(new Event("input"))`, nil))
	if got, want := js[int](b, shown), js[int](b, `document.querySelectorAll("[data-kind=found]").length`); got != want || got < 20 || got > 40 {
		t.Errorf("%d conversations that found something, want %d", got, want)
	}
	b.do(chromedp.Focus(`.talk:not([hidden]) > summary`), chromedp.KeyEvent("\r"), chromedp.KeyEvent("\t"), chromedp.KeyEvent("\r"))
	if !js[bool](b, `document.querySelector(".talk:not([hidden])").open && document.querySelector(".talk:not([hidden]) .trace").open`) {
		t.Error("the keyboard opens no conversation with its trace")
	}
	b.shot("conversation")
	b.do(chromedp.Evaluate(`document.querySelectorAll("details").forEach((d) => { d.open = true; })`, nil))
	if got := js[string](b, `document.title + document.querySelectorAll("main img, main script").length`); strings.Contains(got, "owned") || !strings.HasSuffix(got, "0") {
		t.Errorf("words were taken for markup: %s", got)
	}
	b.page("data/d01-toys-b.html")

	// On paper.
	b.do(emulation.SetEmulatedMedia().WithMedia("print"))
	b.page(board + "index.html")
	const printed = `[...document.querySelectorAll("#board tbody tr:not(.group)")].filter(r => r.getClientRects().length > 0).map(r => r.querySelector("th a").textContent)`
	if got := js[[]string](b, printed); len(got) != 5 || slices.Contains(got, "leaky") {
		t.Errorf("on paper: %q", got)
	}
	b.clean()
}

// TestThemesAndWidths: both themes have their colours and are kept, a phone shows no page that is wider than itself.
func TestThemesAndWidths(t *testing.T) {
	site := filepath.Join(t.TempDir(), "site")
	_, err := Write(t.Context(), site, []string{toy().write(t)})
	check(t, err)
	b := open(t, site)
	board := "b01-toys-b-leave-one-out/"
	const back = `getComputedStyle(document.body).backgroundColor`
	seen := map[string]bool{}
	for _, scheme := range []string{"light", "dark"} {
		b.do(emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}))
		b.do(chromedp.Navigate("file://"+site+"/"+board+"index.html"), chromedp.WaitReady("footer"))
		seen[js[string](b, back)] = true
		b.shot(scheme)
	}
	if len(seen) != 2 {
		t.Errorf("the backgrounds are %v", seen)
	}
	before := js[string](b, back)
	b.do(chromedp.Click("#theme"))
	if after := js[string](b, back); after == before || !seen[after] {
		t.Errorf("the button leaves %s, after %s", after, before)
	}
	for _, pair := range js[[]float64](b, contrasts) {
		if pair < 4.5 {
			t.Errorf("a contrast of %.2f", pair)
		}
	}
	b.do(chromedp.Click("#theme"))
	for _, pair := range js[[]float64](b, contrasts) {
		if pair < 4.5 {
			t.Errorf("a contrast of %.2f", pair)
		}
	}
	for _, name := range []string{"pipeline.html", "r000-because.html", "t000-talker.html"} {
		b.page(board + name)
		b.do(chromedp.Evaluate(`document.querySelectorAll("details").forEach((d) => { d.open = true; })`, nil))
		for range 2 {
			for _, pair := range js[[]float64](b, contrasts) {
				if pair < 4.5 {
					t.Errorf("%s has a contrast of %.2f", name, pair)
				}
			}
			b.do(chromedp.Click("#theme"))
		}
	}
	b.do(emulation.SetDeviceMetricsOverride(390, 844, 2, true))
	for _, name := range []string{"index.html", board + "index.html", board + "compare.html", board + "plots.html", board + "llm.html", board + "pipeline.html", board + "s000-als.html", board + "s007-broken.html", board + "s001-itemknn.html", board + "reasons.html", board + "r000-because.html", board + "talks.html", board + "t000-talker.html", "data/d01-toys-b.html"} {
		b.do(chromedp.Navigate("file://"+site+"/"+name), chromedp.WaitReady("footer"))
		b.do(chromedp.Evaluate(`document.querySelectorAll("details").forEach((d) => { d.open = true; })`, nil))
		if w := js[float64](b, `document.documentElement.scrollWidth`); w > 390 {
			t.Errorf("%s is %g wide on a phone of 390", name, w)
		}
		b.shot("phone_" + name)
	}
	b.clean()
}

// contrasts are those of all words on the page with what is behind them (WCAG 2, relative luminance).
const contrasts = `(() => {
	const light = (c) => { const [r, g, b] = c.match(/[0-9.]+/g).map((x) => { x /= 255; return x <= .04045 ? x / 12.92 : ((x + .055) / 1.055) ** 2.4; }); return .2126 * r + .7152 * g + .0722 * b; };
	const behind = (e) => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor; if (c !== "rgba(0, 0, 0, 0)") return c; } return "rgb(255, 255, 255)"; };
	const out = [];
	for (const e of document.querySelectorAll("main *, header *, footer")) {
		if (![...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim()) || e instanceof SVGTitleElement) continue;
		const a = light(e instanceof SVGElement ? getComputedStyle(e).fill : getComputedStyle(e).color), b = light(behind(e));
		out.push((Math.max(a, b) + .05) / (Math.min(a, b) + .05));
	}
	return out;
})()`
