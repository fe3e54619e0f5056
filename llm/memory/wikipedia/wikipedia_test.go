package wikipedia

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cenkalti/backoff/v5"

	"llm4rec/data"
	"llm4rec/llm"
	"llm4rec/llm/llmtest"
	"llm4rec/llm/memory"
	"llm4rec/llm/memory/gather"
)

// site is a small Wikipedia, which misbehaves as it is told.
type site struct {
	*httptest.Server
	pages  map[string]map[string]string // by key: members of the summary, with "hit" the description in a search
	faults []func(http.ResponseWriter)  // of the next calls

	mu    sync.Mutex
	calls []*http.Request
}

func serve(t *testing.T) *site {
	t.Helper()
	s := &site{pages: map[string]map[string]string{
		"Heat_(1995_film)":        {"hit": "1995 American crime film by Michael Mann", "extract": "Heat is a 1995 American crime film.", "timestamp": "2024-05-06T07:08:09Z"},
		"Heat_(1986_film)":        {"hit": "1986 film", "extract": "Heat is a 1986 film."},
		"Heat_(soundtrack)":       {"hit": "1995 soundtrack album to the film Heat", "extract": "Heat is an album."},
		"Heat":                    {"hit": "Topics referred to by the same term", "type": "disambiguation"},
		"Il_Postino:_The_Postman": {"hit": "1994 film by Michael Radford", "extract": "Il Postino is a 1994 comedy-drama film."},
		"Sabrina_(1995_film)":     {"hit": "1995 film by Sydney Pollack", "extract": "Sabrina is a 1995 film."},
		"Sabrina_(TV_film)":       {"hit": "1995 television film", "extract": "Sabrina is a 1995 television film."},
		"Moved":                   {"hit": "1990 film", "redirect": "Moved_(1990_film)"},
		"Moved_(1990_film)":       {"extract": "Moved is a 1990 film."},
		"Stray":                   {"hit": "1990 film", "redirect": "http://elsewhere.invalid/"},
		"Circle":                  {"hit": "1990 film", "redirect": "Circle"},
		"Unclear":                 {"hit": "film", "extract": "Unclear is a film of 2003."},
		"Gone":                    {"hit": "1990 film", "status": "404"},
		"List":                    {"hit": "1990 film", "type": "disambiguation", "extract": "List may refer to:"},
		"Blank":                   {"hit": "1990 film", "extract": " "},
	}}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, r)
	if len(s.faults) > 0 {
		fault := s.faults[0]
		s.faults = s.faults[1:]
		if fault != nil {
			fault(w)
			return
		}
	}
	if r.URL.Path == "/w/rest.php/v1/search/page" {
		words := strings.Fields(strings.ToLower(r.URL.Query().Get("q")))
		hits := []map[string]any{}
		for key, p := range s.pages {
			if p["hit"] != "" && len(words) > 0 && strings.Contains(strings.ToLower(key), words[0]) {
				hits = append(hits, map[string]any{"id": 1, "key": key, "title": strings.ReplaceAll(key, "_", " "), "description": p["hit"], "matched_title": nil})
			}
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"pages": hits})
		return
	}
	key, err := url.PathUnescape(strings.TrimPrefix(r.URL.EscapedPath(), "/api/rest_v1/page/summary/"))
	p, ok := s.pages[key]
	switch {
	case err != nil || !ok || p["status"] == "404":
		http.Error(w, `{"title":"Not found."}`, http.StatusNotFound)
	case p["redirect"] != "":
		w.Header().Set("Location", p["redirect"])
		w.WriteHeader(http.StatusFound)
		fmt.Fprint(w, "moved")
	default:
		kind := p["type"]
		if kind == "" {
			kind = "standard"
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"type": kind, "title": strings.ReplaceAll(key, "_", " "), "extract": p["extract"], "description": nil, "timestamp": p["timestamp"]})
	}
}

type film struct{ title, year string }

func films(t *testing.T, list ...film) *data.Dataset {
	t.Helper()
	b := data.NewBuilder(len(list))
	b.SetItemFields(data.Field{Name: "title", Kind: data.TokenSeq}, data.Field{Name: "year", Kind: data.Token})
	for n, x := range list {
		id := fmt.Sprint(n + 1)
		b.Add([]byte("1"), []byte(id), 1, 1)
		if err := b.AddItem(id, x.title, x.year); err != nil {
			t.Fatal(err)
		}
	}
	d, err := b.Build("films")
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func setup(t *testing.T, s *site, d *data.Dataset, change func(*Config)) (*memory.Store, gather.Source) {
	t.Helper()
	store, err := memory.Create(t.Context(), filepath.Join(t.TempDir(), "m.sqlite"), d.Name, d.Checksum())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	return store, over(t, s, d, store, change)
}

func over(t *testing.T, s *site, d *data.Dataset, store *memory.Store, change func(*Config)) gather.Source {
	t.Helper()
	c := Config{
		BaseURL: s.URL, Contact: "tests@example.org", Every: time.Nanosecond, HTTP: llmtest.Client(t),
		Retry: llm.Retry{Tries: 3, Backoff: func() backoff.BackOff { return backoff.NewConstantBackOff(time.Millisecond) }},
	}
	if change != nil {
		change(&c)
	}
	out, err := New(c, store, d)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestFind(t *testing.T) {
	site := serve(t)
	for name, c := range map[string]struct {
		film    film
		outcome memory.Outcome
		detail  string
		text    string
	}{
		"among others":   {film{"Heat", "1995"}, memory.Matched, "Heat (1995 film)", "Heat is a 1995 American crime film."},
		"other year":     {film{"Heat", "1986"}, memory.Matched, "Heat (1986 film)", "Heat is a 1986 film."},
		"wrong year":     {film{"Heat", "2010"}, memory.Missed, "", ""},
		"article":        {film{"Postino, Il", "1994"}, memory.Matched, "Il Postino: The Postman", "Il Postino is a 1994 comedy-drama film."},
		"two":            {film{"Sabrina", "1995"}, memory.Ambiguous, "Sabrina", ""},
		"redirect":       {film{"Moved", "1990"}, memory.Matched, "Moved (1990 film)", "Moved is a 1990 film."},
		"elsewhere":      {film{"Stray", "1990"}, "", "failed: refused", ""},
		"circle":         {film{"Circle", "1990"}, "", "failed: refused", ""},
		"not confirmed":  {film{"Unclear", "1990"}, memory.Ambiguous, "Unclear: it does not confirm", ""},
		"gone":           {film{"Gone", "1990"}, memory.Missed, "Gone: there is no such page", ""},
		"disambiguation": {film{"List", "1990"}, memory.Ambiguous, "List: a list of pages", ""},
		"blank":          {film{"Blank", "1990"}, memory.Missed, "Blank: a page without text", ""},
		"unknown":        {film{"Nobody Knows It", "1990"}, memory.Missed, "", ""},
		"no title":       {film{"", ""}, memory.Missed, "no title", ""},
		"no year":        {film{"Heat", ""}, memory.Ambiguous, "Heat (19", ""},
	} {
		t.Run(name, func(t *testing.T) {
			d := films(t, c.film)
			_, s := setup(t, site, d, nil)
			got, err := s.Find(t.Context(), 0)
			if err != nil || got.Outcome != c.outcome || !strings.HasPrefix(got.Detail, c.detail) || (len(got.Values) > 0) != (c.text != "") {
				t.Fatalf("%+v, %v", got, err)
			}
			if c.text != "" && (got.Values[0].Text != c.text || got.Values[0].Field != "summary" || !strings.HasPrefix(got.Values[0].Licence, "CC BY-SA")) {
				t.Errorf("%+v", got)
			}
			if name == "among others" && got.Values[0].Written != "2024-05-06" {
				t.Errorf("%+v", got)
			}
		})
	}
	for _, r := range site.calls {
		if agent := r.Header.Get("User-Agent"); !strings.Contains(agent, "llm4rec") || !strings.Contains(agent, "tests@example.org") {
			t.Fatalf("User-Agent %q", agent)
		}
	}
}

// status is a fault with a status and a header.
func status(code int, header ...string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		for n := 0; n+1 < len(header); n += 2 {
			w.Header().Set(header[n], header[n+1])
		}
		w.WriteHeader(code)
		fmt.Fprint(w, "<html>no</html>")
	}
}

func says(body string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) { fmt.Fprint(w, body) }
}

func TestMisbehaviour(t *testing.T) {
	for name, c := range map[string]struct {
		faults []func(http.ResponseWriter)
		detail string // "": it is found all the same
		waits  time.Duration
	}{
		"too many calls": {[]func(http.ResponseWriter){status(429, "Retry-After", "1")}, "", time.Second},
		"down for once":  {[]func(http.ResponseWriter){nil, status(503)}, "", 0},
		"down":           {[]func(http.ResponseWriter){status(503), status(503), status(503)}, "failed: server error", 0},
		"garbage once":   {[]func(http.ResponseWriter){says("<html>")}, "", 0},
		"garbage":        {[]func(http.ResponseWriter){says("<html>"), says(`{"pages": 3}`), says(`[]`)}, "failed: garbage", 0},
		"half an answer": {[]func(http.ResponseWriter){nil, says(`{"type": "standard", "extr`)}, "", 0},
		"without end":    {[]func(http.ResponseWriter){says(strings.Repeat("x", large+1))}, "", 0},
		"wait for a day": {[]func(http.ResponseWriter){status(429, "Retry-After", "86400")}, "failed: rate limited", 0},
		"refused":        {[]func(http.ResponseWriter){status(400)}, "failed: refused", 0},
		"search is gone": {[]func(http.ResponseWriter){status(404), status(404)}, "", 0},
		"reset":          {[]func(http.ResponseWriter){func(http.ResponseWriter) { panic(http.ErrAbortHandler) }}, "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			site := serve(t)
			site.faults = c.faults
			d := films(t, film{"Heat", "1995"})
			store, s := setup(t, site, d, nil)
			start := time.Now()
			got, err := s.Find(t.Context(), 0)
			want := memory.Matched
			switch {
			case name == "search is gone":
				want = memory.Missed
			case c.detail != "":
				want = ""
			}
			if err != nil || got.Outcome != want || want == "" && got.Detail != c.detail || time.Since(start) < c.waits {
				t.Fatalf("%+v, %v", got, err)
			}
			if want != "" {
				return
			}
			// What failed is not kept: the next filling finds it.
			if got, err := over(t, site, d, store, nil).Find(t.Context(), 0); err != nil || got.Outcome != memory.Matched {
				t.Errorf("%+v, %v", got, err)
			}
		})
	}
}

// Pages are asked for once, and a filling without a network uses those that are kept.
func TestKept(t *testing.T) {
	site := serve(t)
	d := films(t, film{"Heat", "1995"}, film{"Gone", "1990"}, film{"Moved", "1990"})
	store, s := setup(t, site, d, nil)
	offline := over(t, site, d, store, func(c *Config) { c.Offline, c.Contact = true, "" })
	if r, err := gather.Fill(t.Context(), store, d, offline); err != nil || r.Unasked["offline"] != 3 || len(site.calls) != 0 {
		t.Errorf("%+v, %v", r, err)
	}
	first, err := gather.Fill(t.Context(), store, d, s)
	if err != nil || first.Outcomes[memory.Matched] != 2 || first.Outcomes[memory.Missed] != 1 {
		t.Errorf("%+v, %v", first, err)
	}
	calls := len(site.calls)
	for _, again := range []gather.Source{s, offline} {
		if r, err := gather.Fill(t.Context(), store, d, again); err != nil || r.Outcomes[memory.Matched] != 2 || len(site.calls) != calls {
			t.Errorf("%+v, %v, %d calls after %d", r, err, len(site.calls), calls)
		}
	}
}

// A site that is gone, or does not let us in, ends the filling, which another call goes on with.
func TestGone(t *testing.T) {
	site := serve(t)
	d := films(t, film{"Heat", "1995"}, film{"Heat", "1986"}, film{"Moved", "1990"}, film{"Blank", "1990"})
	store, s := setup(t, site, d, nil)
	site.faults = []func(http.ResponseWriter){nil, nil}
	for range 9 {
		site.faults = append(site.faults, status(500))
	}
	r, err := gather.Fill(t.Context(), store, d, s)
	if failed := (*llm.Error)(nil); !errors.As(err, &failed) || failed.Kind != llm.Server || r.Outcomes[memory.Matched] != 1 || r.Unasked["failed: server error"] != 2 {
		t.Errorf("%+v, %v", r, err)
	}
	site.faults = []func(http.ResponseWriter){status(403)}
	if r, err := gather.Fill(t.Context(), store, d, s); err == nil {
		t.Errorf("%+v", r)
	}
	if r, err := gather.Fill(t.Context(), store, d, s); err != nil || r.Outcomes[memory.Matched] != 3 {
		t.Errorf("%+v, %v", r, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	d = films(t, film{"Sabrina", "1995"})
	_, s = setup(t, site, d, nil)
	if _, err := s.Find(ctx, 0); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

func TestPace(t *testing.T) {
	site := serve(t)
	_, s := setup(t, site, films(t, film{"Heat", "1995"}), func(c *Config) { c.Every = 100 * time.Millisecond })
	start := time.Now()
	if _, err := s.Find(t.Context(), 0); err != nil || len(site.calls) != 2 || time.Since(start) < 90*time.Millisecond {
		t.Errorf("%d calls in %v, %v", len(site.calls), time.Since(start), err)
	}
}

func TestConfig(t *testing.T) {
	d := films(t, film{"Heat", "1995"})
	for name, c := range map[string]Config{"no contact": {}, "two lines": {Contact: "a\r\nX: b"}, "address": {Contact: "a", BaseURL: "ftp://x"}} {
		if _, err := New(c, nil, d); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestChoose(t *testing.T) {
	for name, c := range map[string]struct {
		title string
		year  int
		word  string
		found []candidate
		want  string // of the first; "": none
		sure  bool
	}{
		"year in the title":        {"Heat", 1995, "film", []candidate{{Title: "Heat (1986 film)"}, {Title: "Heat (1995 film)"}}, "Heat (1995 film)", true},
		"year in the description":  {"Fargo", 1996, "film", []candidate{{Title: "Fargo", Description: "City in North Dakota"}, {Title: "Fargo (film)", Description: "1996 film by the Coens"}}, "Fargo (film)", true},
		"year off by one":          {"Usual Suspects, The", 1994, "film", []candidate{{Title: "The Usual Suspects", Description: "1995 film by Bryan Singer"}}, "The Usual Suspects", true},
		"year off by two":          {"Usual Suspects, The", 1993, "film", []candidate{{Title: "The Usual Suspects", Description: "1995 film by Bryan Singer"}}, "", false},
		"musical film":             {"Evita", 1996, "film", []candidate{{Title: "Evita (musical)", Description: "1976 musical"}, {Title: "Evita (1996 film)", Description: "1996 American musical drama film"}}, "Evita (1996 film)", true},
		"soundtrack":               {"Heat", 1995, "film", []candidate{{Title: "Heat (soundtrack)", Description: "1995 soundtrack album to the film Heat"}}, "", false},
		"series":                   {"Toy Story", 1995, "film", []candidate{{Title: "Toy Story (franchise)", Description: "American media franchise"}, {Title: "Toy Story", Description: "1995 American animated film"}}, "Toy Story", true},
		"another part":             {"Toy Story", 0, "film", []candidate{{Title: "Toy Story 2", Description: "1999 film"}}, "", false},
		"accents, second name":     {"City of Lost Children, The (Cité des enfants perdus, La)", 1995, "film", []candidate{{Title: "La Cite des Enfants Perdus", Description: "1995 film"}}, "La Cite des Enfants Perdus", true},
		"name of a redirect":       {"Seven (Se7en)", 1995, "film", []candidate{{Title: "The Seven Sins", MatchedTitle: "Se7en", Description: "1995 film"}}, "The Seven Sins", true},
		"subtitle":                 {"Dr. Strangelove", 1963, "film", []candidate{{Title: "Dr. Strangelove: Or How I Learned", Description: "1964 film"}}, "Dr. Strangelove: Or How I Learned", true},
		"first hit is another":     {"Babe", 1995, "film", []candidate{{Title: "Babe Ruth", Description: "American baseball player"}, {Title: "Babe (film)", Description: "1995 film"}}, "Babe (film)", true},
		"two of one year":          {"Sabrina", 1995, "film", []candidate{{Title: "Sabrina (1995 film)"}, {Title: "Sabrina (TV film)", Description: "1995 television film"}}, "Sabrina (1995 film)", false},
		"same page twice":          {"Heat", 1995, "film", []candidate{{Key: "H", Title: "Heat (1995 film)"}, {Key: "H", Title: "Heat (1995 film)"}}, "Heat (1995 film)", true},
		"book":                     {"Emma", 1815, "book", []candidate{{Title: "Emma (novel)", Description: "1815 novel by Jane Austen"}}, "Emma (novel)", true},
		"a list of pages":          {"Heat", 0, "film", []candidate{{Title: "Heat (disambiguation)"}}, "", false},
		"no name in Latin letters": {"千と千尋の神隠し", 2001, "film", []candidate{{Title: "千と千尋の神隠し", Description: "2001 film"}}, "千と千尋の神隠し", true},
	} {
		for n := range c.found {
			if c.found[n].Key == "" {
				c.found[n].Key = fmt.Sprint(n)
			}
		}
		got, sure := look(c.title, c.year, c.word).choose(c.found)
		first := ""
		if len(got) > 0 {
			first = got[0].Title
		}
		if first != c.want || sure != c.sure {
			t.Errorf("%s: %q, %v, want %q, %v", name, first, sure, c.want, c.sure)
		}
	}
}

func TestSpoken(t *testing.T) {
	for in, want := range map[string]string{
		"Postino, Il (The Postman) (1994)": "Il Postino|The Postman",
		"Usual Suspects, The (1995)":       "The Usual Suspects",
		"Star Wars (a.k.a. Episode IV)":    "Star Wars|Episode IV",
		"Yes, Madam":                       "Yes, Madam",
		" () ":                             "",
	} {
		if got := strings.Join(spoken(in), "|"); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}
