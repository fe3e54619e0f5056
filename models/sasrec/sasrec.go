// Package sasrec is the self-attentive sequential recommender of Kang & McAuley (ICDM 2018): blocks of causal attention and
// a position-wise network over the items of a history, whose last vector scores items by inner product with their
// embeddings. With another objective it is BERT4Rec (Sun et al., CIKM 2019).
//
// With E the table of items and P that of positions, x = s·E[item] + P[position], then blocks, of one of three kinds:
//
//	pre   x += attend(norm(x)); x += network(norm(x)); at the end x = norm(x)
//	post  x = norm(x) before; x = norm(x + attend(x)); x = norm(x + network(x)), as in RecBole and BERT
//	kang  q = norm(x); x = q + attend(queries q, keys and values x); y = norm(x); x = y + network(y); at the end
//	      x = norm(x): what the authors' code does, which differs from their paper
//
// attend(x) = concat(heads)·W + b, and network(x) = f(x·W₁ + b₁)·W₂ + b₂. Dropout is applied to the input, the attention's
// weights, and what attend and network return; in "kang" also between the network's layers.
package sasrec

import (
	"context"
	"errors"
	"fmt"
	"math"

	"llm4rec/data"
	"llm4rec/models"
	"llm4rec/models/sequential"
)

// Revision changes whenever the same data and configuration would give another model.
const Revision = 1

// Config holds the hyperparameters. Start from [Default].
type Config struct {
	Blocks     int     `json:"blocks" yaml:"blocks" jsonschema:"blocks of attention and network"`
	Heads      int     `json:"heads" yaml:"heads" jsonschema:"heads of an attention"`
	Hidden     int     `json:"hidden" yaml:"hidden" jsonschema:"length of a vector"`
	Inner      int     `json:"inner" yaml:"inner" jsonschema:"width of the network between its layers; 0: hidden"`
	Dropout    float64 `json:"dropout" yaml:"dropout" jsonschema:"share of elements that dropout zeroes"`
	Activation string  `json:"activation" yaml:"activation" jsonschema:"of the network: relu or gelu"`
	Norm       string  `json:"norm" yaml:"norm" jsonschema:"pre, post or kang: see the package"`
	Epsilon    float64 `json:"epsilon" yaml:"epsilon" jsonschema:"added to the variance by the norms"`
	Positions  string  `json:"positions" yaml:"positions" jsonschema:"how learned positions are counted: end (the newest item is 0), start, or none"`
	Scale      bool    `json:"scale" yaml:"scale" jsonschema:"multiply item embeddings by the root of hidden at the input"`
	Tied       bool    `json:"tied" yaml:"tied" jsonschema:"one table of items for input and output"`
	InitSD     float64 `json:"init_sd" yaml:"init_sd" jsonschema:"standard deviation of initial weights; 0: 1/√(rows) of a layer and 1/√hidden of a table"`
	Masked     float64 `json:"masked" yaml:"masked" jsonschema:"0: predict the next item; otherwise hide this share of items and predict them, with attention in both directions (BERT4Rec)"`

	Text map[string]any `json:"text,omitempty" yaml:"text,omitempty" jsonschema:"parameters of the model text, whose vectors of items, reduced to hidden by principal components, the table of items begins with; empty: normal numbers"`

	sequential.Training `yaml:",inline"`

	sequential.Run `yaml:",inline"`

	// Texts makes what Text stands for, or says what is wrong with it, and names its inputs. It is the caller's, because what
	// reads texts is no business of a network's.
	Texts func(params map[string]any) (sequential.Beginning, func() (string, error), error) `json:"-" yaml:"-"`
}

// Default is the authors' own arrangement, at the size that is usual in comparisons.
func Default() Config {
	return Config{
		Blocks: 2, Heads: 1, Hidden: 64, Dropout: .2, Activation: "relu", Norm: "kang", Epsilon: 1e-8, Positions: "end", Scale: true,
		Tied: true, InitSD: .02, Training: sequential.DefaultTraining(),
	}
}

// Validate says what is wrong with a configuration.
func (c Config) Validate() error {
	err := c.Training.Validate()
	switch {
	case err != nil:
	case c.Blocks < 1:
		err = fmt.Errorf("blocks: want at least 1, got %d", c.Blocks)
	case c.Heads < 1:
		err = fmt.Errorf("heads: want at least 1, got %d", c.Heads)
	case c.Hidden < 1:
		err = fmt.Errorf("hidden: want at least 1, got %d", c.Hidden)
	case c.Inner < 0:
		err = fmt.Errorf("inner: want at least 0, got %d", c.Inner)
	case c.Hidden%c.Heads != 0:
		err = fmt.Errorf("heads: want a divisor of hidden, %d, got %d", c.Hidden, c.Heads)
	case !(c.Dropout >= 0 && c.Dropout < .999):
		err = fmt.Errorf("dropout: want a share of at least 0 and below 1, got %g", c.Dropout)
	case c.Activation != "relu" && c.Activation != "gelu":
		err = fmt.Errorf("activation: want relu or gelu, got %q", c.Activation)
	case c.Norm != "pre" && c.Norm != "post" && c.Norm != "kang":
		err = fmt.Errorf("norm: want pre, post or kang, got %q", c.Norm)
	case !(c.Epsilon > 0 && c.Epsilon < 1):
		err = fmt.Errorf("epsilon: want a number between 0 and 1, got %g", c.Epsilon)
	case c.Positions != "end" && c.Positions != "start" && c.Positions != "none":
		err = fmt.Errorf("positions: want end, start or none, got %q", c.Positions)
	case !(c.InitSD >= 0) || math.IsInf(c.InitSD, 0):
		err = fmt.Errorf("init_sd: want a number that is not negative, got %g", c.InitSD)
	case !(c.Masked >= 0 && c.Masked < 1):
		err = fmt.Errorf("masked: want a share of at least 0 and below 1, got %g", c.Masked)
	case c.Masked > 0 && c.MaxLength < 2:
		err = fmt.Errorf("max_length: want at least 2 with masked, got %d", c.MaxLength)
	}
	if err == nil && len(c.Text) > 0 {
		_, _, err = c.begin()
	}
	if err != nil {
		return fmt.Errorf("sasrec: %w", err)
	}
	return nil
}

// begin is what Text stands for.
func (c Config) begin() (sequential.Beginning, func() (string, error), error) {
	if c.Texts == nil {
		return nil, nil, errors.New("text: nothing here reads texts")
	}
	begin, inputs, err := c.Texts(c.Text)
	if err != nil {
		err = fmt.Errorf("text: %w", err)
	}
	return begin, inputs, err
}

// Fingerprint names the files and the model behind the vectors that items begin with.
func (c Config) Fingerprint() (string, error) {
	if len(c.Text) == 0 {
		return "", nil
	}
	_, inputs, err := c.begin()
	if err != nil {
		return "", err
	}
	return inputs()
}

// Fit trains.
func (c Config) Fit(ctx context.Context, train *data.Train) (models.Recommender, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if len(c.Text) > 0 {
		var err error
		if c.Begin, _, err = c.begin(); err != nil {
			return nil, err
		}
	}
	return c.Spec().Recommender(ctx, train)
}

// Spec is the training that the configuration describes.
func (c Config) Spec() *sequential.Spec {
	return &sequential.Spec{
		Name:     "sasrec",
		Training: c.Training, Network: network{c}, Masked: c.Masked, FromStart: c.Positions == "start",
		Key: sequential.Key("sasrec", Revision, c), Run: c.Run,
	}
}

// Flops is a rough count of the operations of Fit, with all epochs: a third of those of forward and backward passes are
// forward. Half of an attention's are saved by its direction.
func (c Config) Flops(users, items, interactions int) float64 {
	d, inner, n := float64(c.Hidden), float64(c.inner()), float64(interactions)
	length := min(float64(c.MaxLength), n/float64(max(1, users)))
	block := 2*(4*d*d+2*d*inner) + 2*d*length
	return 3 * float64(c.Epochs) * n * (float64(c.Blocks)*block + 2*d*float64(items))
}

func (c Config) inner() int {
	if c.Inner == 0 {
		return c.Hidden
	}
	return c.Inner
}

var _ models.Fitter = Config{}
