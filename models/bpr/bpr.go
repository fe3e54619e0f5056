// Package bpr factorises implicit feedback by Bayesian personalised ranking (Rendle, Freudenthaler, Gantner &
// Schmidt-Thieme, BPR: Bayesian Personalized Ranking from Implicit Feedback, UAI 2009).
//
// A user's score for an item is x_u·y_i. For every training interaction (u, i) and an item j drawn for it, training minimises
//
//	−log σ(x_u·y_i − x_u·y_j)
//
// which is the softmax's cross-entropy over the two items, and with more negatives that over all of them. It is minimised by
// Adam with decoupled weight decay, where the paper has stochastic gradients with an L2 penalty. j is any item but i; the
// paper's is none of the user's.
package bpr

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
	Factors      int     `json:"factors" yaml:"factors" jsonschema:"length of the vectors"`
	Negatives    int     `json:"negatives" yaml:"negatives" jsonschema:"items that an interaction is compared with"`
	NegativeFrom string  `json:"negative_from" yaml:"negative_from" jsonschema:"distribution of those: uniform, or popularity (training interactions)"`
	InitSD       float64 `json:"init_sd" yaml:"init_sd" jsonschema:"standard deviation of initial vectors' elements"`
	Epochs       int     `json:"epochs" yaml:"epochs" jsonschema:"passes over the training interactions, at most"`
	Batch        int     `json:"batch" yaml:"batch" jsonschema:"interactions in a step"`
	LearningRate float64 `json:"learning_rate" yaml:"learning_rate" jsonschema:"of Adam"`
	WeightDecay  float64 `json:"weight_decay" yaml:"weight_decay" jsonschema:"decoupled weight decay (AdamW)"`
	Patience     int     `json:"patience" yaml:"patience" jsonschema:"stop after that many epochs without a better NDCG@10 on the validation cases, and keep the best vectors; 0: never"`

	sequential.Run `yaml:",inline"`
}

// Default returns the configuration that stands where an experiment says nothing else.
func Default() Config {
	return Config{
		Factors: 64, Negatives: 1, NegativeFrom: sequential.Uniform, InitSD: .1, Epochs: 100, Batch: 1024, LearningRate: .002,
		WeightDecay: .1, Patience: 5,
	}
}

// Validate says what is wrong with a configuration.
func (c Config) Validate() error {
	if c.Factors < 1 {
		return fmt.Errorf("bpr: factors: want at least 1, got %d", c.Factors)
	}
	if !(c.InitSD >= 0) || math.IsInf(c.InitSD, 0) {
		return fmt.Errorf("bpr: init_sd: want a number that is not negative, got %g", c.InitSD)
	}
	if err := c.training().Validate(); err != nil {
		return fmt.Errorf("bpr: %w", err)
	}
	return nil
}

func (c Config) training() sequential.Training {
	t := sequential.DefaultTraining()
	t.Loss, t.Negatives, t.NegativeFrom, t.LogQ = sequential.Sampled, c.Negatives, c.NegativeFrom, false
	t.Epochs, t.Batch, t.LearningRate, t.WeightDecay, t.Patience = c.Epochs, c.Batch, c.LearningRate, c.WeightDecay, c.Patience
	return t
}

// Fit trains.
func (c Config) Fit(ctx context.Context, train *data.Train) (models.Recommender, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	s := sequential.Spec{
		Name:     "bpr",
		Training: c.training(), Network: network{c, train.NumUsers}, ByUser: true, Key: sequential.Key("bpr", Revision, c), Run: c.Run,
	}
	return s.Recommender(ctx, train)
}

// Flops is a rough count of the operations of Fit, with all epochs: products and both their gradients, and a step of Adam
// for every vector.
func (c Config) Flops(users, items, interactions int) float64 {
	f, n := float64(c.Factors), float64(interactions)
	steps := math.Ceil(n / float64(c.Batch))
	return float64(c.Epochs) * (n*float64(1+c.Negatives)*6*f + steps*float64(users+items)*f*12)
}

// network looks the users' vectors up.
type network struct {
	Config
	users int
}

func (n network) Weights(items int) []sequential.Weight {
	return []sequential.Weight{
		{Name: "user", Rows: n.users, Cols: n.Factors, SD: n.InitSD}, {Name: "item", Rows: items, Cols: n.Factors, SD: n.InitSD},
	}
}

func (n network) Describe(b *graph.Builder, _ int) graph.Node {
	return b.Gather(b.Weight("user", n.users, n.Factors), b.Ints(sequential.Items))
}

func (network) Output() string { return "item" }

var _ models.Fitter = Config{}
