package als

import (
	"errors"
	"fmt"
	"math"

	"llm4rec/gpu"
	"llm4rec/models"
	"llm4rec/models/checkpoint"
	"llm4rec/models/dense"
	"llm4rec/models/index"
)

// Revision changes whenever the same data and configuration would give another model.
const Revision = 2

// Loss names how the observed pairs enter the loss; see the package's comment.
type Loss string

const (
	Hu   Loss = "hu"   // Hu, Koren & Volinsky 2008
	IALS Loss = "ials" // Rendle, Krichene, Zhang & Koren 2021
)

// Solver names how the least-squares problem of one user or item is solved.
type Solver string

const (
	Cholesky          Solver = "cholesky" // exactly
	ConjugateGradient Solver = "cg"       // by a few steps from the previous solution (Takács, Pilászy & Tikk 2011)
)

// Users names whose vector answers a query.
type Users string

const (
	// FromHistory solves for the vector of the query's history: it works for users unknown to training, and sees
	// interactions later than it.
	FromHistory Users = "history"
	// Trained takes the vector from training; that of an unknown user is zero, which ranks items by index.
	Trained Users = "trained"
)

// Config holds the hyperparameters. Start from [Default].
type Config struct {
	Factors          int              `json:"factors" yaml:"factors" jsonschema:"length of the vectors"`
	Iterations       int              `json:"iterations" yaml:"iterations" jsonschema:"each solves for the users, then for the items"`
	Loss             Loss             `json:"loss" yaml:"loss" jsonschema:"hu or ials"`
	Alpha            float64          `json:"alpha" yaml:"alpha" jsonschema:"weight of an interaction: confidence is unobserved_weight + alpha·count"`
	UnobservedWeight float64          `json:"unobserved_weight" yaml:"unobserved_weight" jsonschema:"weight of a pair that was not observed"`
	Regularization   float64          `json:"regularization" yaml:"regularization" jsonschema:"weight of the squared lengths of the vectors"`
	Nu               float64          `json:"nu" yaml:"nu" jsonschema:"exponent of the frequency by which regularization is scaled; 0: not at all"`
	Solver           Solver           `json:"solver" yaml:"solver" jsonschema:"cholesky (exact) or cg (a few steps of conjugate gradients)"`
	CGSteps          int              `json:"cg_steps" yaml:"cg_steps" jsonschema:"steps of cg"`
	InitScale        float64          `json:"init_scale" yaml:"init_scale" jsonschema:"root mean square length of an initial vector"`
	Similarity       dense.Similarity `json:"similarity" yaml:"similarity" jsonschema:"how a user's vector is compared with an item's: inner-product, as it is trained, or cosine or l2, as it is not"`
	Index            string           `json:"index" yaml:"index" jsonschema:"exact, or faiss: or faiss-gpu: and a factory string of FAISS's, with parameters behind semicolons, as faiss:IVF64,Flat;nprobe=8"`
	Users            Users            `json:"users" yaml:"users" jsonschema:"history: solve for the history's vector; trained: the vector from training"`

	LossEvery int `json:"loss_every" yaml:"loss_every" jsonschema:"iterations between two computations of the loss that progress shows; 0: never"`
	Patience  int `json:"patience" yaml:"patience" jsonschema:"stop after that many iterations without a better NDCG@10 on the validation cases, and keep the best factors; 0: never"`

	Seed       uint64          `yaml:"-" json:"-"`
	Device     gpu.Device      `yaml:"-" json:"-"` // nil is the CPU
	Progress   models.Progress `yaml:"-" json:"-"` // called after every iteration, if not nil
	Checkpoint checkpoint.File `yaml:"-" json:"-"`
}

func (c Config) device() gpu.Device {
	if c.Device == nil {
		return gpu.CPU()
	}
	return c.Device
}

// Default returns the configuration that stands where an experiment says nothing else.
func Default() Config {
	return Config{
		Factors: 64, Iterations: 15, Loss: Hu, Alpha: 1, UnobservedWeight: 1, Regularization: .01, Nu: 0,
		Solver: Cholesky, CGSteps: 3, InitScale: .1, Users: FromHistory, Similarity: dense.InnerProduct, Index: index.Exact,
		LossEvery: 5,
	}
}

// Validate says what is wrong with a configuration.
func (c Config) Validate() error {
	switch {
	case c.Factors < 1:
		return fmt.Errorf("als: factors: want at least 1, got %d", c.Factors)
	case c.Iterations < 1:
		return fmt.Errorf("als: iterations: want at least 1, got %d", c.Iterations)
	case c.Loss != Hu && c.Loss != IALS:
		return fmt.Errorf("als: loss: want %s or %s, got %q", Hu, IALS, c.Loss)
	case c.Solver != Cholesky && c.Solver != ConjugateGradient:
		return fmt.Errorf("als: solver: want %s or %s, got %q", Cholesky, ConjugateGradient, c.Solver)
	case c.Solver == ConjugateGradient && c.CGSteps < 1:
		return fmt.Errorf("als: cg_steps: want at least 1, got %d", c.CGSteps)
	case c.LossEvery < 0:
		return fmt.Errorf("als: loss_every: want at least 0, got %d", c.LossEvery)
	case c.Patience < 0:
		return fmt.Errorf("als: patience: want at least 0, got %d", c.Patience)
	case c.Users != FromHistory && c.Users != Trained:
		return fmt.Errorf("als: users: want %s or %s, got %q", FromHistory, Trained, c.Users)
	}
	if err := c.Similarity.Validate(); err != nil {
		return fmt.Errorf("als: similarity: %w", err)
	}
	if err := index.CheckName(c.Index); err != nil {
		return fmt.Errorf("als: %w", err)
	}
	for _, p := range []struct {
		name  string
		value float64
	}{
		{"alpha", c.Alpha}, {"unobserved_weight", c.UnobservedWeight}, {"regularization", c.Regularization},
		{"nu", c.Nu}, {"init_scale", c.InitScale},
	} {
		if !(p.value >= 0) || math.IsInf(p.value, 0) {
			return fmt.Errorf("als: %s: want a number that is not negative, got %g", p.name, p.value)
		}
	}
	if c.InitScale == 0 { // from which no iteration leads away
		return errors.New("als: init_scale: want a number above 0, got 0")
	}
	return nil
}

// lambda is the regularisation of a user with that many observed of all items, or of an item with that many of all users.
func (c Config) lambda(observed, all int) float64 {
	return c.Regularization * math.Pow(float64(observed)+c.UnobservedWeight*float64(all), c.Nu)
}

// Flops is a rough count of the operations of Fit.
func (c Config) Flops(users, items, interactions int) float64 {
	f, rows, pairs := float64(c.Factors), float64(users+items), 2*float64(interactions)
	row := rows*f*f*f/3 + pairs*f*f
	if c.Solver == ConjugateGradient {
		row = float64(c.CGSteps+1) * (rows*2*f*f + pairs*4*f)
	}
	return float64(c.Iterations) * (rows*f*f + row)
}
