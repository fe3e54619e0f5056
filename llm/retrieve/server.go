package retrieve

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"llm4rec/llm"
	"llm4rec/llm/embed"
	"llm4rec/llm/ollama"
	"llm4rec/llm/openai"
	"llm4rec/models"
)

// served embeds by a server, and counts the texts that its model cut, and those that it did not have to embed.
type served struct {
	config                             Config
	batcher                            *embed.Batcher
	dim                                int
	texts, truncated, cached, repeated atomic.Int64
	runes, lost                        atomic.Int64 // of the texts, and of what was cut from them
}

// adapter speaks to the server. It is not called yet.
func (c Config) adapter() (interface {
	llm.Embedder
	llm.Identifier
}, error) {
	if c.Embedder == "ollama" {
		return ollama.New(ollama.Config{BaseURL: c.BaseURL, Model: c.Model, Dimensions: c.Dimensions})
	}
	return openai.New(openai.Config{BaseURL: c.BaseURL, Model: c.Model, Dimensions: c.Dimensions, KeyVariable: c.KeyVariable})
}

// patience is how long a server may take to say what it has.
const patience = 10 * time.Second

// identity asks once what answers: a server that is not there should not be waited for, and OpenAI itself not be called without
// a key.
func (c Config) identity(ctx context.Context) (llm.Identity, error) {
	if key := cmp.Or(c.KeyVariable, openai.DefaultKeyVariable); c.Embedder == "openai" && c.BaseURL == "" && os.Getenv(key) == "" {
		return llm.Identity{}, &models.Unavailable{Err: errors.New("no key for OpenAI"), Remedy: "set " + key}
	}
	a, err := c.adapter()
	if err != nil {
		return llm.Identity{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	id, err := a.Identity(ctx)
	if err == nil && c.Embedder == "openai" {
		err = reach(ctx, id.BaseURL) // its identity is known without a call
	}
	return id, c.unavailable(err)
}

// reach says whether anybody listens at an address. Behind a proxy that cannot be told.
func reach(ctx context.Context, address string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	if proxy, err := http.ProxyFromEnvironment(request); proxy != nil || err != nil {
		return err
	}
	host := request.URL.Host
	if request.URL.Port() == "" {
		host = net.JoinHostPort(host, request.URL.Scheme) // by its name, as https
	}
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", host)
	if err != nil {
		return &llm.Error{Kind: llm.Unavailable, Provider: "openai", Message: err.Error(), Err: err}
	}
	return conn.Close()
}

func (c Config) server(ctx context.Context) (*served, error) {
	if _, err := c.identity(ctx); err != nil {
		return nil, err
	}
	a, err := c.adapter()
	if err != nil {
		return nil, err
	}
	return &served{config: c, batcher: &embed.Batcher{Embedder: a, Cache: &embed.Cache{}, Log: slog.New(slog.DiscardHandler)}}, nil
}

func (s *served) embed(ctx context.Context, texts []string) (vectors, error) {
	var spoken []string // what has a word
	var of []int
	for n, text := range texts {
		if strings.TrimSpace(text) != "" {
			spoken, of = append(spoken, text), append(of, n)
		}
	}
	rows, report, err := s.batcher.Run(ctx, spoken)
	if err != nil {
		return vectors{}, s.config.unavailable(err)
	}
	s.texts.Add(int64(report.Texts))
	s.truncated.Add(int64(report.Truncated))
	runes := utf8.RuneCountInString(strings.Join(spoken, ""))
	s.runes.Add(int64(runes))
	s.lost.Add(int64(report.Lost * float64(runes)))
	s.cached.Add(int64(report.Cached))
	for _, n := range report.Retries {
		s.repeated.Add(int64(n))
	}
	if s.dim == 0 {
		s.dim = report.Dimension
	}
	if s.dim == 0 {
		return vectors{}, errors.New("no text has a word: there is nothing to embed")
	}
	x := vectors{make([]float32, len(texts)*s.dim), s.dim} // a text without a word has the vector zero
	for k, row := range rows {
		if len(row) != s.dim {
			return vectors{}, fmt.Errorf("a vector of %d numbers beside those of %d", len(row), s.dim)
		}
		copy(x.row(of[k]), row)
	}
	return x, nil
}

// Warnings says what the model did not read, and what the times do not hold.
func (s *served) Warnings() []string {
	var out []string
	if n := s.truncated.Load(); n > 0 {
		out = append(out, fmt.Sprintf("text: %d of %d texts are longer than the window of %s, and were cut: about %.1f %% of all tokens are lost",
			n, s.texts.Load(), s.config.Model, 100*float64(s.lost.Load())/float64(s.runes.Load())))
	}
	if n := s.repeated.Load(); n > 0 {
		out = append(out, fmt.Sprintf("text: %d calls of %s failed, and were made once more", n, s.config.Model))
	}
	if s.config.Users == "text" {
		out = append(out, "text: the latencies of one query are those of histories that were embedded just before")
	}
	if n := s.cached.Load(); n > 0 {
		out = append(out, fmt.Sprintf("text: %d of %d texts were embedded before: the times are without them", n, s.texts.Load()))
	}
	return out
}

// unavailable says what to do where a server or its model is not at hand, and leaves other errors as they are.
func (c Config) unavailable(err error) error {
	failed := (*llm.Error)(nil)
	if !errors.As(err, &failed) {
		return err
	}
	switch {
	case c.Embedder == "ollama" && failed.Kind == llm.Unavailable:
		return &models.Unavailable{Err: err, Remedy: "start Ollama and run 'ollama pull " + c.Model + "'"}
	case c.Embedder == "ollama" && failed.Kind == llm.NotFound:
		return &models.Unavailable{Err: err, Remedy: "run 'ollama pull " + c.Model + "'"}
	case failed.Kind == llm.Unavailable:
		return &models.Unavailable{Err: err, Remedy: "base_url must name a server that can be reached"}
	case failed.Kind == llm.Denied:
		return &models.Unavailable{Err: err, Remedy: "set " + cmp.Or(c.KeyVariable, openai.DefaultKeyVariable) + " to a key that the service takes"}
	}
	return err
}
