package als

import (
	"testing"

	"llm4rec/data"
)

// begun is a training on a matrix, from the given factors; from nil ones, from those that are drawn.
func begun(t testing.TB, c Config, r *data.Matrix, x, y factors) *training {
	t.Helper()
	s, err := c.begin(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.close)
	if x.v == nil {
		err = s.draw()
	} else if err = s.device.Upload(s.x, x.v); err == nil {
		err = s.device.Upload(s.y, y.v)
	}
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// initial draws the factors of n users or items.
func initial(t testing.TB, c Config, n int, stream uint64) factors {
	t.Helper()
	m, err := c.device().Alloc(n, c.Factors)
	if err != nil {
		t.Fatal(err)
	}
	defer c.device().Free(m)
	out := factors{n, c.Factors, make([]float32, m.Len)}
	if err := c.device().Normal(m, c.sd(), c.stream(stream)); err != nil {
		t.Fatal(err)
	}
	if err := c.device().Download(out.v, m); err != nil {
		t.Fatal(err)
	}
	return out
}

// fit trains from the given factors.
func fit(t testing.TB, c Config, r *data.Matrix, x, y factors) *Model {
	t.Helper()
	m, err := begun(t, c, r, x, y).run(t.Context(), train(r))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// solveAll sets x to the solution of a half step.
func solveAll(t testing.TB, c Config, r *data.Matrix, x, y factors) {
	t.Helper()
	s := begun(t, c, r, x, y)
	if err := s.solve(t.Context(), s.x, s.users, s.y); err != nil {
		t.Fatal(err)
	}
	if err := s.device.Download(x.v, s.x); err != nil {
		t.Fatal(err)
	}
}

func objective(t testing.TB, c Config, r *data.Matrix, x, y factors) float64 {
	t.Helper()
	loss, err := begun(t, c, r, x, y).loss()
	if err != nil {
		t.Fatal(err)
	}
	return loss
}

func dot(a, b []float32) float64 {
	s := 0.0
	for l := range a {
		s += float64(a[l]) * float64(b[l])
	}
	return s
}
