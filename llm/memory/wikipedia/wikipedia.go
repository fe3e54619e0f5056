// Package wikipedia is a source of memories: the first sentences of the pages that Wikipedia has about items, found by title
// and year.
//
// A page is an item's if its name is alike, its year does not contradict, and no other page fits about as well; the page itself
// has to confirm kind and year. What is not clear is ambiguous, and counted, rather than the first hit. Every page is asked for
// once, politely, and kept in the store.
//
// A page's first sentences may say how a film was received. They have the day of the page's last edit, so that a cutoff before
// it leaves them out.
package wikipedia

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/time/rate"

	"llm4rec/data"
	"llm4rec/llm"
	"llm4rec/llm/memory"
	"llm4rec/llm/memory/gather"
)

// Name of the source.
const Name = "wikipedia"

// English is the usual address.
const English = "https://en.wikipedia.org"

const licence = "CC BY-SA 4.0: Wikipedia, the page that the outcome names"

// Config says where, and how to ask.
type Config struct {
	BaseURL string        // "": English
	Contact string        // an address or a web page that the operators of Wikipedia want to know: it goes into the User-Agent
	Word    string        // what items are; "": film
	Every   time.Duration // the least time between two calls; 0: 200 ms
	Offline bool          // ask for no page that is not kept
	Retry   llm.Retry
	HTTP    *http.Client // nil: a new one
}

// Validate says what is wrong, without a call.
func (c Config) Validate() error {
	if !c.Offline && (strings.TrimSpace(c.Contact) == "" || strings.ContainsAny(c.Contact, "\r\n()")) {
		return errors.New("wikipedia: its operators ask for an address or a web page of whoever calls: want a contact, in one line")
	}
	if _, err := llm.ParseBaseURL(cmp.Or(c.BaseURL, English)); err != nil {
		return fmt.Errorf("wikipedia: %w", err)
	}
	return nil
}

type source struct {
	config Config
	base   *url.URL
	store  *memory.Store
	titles []string
	years  []string
	client *http.Client
	limit  *rate.Limiter
	inARow int // items whose calls failed, since one's succeeded
}

// New makes the source for a data set whose items have titles, and years where they are known.
func New(c Config, store *memory.Store, d *data.Dataset) (gather.Source, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	base, err := llm.ParseBaseURL(cmp.Or(c.BaseURL, English))
	if err != nil {
		return nil, err
	}
	titles := d.ItemText.Values("title")
	if titles == nil {
		return nil, errors.New("wikipedia: the items have no titles")
	}
	s := &source{config: c, base: base, store: store, titles: titles, years: d.ItemText.Values("year")}
	s.limit = rate.NewLimiter(rate.Every(cmp.Or(c.Every, 200*time.Millisecond)), 1)
	s.client = llm.HTTPClient(c.HTTP)
	s.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse } // follow does
	return s, nil
}

func (s *source) Name() string { return Name }

// Find searches for the item's page and reads its beginning.
func (s *source) Find(ctx context.Context, item int32) (gather.Finding, error) {
	found, err := s.find(ctx, item)
	var failed *llm.Error
	switch {
	case err == nil:
		s.inARow = 0
		return found, nil
	case errors.Is(err, errOffline):
		return gather.Finding{Detail: "offline"}, nil
	case ctx.Err() != nil || !errors.As(err, &failed):
		return found, err
	}
	if s.inARow++; s.inARow >= llm.MostInARow || failed.Kind == llm.Denied {
		return found, err
	}
	return gather.Finding{Detail: "failed: " + string(failed.Kind)}, nil
}

func (s *source) find(ctx context.Context, item int32) (gather.Finding, error) {
	names := spoken(s.titles[item])
	if len(names) == 0 {
		return gather.Finding{Outcome: memory.Missed, Detail: "no title"}, nil
	}
	year, word := "", cmp.Or(s.config.Word, "film")
	if s.years != nil {
		year = s.years[item]
	}
	number, err := strconv.Atoi(year)
	if err != nil {
		year, number = "", 0
	}
	w := look(s.titles[item], number, word)
	var possible []candidate
	sure := false
	for _, query := range []string{strings.Join(strings.Fields(names[0]+" "+year+" "+word), " "), names[0]} {
		var answer struct{ Pages []candidate }
		if _, err := s.get(ctx, "/w/rest.php/v1/search/page?"+url.Values{"q": {query}, "limit": {"20"}}.Encode(), &answer); err != nil {
			return gather.Finding{}, err
		}
		if possible, sure = w.choose(answer.Pages); len(possible) > 0 {
			break
		}
	}
	switch {
	case len(possible) == 0:
		return gather.Finding{Outcome: memory.Missed}, nil
	case !sure:
		return gather.Finding{Outcome: memory.Ambiguous, Detail: titles(possible)}, nil
	}
	return s.read(ctx, w, possible[0])
}

// titles of what is ambiguous, without those that are far behind.
func titles(possible []candidate) string {
	var out []string
	for _, c := range possible {
		if possible[0].score-c.score < margin {
			out = append(out, c.Title)
		}
	}
	return strings.Join(out, "; ")
}

// read reads the beginning of a page.
func (s *source) read(ctx context.Context, w wanted, c candidate) (gather.Finding, error) {
	var page struct {
		Type        string
		Title       string
		Description string
		Extract     string
		Timestamp   string
	}
	status, err := s.get(ctx, "/api/rest_v1/page/summary/"+url.PathEscape(c.Key), &page)
	switch {
	case err != nil:
		return gather.Finding{}, err
	case status == http.StatusNotFound:
		return gather.Finding{Outcome: memory.Missed, Detail: c.Title + ": there is no such page"}, nil
	case page.Type == "disambiguation":
		return gather.Finding{Outcome: memory.Ambiguous, Detail: c.Title + ": a list of pages of that name"}, nil
	case page.Type != "standard" || strings.TrimSpace(page.Extract) == "":
		return gather.Finding{Outcome: memory.Missed, Detail: c.Title + ": a page without text"}, nil
	case !w.confirms(page.Title, page.Description, page.Extract):
		return gather.Finding{Outcome: memory.Ambiguous, Detail: page.Title + ": it does not confirm kind and year"}, nil
	}
	day := ""
	if at, err := time.Parse(time.RFC3339, page.Timestamp); err == nil {
		day = at.UTC().Format(time.DateOnly)
	}
	return gather.Finding{Outcome: memory.Matched, Detail: page.Title, Values: []memory.Value{
		{Field: "summary", Text: page.Extract, Licence: licence, Written: day},
	}}, nil
}

var errOffline = errors.New("wikipedia: offline")

// get reads JSON at an address below the base, from the store where it is kept. What is not found has no content, and that is
// kept too.
func (s *source) get(ctx context.Context, path string, into any) (status int, err error) {
	address := strings.TrimSuffix(s.base.String(), "/") + path
	page, kept, err := s.store.Page(ctx, address)
	if err != nil {
		return 0, err
	}
	if !kept {
		if s.config.Offline {
			return 0, errOffline
		}
		if page, err = llm.Do(ctx, s.config.Retry, func(ctx context.Context) (memory.Page, error) { return s.call(ctx, address) }); err != nil {
			return 0, err
		}
		page.Address = address
		if err := s.store.Keep(ctx, page); err != nil {
			return 0, err
		}
	}
	if page.Status == http.StatusNotFound {
		return page.Status, nil
	}
	if err := json.Unmarshal(page.Body, into); err != nil {
		return 0, fmt.Errorf("wikipedia: %s: %w", address, err)
	}
	return page.Status, nil
}

const (
	hops  = 4       // redirects that are followed
	large = 1 << 20 // bytes of an answer
)

// call asks once, and follows redirects within the site: elsewhere nobody was told who calls, or how often.
func (s *source) call(ctx context.Context, address string) (memory.Page, error) {
	for range hops {
		if err := s.limit.Wait(ctx); err != nil {
			return memory.Page{}, err
		}
		ctx, x := llm.Watch(ctx)
		x.Limit = large
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
		if err != nil {
			return memory.Page{}, &llm.Error{Kind: llm.Garbage, Provider: Name, Message: "an address that is none"}
		}
		r.Header.Set("User-Agent", fmt.Sprintf("llm4rec/1 (%s)", s.config.Contact))
		r.Header.Set("Accept", "application/json")
		response, err := s.client.Do(r)
		if err == nil {
			err = response.Body.Close() // Watch has read it
		}
		switch {
		case err != nil:
			return memory.Page{}, x.Error(Name, err)
		case slices.Contains([]int{301, 302, 303, 307, 308}, x.Status):
			to, err := r.URL.Parse(x.Header.Get("Location"))
			if err != nil || to.Host != s.base.Host || to.Scheme != s.base.Scheme {
				return memory.Page{}, &llm.Error{Kind: llm.Refused, Provider: Name, Message: "a redirect to another site"}
			}
			address = to.String()
			continue
		case x.Status == http.StatusNotFound:
			return memory.Page{Status: x.Status, Body: []byte{}, Fetched: time.Now()}, nil
		case x.Failed():
			return memory.Page{}, x.Error(Name, nil)
		case !object(x.Body):
			return memory.Page{}, &llm.Error{Kind: llm.Garbage, Provider: Name, Status: x.Status, Message: "an answer that is no JSON object"}
		}
		return memory.Page{Status: x.Status, Body: x.Body, Fetched: time.Now()}, nil
	}
	return memory.Page{}, &llm.Error{Kind: llm.Refused, Provider: Name, Message: "redirects without end"}
}

// object says whether a body is a whole JSON object, whose members have the types that are read.
func object(body []byte) bool {
	var o struct {
		Pages                                        []candidate
		Type, Title, Description, Extract, Timestamp string
	}
	return json.Unmarshal(body, &o) == nil
}

var _ gather.Source = (*source)(nil)
