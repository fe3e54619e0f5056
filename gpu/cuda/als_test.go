//go:build nvidia

package cuda_test

import (
	"math"
	"testing"

	"llm4rec/data"
	"llm4rec/data/synthetic"
	"llm4rec/gpu"
	"llm4rec/models"
	"llm4rec/models/als"
)

// A model is the same but for rounding, whichever device trained it: it asks for the same numbers, in the same order.
func TestALSAsOnTheCPU(t *testing.T) {
	d := open(t)
	c := synthetic.Default()
	c.Users, c.Items, c.Interactions = 150, 120, 3000
	set := synthetic.Generate(c)
	train := &data.Train{NumUsers: set.Users.Len(), NumItems: set.Items.Len(), Inter: set.Inter, Users: set.Users, Items: set.Items}
	queries := make([]models.Query, train.NumUsers)
	for u := range queries {
		queries[u] = models.Query{User: int32(u), K: 10}
	}
	for _, solver := range []als.Solver{als.Cholesky, als.ConjugateGradient} {
		fit := func(d gpu.Device) [][]models.Scored {
			c := als.Default()
			c.Factors, c.Iterations, c.Solver, c.Users, c.Device = 18, 4, solver, als.Trained, d
			m, err := c.Fit(t.Context(), train)
			if err != nil {
				t.Fatal(err)
			}
			lists, err := m.Recommend(t.Context(), queries)
			if err != nil {
				t.Fatal(err)
			}
			return lists
		}
		got, want := fit(d), fit(gpu.CPU())
		for u := range want {
			for n, w := range want[u] {
				if g := got[u][n]; math.Abs(float64(g.Score-w.Score)) > 1e-4 {
					t.Fatalf("%s: user %d, rank %d: got %v, on the CPU %v", solver, u, n, g, w)
				}
			}
		}
		if d.InUse() != 0 {
			t.Errorf("%s: %d bytes are in use", solver, d.InUse())
		}
	}
}
