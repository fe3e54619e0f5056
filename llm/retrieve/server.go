package retrieve

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"unicode/utf8"

	"llm4rec/llm/embed"
	"llm4rec/llm/provider"
)

// served embeds by a server, and counts the texts that its model cut, and those that it did not have to embed.
type served struct {
	config                             Config
	batcher                            *embed.Batcher
	dim                                int
	texts, truncated, cached, repeated atomic.Int64
	runes, lost                        atomic.Int64 // of the texts, and of what was cut from them
}

// service is the model that embeds on a server.
func (c Config) service() provider.Embedding {
	return provider.Embedding{Provider: c.Embedder, Place: c.Place, Dimensions: c.Dimensions}
}

func (c Config) server(ctx context.Context) (*served, error) {
	if _, err := c.service().Identity(ctx); err != nil {
		return nil, err
	}
	a, err := c.service().New()
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
		return vectors{}, s.config.service().Unavailable(err)
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
