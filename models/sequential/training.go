// Package sequential trains networks that read a user's history as a sequence, and answers with them.
//
// A history is cut into windows of at most so many positions. Those of a batch are packed one after the other, so that
// nothing is computed for padding, and every position of a window is trained in the same pass: from the items up to a
// position, the network predicts the next one (Kang & McAuley, Self-Attentive Sequential Recommendation, ICDM 2018), or,
// with the masked objective, items that were hidden from it (Sun et al., BERT4Rec, CIKM 2019).
package sequential

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// Training is how a network is trained. Models hold one in their configuration.
type Training struct {
	MaxLength int    `json:"max_length" yaml:"max_length" jsonschema:"how many of the newest history items the network sees"`
	Windows   string `json:"windows" yaml:"windows" jsonschema:"all: histories are cut into windows so that every item is a target; last: one window, of the newest items; prefixes: a sequence for every target, which alone counts (RecBole's augmentation)"`

	Loss         string  `json:"loss" yaml:"loss" jsonschema:"softmax (cross-entropy over the catalogue), sampled (over the target and negatives), bce or gbce"`
	Negatives    int     `json:"negatives" yaml:"negatives" jsonschema:"negatives of a position, for the losses other than softmax"`
	NegativeFrom string  `json:"negative_from" yaml:"negative_from" jsonschema:"distribution of negatives: uniform, or popularity (training interactions)"`
	LogQ         bool    `json:"log_q" yaml:"log_q" jsonschema:"subtract the logarithm of the sampling probability from scores of the sampled softmax"`
	Calibration  float64 `json:"calibration" yaml:"calibration" jsonschema:"t of gBCE: 0 is the binary cross-entropy, 1 fully calibrated"`

	Epochs       int     `json:"epochs" yaml:"epochs" jsonschema:"passes over the training windows, at most"`
	Batch        int     `json:"batch" yaml:"batch" jsonschema:"windows in a step"`
	LearningRate float64 `json:"learning_rate" yaml:"learning_rate" jsonschema:"of Adam, at its highest"`
	Warmup       int     `json:"warmup" yaml:"warmup" jsonschema:"steps over which the learning rate rises from 0"`
	Decay        string  `json:"decay" yaml:"decay" jsonschema:"how the learning rate falls from then to the last epoch: none, linear (to 0) or cosine (to 0)"`
	Beta1        float64 `json:"beta1" yaml:"beta1" jsonschema:"of Adam"`
	Beta2        float64 `json:"beta2" yaml:"beta2" jsonschema:"of Adam"`
	WeightDecay  float64 `json:"weight_decay" yaml:"weight_decay" jsonschema:"decoupled weight decay (AdamW)"`
	Clip         float64 `json:"clip" yaml:"clip" jsonschema:"largest length of the gradient; 0: any"`

	Patience      int `json:"patience" yaml:"patience" jsonschema:"stop after that many validations without a better NDCG@10, and keep the best weights; 0: train all epochs and keep the last"`
	ValidateEvery int `json:"validate_every" yaml:"validate_every" jsonschema:"epochs between two validations"`
}

// DefaultTraining is full cross-entropy with early stopping.
func DefaultTraining() Training {
	return Training{
		MaxLength: 50, Windows: WindowsAll, Loss: Softmax, Negatives: 1, NegativeFrom: Uniform, Calibration: .75,
		Epochs: 200, Batch: 128, LearningRate: .001, Decay: "none", Beta1: .9, Beta2: .999, Patience: 10, ValidateEvery: 1,
	}
}

// Names of choices.
const (
	WindowsAll, WindowsLast, WindowsPrefixes = "all", "last", "prefixes"
	Softmax, Sampled, BCE, GBCE              = "softmax", "sampled", "bce", "gbce"
	Uniform, Popularity                      = "uniform", "popularity"
)

// Validate says what is wrong; the error does not name the model.
func (t Training) Validate() error {
	for _, c := range []struct {
		name, value string
		of          []string
	}{
		{"windows", t.Windows, []string{WindowsAll, WindowsLast, WindowsPrefixes}},
		{"loss", t.Loss, []string{Softmax, Sampled, BCE, GBCE}},
		{"negative_from", t.NegativeFrom, []string{Uniform, Popularity}},
		{"decay", t.Decay, []string{"none", "linear", "cosine"}},
	} {
		if !slices.Contains(c.of, c.value) {
			return fmt.Errorf("%s: want one of %s, got %q", c.name, strings.Join(c.of, ", "), c.value)
		}
	}
	for _, c := range []struct {
		name         string
		value, least int
	}{
		{"max_length", t.MaxLength, 1}, {"negatives", t.Negatives, 1}, {"epochs", t.Epochs, 1}, {"batch", t.Batch, 1},
		{"warmup", t.Warmup, 0}, {"patience", t.Patience, 0}, {"validate_every", t.ValidateEvery, 1},
	} {
		if c.value < c.least {
			return fmt.Errorf("%s: want at least %d, got %d", c.name, c.least, c.value)
		}
	}
	for _, c := range []struct {
		name               string
		value, least, most float64
	}{
		{"learning_rate", t.LearningRate, 0, math.MaxFloat32}, {"beta1", t.Beta1, 0, 1 - 1e-9}, {"beta2", t.Beta2, 0, 1 - 1e-9},
		{"weight_decay", t.WeightDecay, 0, math.MaxFloat32}, {"clip", t.Clip, 0, math.MaxFloat32}, {"calibration", t.Calibration, 0, 1},
	} {
		if !(c.value >= c.least && c.value <= c.most) {
			return fmt.Errorf("%s: want a number of at least %g and at most %g, got %g", c.name, c.least, c.most, c.value)
		}
	}
	return nil
}

// rate is the learning rate of a step, counted from 0, of so many.
func (t Training) rate(step, steps int) float64 {
	if step < t.Warmup {
		return t.LearningRate * float64(step+1) / float64(t.Warmup)
	}
	left := 1 - float64(step-t.Warmup)/float64(max(1, steps-t.Warmup))
	switch t.Decay {
	case "linear":
		return t.LearningRate * left
	case "cosine":
		return t.LearningRate * (1 - math.Cos(math.Pi*left)) / 2
	default:
		return t.LearningRate
	}
}

// beta is the β of gBCE: with a share of α = negatives/(items − 1) sampled, β = α·(t·(1 − 1/α) + 1/α) (Petrov & Macdonald
// 2023, eq. 11).
func (t Training) beta(items int) float64 {
	if t.Loss != GBCE {
		return 1
	}
	alpha := float64(t.Negatives) / float64(max(1, items-1))
	return alpha * (t.Calibration*(1-1/alpha) + 1/alpha)
}
