//go:build nvidia

package cuda_test

import (
	"math"
	"testing"

	"llm4rec/data"
	"llm4rec/data/synthetic"
	"llm4rec/gpu"
	"llm4rec/models"
	"llm4rec/models/sasrec"
)

// Few steps, so that rounding has no time to grow: the same masks, negatives and sums, on either device.
func TestSASRecAsOnTheCPU(t *testing.T) {
	d := open(t)
	g := synthetic.Default()
	g.Users, g.Items, g.Interactions = 20, 40, 250
	set := synthetic.Generate(g)
	train := &data.Train{NumUsers: set.Users.Len(), NumItems: set.Items.Len(), Inter: set.Inter, Users: set.Users, Items: set.Items}
	queries := make([]models.Query, 10)
	for u := range queries {
		queries[u] = models.Query{User: int32(u), History: []int32{int32(u), int32(u + 7), int32(u + 20)}, K: 10}
	}
	for name, change := range map[string]func(*sasrec.Config){
		"softmax": func(*sasrec.Config) {},
		"sampled": func(c *sasrec.Config) {
			c.Loss, c.Negatives, c.LogQ, c.Norm, c.Activation = "sampled", 5, true, "post", "gelu"
		},
		"gbce":   func(c *sasrec.Config) { c.Loss, c.Negatives, c.Norm = "gbce", 5, "pre" },
		"masked": func(c *sasrec.Config) { c.Masked = .3 },
	} {
		t.Run(name, func(t *testing.T) {
			fit := func(d gpu.Device) [][]models.Scored {
				c := sasrec.Default()
				c.Hidden, c.Heads, c.MaxLength, c.Epochs, c.Batch, c.Patience, c.Clip, c.Device = 18, 2, 10, 2, 16, 0, 1, d
				change(&c)
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
					if g := got[u][n]; math.Abs(float64(g.Score-w.Score)) > 1e-3*math.Abs(float64(want[u][0].Score)) {
						t.Fatalf("user %d, rank %d: got %v, on the CPU %v", u, n, g, w)
					}
				}
			}
			if d.InUse() != 0 {
				t.Errorf("%d bytes are in use", d.InUse())
			}
		})
	}
}
