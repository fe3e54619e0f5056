// Package gru4rec is the recurrent sequential recommender of Hidasi, Karatzoglou, Baltrunas & Tikk, Session-based
// Recommendations with Recurrent Neural Networks, ICLR 2016: layers of gated recurrent units over the items of a history,
// whose last state scores items by inner product with their embeddings.
//
// With E the table of items, x = E[item], then x = recur(x·W + b) in every layer: see [llm4rec/gpu.Neural] for the unit.
// Dropout is applied to the embeddings and to the last layer's states.
//
// It is trained as the other networks of [llm4rec/models/sequential], not as in the paper: on all positions of packed
// windows instead of one step of parallel sessions, with the losses that are there instead of TOP1, whose negatives are the
// other items of a batch, and with Adam instead of Adagrad. States have the length of embeddings, so that one table may
// serve input and output.
package gru4rec

import (
	"context"
	"fmt"
	"math"

	"llm4rec/data"
	"llm4rec/gpu/graph"
	"llm4rec/models"
	"llm4rec/models/sequential"
)

// Revision changes whenever the same data and configuration would give another model.
const Revision = 1

// Config holds the hyperparameters. Start from [Default].
type Config struct {
	Layers  int     `json:"layers" yaml:"layers" jsonschema:"layers of recurrent units"`
	Hidden  int     `json:"hidden" yaml:"hidden" jsonschema:"length of a vector"`
	Dropout float64 `json:"dropout" yaml:"dropout" jsonschema:"share of elements that dropout zeroes"`
	Tied    bool    `json:"tied" yaml:"tied" jsonschema:"one table of items for input and output"`
	InitSD  float64 `json:"init_sd" yaml:"init_sd" jsonschema:"standard deviation of initial weights; 0: 1/√(rows) of a layer and 1/√hidden of a table"`

	sequential.Training `yaml:",inline"`

	sequential.Run `yaml:",inline"`
}

// Default is a layer of the size that is usual in comparisons.
func Default() Config {
	return Config{Layers: 1, Hidden: 64, Dropout: .2, Tied: true, Training: sequential.DefaultTraining()}
}

// Validate says what is wrong with a configuration.
func (c Config) Validate() error {
	err := c.Training.Validate()
	switch {
	case err != nil:
	case c.Layers < 1 || c.Hidden < 1:
		err = fmt.Errorf("layers and hidden: want at least 1, got %d and %d", c.Layers, c.Hidden)
	case !(c.Dropout >= 0 && c.Dropout < .999):
		err = fmt.Errorf("dropout: want a share of at least 0 and below 1, got %g", c.Dropout)
	case !(c.InitSD >= 0) || math.IsInf(c.InitSD, 0):
		err = fmt.Errorf("init_sd: want a number that is not negative, got %g", c.InitSD)
	}
	if err != nil {
		return fmt.Errorf("gru4rec: %w", err)
	}
	return nil
}

// Fit trains.
func (c Config) Fit(ctx context.Context, train *data.Train) (models.Recommender, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	return c.Spec().Recommender(ctx, train)
}

// Spec is the training that the configuration describes.
func (c Config) Spec() *sequential.Spec {
	return &sequential.Spec{
		Name:     "gru4rec",
		Training: c.Training, Network: network{c}, Key: sequential.Key("gru4rec", Revision, c), Run: c.Run,
	}
}

// Flops is a rough count of the operations of Fit, with all epochs: a third of those of forward and backward passes are
// forward.
func (c Config) Flops(_, items, interactions int) float64 {
	d, n := float64(c.Hidden), float64(interactions)
	layer := 2 * 2 * 3 * d * d
	return 3 * float64(c.Epochs) * n * (float64(c.Layers)*layer + 2*d*float64(items))
}

// network is the encoder.
type network struct{ Config }

func (n network) Output() string {
	if n.Tied {
		return "item"
	}
	return "output"
}

func (n network) Weights(items int) []sequential.Weight {
	d, sd := n.Hidden, n.InitSD
	if sd == 0 {
		sd = 1 / math.Sqrt(float64(d)) // every weight is multiplied by d numbers, or is one of d
	}
	out := []sequential.Weight{{Name: "item", Rows: items, Cols: d, SD: sd}}
	if !n.Tied {
		out = append(out, sequential.Weight{Name: "output", Rows: items, Cols: d, SD: sd})
	}
	for l := range n.Layers {
		for _, part := range []string{"input", "state"} {
			name := fmt.Sprintf("layer%d.%s", l, part)
			out = append(out, sequential.Weight{Name: name + ".weight", Rows: d, Cols: 3 * d, SD: sd}, sequential.Weight{Name: name + ".bias", Rows: 1, Cols: 3 * d})
		}
	}
	return out
}

func (n network) Describe(b *graph.Builder, items int) graph.Node {
	d, rate := n.Hidden, float32(n.Dropout)
	x := b.Dropout(b.Gather(b.Weight("item", items, d), b.Ints(sequential.Items)), rate)
	for l := range n.Layers {
		part := func(name string) (w, bias graph.Node) {
			name = fmt.Sprintf("layer%d.%s", l, name)
			return b.Weight(name+".weight", d, 3*d), b.Weight(name+".bias", 1, 3*d)
		}
		w, bias := part("input")
		u, inner := part("state")
		x = b.Recur(b.Linear(x, w, bias), u, inner, b.Ints(sequential.Starts))
	}
	return b.Dropout(x, rate)
}

var _ models.Fitter = Config{}
