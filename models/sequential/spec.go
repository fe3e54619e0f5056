package sequential

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"

	"llm4rec/data"
	"llm4rec/gpu"
	"llm4rec/gpu/graph"
	"llm4rec/models"
	"llm4rec/models/checkpoint"
)

// Names of a network's inputs: the items and positions of packed sequences, and the row where each begins.
const (
	Items     = "items"
	Positions = "positions"
	Starts    = "starts"
)

// Network is a model's network.
type Network interface {
	// Weights lists the weights, for so many rows of items.
	Weights(items int) []Weight
	// Describe says how the items up to a position become a vector, whose inner products with the rows of the weight that
	// Output names are the scores.
	Describe(b *graph.Builder, items int) graph.Node
	Output() string
}

// Weight is a matrix and what it begins with: normal numbers of that standard deviation around the mean, or the mean.
type Weight struct {
	Name       string
	Rows, Cols int
	Mean, SD   float64
}

// Spec is all that determines a training.
type Spec struct {
	Name string // of the model, in errors
	Training
	Network   Network
	Masked    float64 // the share of items that the masked objective hides; 0: the next item is predicted
	FromStart bool    // positions count from the oldest item of a window, not from the newest
	ByUser    bool    // the network's items are users: each predicts the items of his history, one at a time

	Key string // names the model with its configuration: see [Key]
	Run
}

// Run is what a run gives to a training. Configurations of models hold one.
type Run struct {
	Seed       uint64          `yaml:"-" json:"-"`
	Device     gpu.Device      `yaml:"-" json:"-"` // nil is the CPU
	Progress   models.Progress `yaml:"-" json:"-"` // called after every epoch, if not nil
	Checkpoint checkpoint.File `yaml:"-" json:"-"`

	// Begin gives the vectors that the table of items begins with, where it is not nil, one after the other. They are scaled to
	// the standard deviation that the table would have. What they are must be told by the Key.
	Begin Beginning `yaml:"-" json:"-"`
}

// Beginning gives a vector of that length for every item, as from their texts.
type Beginning func(ctx context.Context, train *data.Train, length int) ([]float32, error)

// TableOfItems is the name of the weight whose rows a Beginning gives.
const TableOfItems = "item"

// Key names a model with its configuration, of which everything that is JSON counts.
func Key(name string, revision int, config any) string {
	text, err := json.Marshal(config)
	if err != nil {
		panic(err) // a struct of numbers and strings
	}
	return fmt.Sprintf("%s %d %s", name, revision, text)
}

func (s *Spec) device() gpu.Device {
	if s.Device == nil {
		return gpu.CPU()
	}
	return s.Device
}

// rows is how many rows the table of items has: the masked objective has one more, for the mask.
func (s *Spec) rows(items int) int {
	if s.Masked > 0 {
		return items + 1
	}
	return items
}

// weights makes the network's weights as they begin.
func (s *Spec) weights(ctx context.Context, d gpu.Device, train *data.Train) (*graph.Weights, error) {
	w, items := graph.NewWeights(d), train.NumItems
	for n, x := range s.Network.Weights(s.rows(items)) {
		err := w.Add(x.Name, x.Rows, x.Cols, func(m gpu.Matrix) error {
			if x.SD == 0 {
				return d.Fill(m, float32(x.Mean))
			}
			err := d.Normal(m, float32(x.SD), gpu.Key{Seed: s.Seed, Stream: streamWeights | uint64(n)})
			if err == nil && x.Name == TableOfItems && s.Begin != nil {
				err = s.begun(ctx, d, m, x.SD, train)
			}
			return err
		})
		if err != nil {
			w.Free()
			return nil, err
		}
	}
	return w, nil
}

// begun puts what the table of items begins with in its first rows: a masked item's, behind them, stays.
func (s *Spec) begun(ctx context.Context, d gpu.Device, table gpu.Matrix, sd float64, train *data.Train) error {
	rows := make([]float32, table.Rows*table.Cols)
	if err := d.Download(rows, table); err != nil {
		return err
	}
	given, err := s.Begin(ctx, train, table.Cols)
	if err != nil {
		return fmt.Errorf("the vectors that items begin with: %w", err)
	}
	if len(given) != train.NumItems*table.Cols {
		panic("sequential: a vector is needed for every item")
	}
	squares := 0.0
	for _, x := range given {
		squares += float64(x) * float64(x)
	}
	if squares == 0 || math.IsInf(squares, 0) || math.IsNaN(squares) {
		return errors.New("the vectors that items begin with are all zero, or not finite")
	}
	scale := sd / math.Sqrt(squares/float64(len(given)))
	for n, x := range given {
		rows[n] = float32(scale * float64(x))
	}
	return d.Upload(table, rows)
}

// loss describes the loss of training.
func (s *Spec) loss(b *graph.Builder, items int) graph.Node {
	h := s.Network.Describe(b, s.rows(items))
	var output graph.Node
	for _, w := range s.Network.Weights(s.rows(items)) {
		if w.Name == s.Network.Output() {
			output = b.Weight(w.Name, w.Rows, w.Cols)
		}
	}
	if s.Loss == Softmax {
		return b.Softmax(h, output, b.Ints("targets"), items)
	}
	p := gpu.Sampling{Classes: 1 + s.Negatives, Logistic: s.Loss != Sampled, Beta: float32(s.beta(items))}
	if s.Loss == Sampled && s.LogQ {
		return b.Sampled(h, output, b.Ints("ids"), b.Constants("log q", s.rows(items), 1), p)
	}
	return b.Sampled(h, output, b.Ints("ids"), nil, p)
}
