package suite

import (
	"context"
	"errors"
	"log/slog"
	"slices"

	"llm4rec/bench"
	"llm4rec/data"
	"llm4rec/llm/text"
)

// New is everything that experiments can name, with data sets looked for, and language models asked, as the options say.
func New(opt DatasetOptions, calls *Calls, log *slog.Logger) *bench.Suite {
	files := opt
	if opt.Results != "" {
		files.Dirs = append(slices.Clone(opt.Dirs), opt.Results)
	}
	return &bench.Suite{
		Models:  Models(calls, files.Dirs...),
		Augment: augmenter(calls, opt),
		Named:   CheckName,
		Open: func(ctx context.Context, name string) (*data.Dataset, error) {
			d, origin, err := OpenDataset(ctx, name, opt)
			if errors.Is(err, ErrUnavailable) {
				return nil, &bench.Missing{Err: err}
			}
			if err == nil {
				log.Info("data set", "name", name, "from", origin)
			}
			return d, err
		},
		Find: func(path string) (string, error) { return text.Source{Path: path}.Find(opt.Dirs) },
	}
}
