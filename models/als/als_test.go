package als

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"

	"llm4rec/data"
	"llm4rec/gpu"
	"llm4rec/models"
)

// small draws a users × items matrix of interaction counts from 1 to 3; the last user and the last item have none.
func small(seed uint64, users, items int) *data.Matrix {
	r := rand.New(rand.NewPCG(seed, 9))
	var x data.Interactions
	for u := range users - 1 {
		for i := range items - 1 {
			if r.IntN(3) > 0 {
				continue
			}
			for range 1 + r.IntN(3) {
				x.User, x.Item = append(x.User, int32(u)), append(x.Item, int32(i))
			}
		}
	}
	return x.UserItem(users, items)
}

func train(r *data.Matrix) *data.Train {
	t := &data.Train{NumUsers: r.Rows, NumItems: r.Cols}
	for u := range int32(r.Rows) {
		items, counts := r.Row(u)
		for n, i := range items {
			for range int(counts[n]) {
				t.Inter.User, t.Inter.Item, t.Inter.Time = append(t.Inter.User, u), append(t.Inter.Item, i), append(t.Inter.Time, 0)
			}
		}
	}
	return t
}

// configs are the cases that every test of the mathematics goes through.
func configs() map[string]Config {
	c := Default()
	c.Factors, c.Alpha, c.Regularization, c.InitScale = 7, 2.5, .3, 1
	out := map[string]Config{"hu": c}
	c.UnobservedWeight, c.Nu = .2, .7
	out["hu, weighted, scaled"] = c
	c.Loss = IALS
	out["ials, weighted, scaled"] = c
	return out
}

// The reference follows the definition: the dense weights and targets of all pairs.
func denseLoss(c Config, r *data.Matrix, x, y factors) float64 {
	total := 0.0
	for u := range int32(r.Rows) {
		items, counts := r.Row(u)
		for i := range int32(r.Cols) {
			score := dot(x.row(u), y.row(i))
			n, observed := slices.BinarySearch(items, i)
			switch {
			case !observed:
				total += c.UnobservedWeight * score * score
			case c.Loss == Hu:
				total += (c.UnobservedWeight + c.Alpha*float64(counts[n])) * (1 - score) * (1 - score)
			case c.Loss == IALS:
				total += c.Alpha*float64(counts[n])*(1-score)*(1-score) + c.UnobservedWeight*score*score
			}
		}
		total += c.Regularization * math.Pow(float64(len(items))+c.UnobservedWeight*float64(r.Cols), c.Nu) * dot(x.row(u), x.row(u))
	}
	t := r.Transpose()
	for i := range int32(t.Rows) {
		users, _ := t.Row(i)
		total += c.Regularization * math.Pow(float64(len(users))+c.UnobservedWeight*float64(t.Cols), c.Nu) * dot(y.row(i), y.row(i))
	}
	return total
}

func TestLossEqualsTheDenseOne(t *testing.T) {
	for name, c := range configs() {
		r := small(1, 23, 31)
		x, y := initial(t, c, r.Rows, streamUsers), initial(t, c, r.Cols, streamItems)
		got, want := objective(t, c, r, x, y), denseLoss(c, r, x, y)
		if math.Abs(got-want) > 1e-6*want {
			t.Errorf("%s: got %g, want %g", name, got, want)
		}
	}
}

// A half step must land where the loss is flat in every coordinate that it may move: that is the definition of what it
// solves, and holds for no other point, the loss being strictly convex in x.
func TestExactHalfStepIsTheMinimum(t *testing.T) {
	for name, c := range configs() {
		for _, r := range []*data.Matrix{small(2, 23, 31), small(3, 9, 400)} { // 400: rows longer than a gather
			x, y := initial(t, c, r.Rows, streamUsers), initial(t, c, r.Cols, streamItems)
			solveAll(t, c, r, x, y)
			for n := range x.v {
				old := x.v[n]
				if n/x.f == x.n-1 {
					if old != 0 {
						t.Fatalf("%s: a user without interactions is not zero", name)
					}
					continue
				}
				// The loss is quadratic in one coordinate: a central difference is exact but for rounding.
				const h = 1. / 64
				x.v[n] = old + h
				up := denseLoss(c, r, x, y)
				x.v[n] = old - h
				down := denseLoss(c, r, x, y)
				x.v[n] = old
				middle := denseLoss(c, r, x, y)
				curvature := (up - 2*middle + down) / (h * h)
				if step := (up - down) / (2 * h) / curvature; !(curvature > 0) || math.Abs(step) > 1e-5 {
					t.Fatalf("%s: coordinate %d of x is %g away from the minimum", name, n, step)
				}
			}
		}
	}
}

func TestConjugateGradientReachesTheExactSolution(t *testing.T) {
	for name, c := range configs() {
		for _, r := range []*data.Matrix{small(2, 23, 31), small(3, 9, 400)} {
			y := initial(t, c, r.Cols, streamItems)
			exact, near := initial(t, c, r.Rows, streamUsers), initial(t, c, r.Rows, streamUsers)
			cg := c
			cg.Solver, cg.CGSteps = ConjugateGradient, 2*c.Factors
			solveAll(t, c, r, exact, y)
			solveAll(t, cg, r, near, y)
			for n := range exact.v {
				if d := math.Abs(float64(near.v[n] - exact.v[n])); !(d <= 1e-6) {
					t.Fatalf("%s: element %d: cg %g, exact %g", name, n, near.v[n], exact.v[n])
				}
			}
		}
	}
}

func TestLossFalls(t *testing.T) {
	for name, c := range configs() {
		for _, solver := range []Solver{Cholesky, ConjugateGradient} {
			c.Solver = solver
			r := small(4, 40, 50)
			last := math.Inf(1)
			for c.Iterations = 1; c.Iterations <= 8; c.Iterations++ {
				m := fit(t, c, r, initial(t, c, r.Rows, streamUsers), initial(t, c, r.Cols, streamItems))
				if loss := objective(t, c, r, m.x, m.y); !(loss < last) {
					t.Errorf("%s, %s: %d iterations: loss %g after %g", name, solver, c.Iterations, loss, last)
				} else {
					last = loss
				}
			}
		}
	}
}

// For binary data "ials" is "hu" with a larger λ, up to the scale of the scores: the package's comment.
func TestLossesAreEquivalent(t *testing.T) {
	r := small(5, 40, 50)
	for n := range r.Values {
		r.Values[n] = 1
	}
	ials := configs()["ials, weighted, scaled"]
	ials.Iterations = 200
	hu := ials
	hu.Loss = Hu
	ratio := (ials.UnobservedWeight + ials.Alpha) / ials.Alpha
	hu.Regularization *= ratio
	a := fit(t, ials, r, initial(t, ials, r.Rows, streamUsers), initial(t, ials, r.Cols, streamItems))
	b := fit(t, hu, r, initial(t, hu, r.Rows, streamUsers), initial(t, hu, r.Cols, streamItems))
	for u := range int32(r.Rows) {
		for i := range int32(r.Cols) {
			p, q := dot(a.x.row(u), a.y.row(i)), dot(b.x.row(u), b.y.row(i))/ratio
			if math.Abs(p-q) > 1e-4 {
				t.Fatalf("user %d, item %d: ials %g, hu scaled %g", u, i, p, q)
			}
		}
	}
}

func TestWorkersDoNotMatter(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	r := small(6, 200, 150)
	for _, solver := range []Solver{Cholesky, ConjugateGradient} {
		var first *Model
		for _, workers := range []int{1, 2, 7} {
			runtime.GOMAXPROCS(workers)
			c := Default()
			c.Factors, c.Iterations, c.Solver = 33, 3, solver
			m, err := c.Fit(t.Context(), train(r))
			if err != nil {
				t.Fatal(err)
			}
			if first == nil {
				first = m.(*Model)
			}
			if !slices.Equal(first.x.v, m.(*Model).x.v) || !slices.Equal(first.y.v, m.(*Model).y.v) {
				t.Errorf("%s: %d workers: other factors", solver, workers)
			}
		}
	}
}

func TestUsers(t *testing.T) {
	r := small(7, 30, 40)
	c := Default()
	c.Factors, c.Users = 8, Trained
	trained, err := c.Fit(t.Context(), train(r))
	if err != nil {
		t.Fatal(err)
	}
	m := trained.(*Model)
	got, err := m.Recommend(t.Context(), []models.Query{{User: 3, K: 40}, {User: 30, K: 3}, {User: -1, K: 3}})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range got[0] {
		if want := float32(dot(m.x.row(3), m.y.row(s.Item))); math.Abs(float64(s.Score-want)) > 1e-6 {
			t.Errorf("item %d: score %g, want %g", s.Item, s.Score, want)
		}
	}
	for n := 1; n < 3; n++ {
		if want := []models.Scored{{Item: 0}, {Item: 1}, {Item: 2}}; !slices.Equal(got[n], want) {
			t.Errorf("unknown user: got %v, want %v", got[n], want)
		}
	}
	// Folding in a user's training interactions solves the equations of another half step.
	m.config.Users = FromHistory
	x := initial(t, m.config, r.Rows, streamUsers)
	solveAll(t, m.config, r, x, m.y)
	var history []int32
	items, counts := r.Row(3)
	for n := range items {
		for range int(counts[n]) {
			history = append([]int32{items[n]}, history...)
		}
	}
	got, err = m.Recommend(t.Context(), []models.Query{{User: 99, K: 1, Candidates: []int32{5}, History: history}})
	if err != nil {
		t.Fatal(err)
	}
	if want := float32(dot(x.row(3), m.y.row(5))); got[0][0].Score != want {
		t.Errorf("fold-in: score %g, want %g", got[0][0].Score, want)
	}
}

// A model answers for users whom it never saw, and for interactions later than its training, with the vector that
// training would find for them with these items.
func TestFoldIn(t *testing.T) {
	const users, items = 30, 40
	histories := [][]int32{{5, 5, 9, 0, 38}, {39}, {}} // 39 is in nobody's training; repeats count
	for name, c := range configs() {
		r := small(7, users, items)
		fitted, err := c.Fit(t.Context(), train(r))
		if err != nil {
			t.Fatal(err)
		}
		seen, _ := r.Row(3)
		later := append(slices.Clone(seen), 1, 39)
		all := append(histories, later)

		var x data.Interactions
		queries := make([]models.Query, len(all))
		for n, history := range all {
			queries[n] = models.Query{User: users + int32(n), History: history, K: items}
			for _, i := range history {
				x.User, x.Item = append(x.User, int32(n)), append(x.Item, i)
			}
		}
		queries[len(all)-1].User = 3
		y := fitted.(*Model).y
		want := initial(t, c, len(all), streamUsers)
		solveAll(t, c, x.UserItem(len(all), items), want, y)
		lists, err := fitted.Recommend(t.Context(), queries)
		if err != nil {
			t.Fatal(err)
		}
		for n, list := range lists {
			if len(list) != items {
				t.Errorf("%s: history %v: %d items", name, all[n], len(list))
			}
			for _, s := range list {
				if score := dot(want.row(int32(n)), y.row(s.Item)); math.Abs(float64(s.Score)-score) > 1e-6 {
					t.Errorf("%s: history %v: item %d has score %g, want %g", name, all[n], s.Item, s.Score, score)
				}
			}
		}
	}
}

func TestProgressAndCancellation(t *testing.T) {
	c := Default()
	c.Factors, c.Iterations = 4, 5
	ctx, cancel := context.WithCancel(t.Context())
	var seen []int
	c.Progress = func(done, total int, _ string) {
		if seen = append(seen, done); done == 2 || total != 5 {
			cancel()
		}
	}
	if _, err := c.Fit(ctx, train(small(8, 20, 20))); !errors.Is(err, context.Canceled) || !slices.Equal(seen, []int{1, 2}) {
		t.Errorf("got %v after iterations %v, want context.Canceled after 1 and 2", err, seen)
	}
}

// A model needs no memory of the device that trained it, nor of the one that answers.
func TestMemoryIsGivenBack(t *testing.T) {
	before := gpu.CPU().InUse()
	c := Default()
	c.Factors, c.Patience = 4, 3
	m := whole(t, c, trainingOf(9))
	if _, err := m.Recommend(t.Context(), []models.Query{{User: 1, History: []int32{1, 2}, K: 3}}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := watched(t, c, trainingOf(9), 2); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if after := gpu.CPU().InUse(); after != before {
		t.Errorf("%d bytes were not given back", after-before)
	}
}

func TestErrors(t *testing.T) {
	for want, change := range map[string]func(*Config){
		"factors":              func(c *Config) { c.Factors = 0 },
		"iterations":           func(c *Config) { c.Iterations = 0 },
		"loss":                 func(c *Config) { c.Loss = "" },
		"solver":               func(c *Config) { c.Solver = "qr" },
		"cg_steps":             func(c *Config) { c.Solver, c.CGSteps = ConjugateGradient, 0 },
		"users":                func(c *Config) { c.Users = "all" },
		"alpha":                func(c *Config) { c.Alpha = -1 },
		"unobserved_weight":    func(c *Config) { c.UnobservedWeight = math.NaN() },
		"regularization":       func(c *Config) { c.Regularization = math.Inf(1) },
		"nu":                   func(c *Config) { c.Nu = -1 },
		"init_scale":           func(c *Config) { c.InitScale = -1 },
		"above 0":              func(c *Config) { c.InitScale = 0 },
		"raise regularization": func(c *Config) { c.Regularization, c.InitScale = 0, 1e-30 },
	} {
		c := Default()
		c.Factors = 4
		change(&c)
		if _, err := c.Fit(t.Context(), train(small(9, 5, 5))); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got error %v", want, err)
		}
	}
}
