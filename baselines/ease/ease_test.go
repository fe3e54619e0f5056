package ease

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"

	"llm4rec/data"
	"llm4rec/models"
)

// The column of item j is the ridge regression of its column of X on all the others: Steck's equation 2 with the
// constraint written out. Solved column by column, it must be the closed form.
func TestIsRidgeRegressionWithoutItself(t *testing.T) {
	const users, items, lambda = 30, 8, 2.5
	x := mat.NewDense(users, items, nil)
	r := rand.New(rand.NewPCG(1, 2))
	train := &data.Train{NumUsers: users, NumItems: items}
	for u := range users {
		for i := range items {
			if r.Float64() < .3 {
				x.Set(u, i, 1)
				train.Inter.User = append(train.Inter.User, int32(u))
				train.Inter.Item = append(train.Inter.Item, int32(i))
			}
		}
	}
	m, err := Config{Lambda: lambda, Recency: models.Recency{Decay: 1}}.Fit(t.Context(), train)
	if err != nil {
		t.Fatal(err)
	}
	for j := range items {
		want := ridge(t, x, j, lambda)
		for i := range items {
			answers, err := m.Recommend(t.Context(), []models.Query{{History: []int32{int32(i)}, Candidates: []int32{int32(j)}, K: 1}})
			if err != nil {
				t.Fatal(err)
			}
			if got := float64(answers[0][0].Score); math.Abs(got-want[i]) > 1e-6 {
				t.Errorf("weight of item %d for item %d: got %.7f, want %.7f", i, j, got, want[i])
			}
		}
	}
}

// ridge is the weights by which the other items predict item j; its own is 0.
func ridge(t *testing.T, x *mat.Dense, j int, lambda float64) []float64 {
	t.Helper()
	users, items := x.Dims()
	others := mat.NewDense(users, items-1, nil)
	for i, k := 0, 0; i < items; i++ {
		if i != j {
			others.SetCol(k, mat.Col(nil, i, x))
			k++
		}
	}
	var a mat.Dense
	a.Mul(others.T(), others)
	for k := range items - 1 {
		a.Set(k, k, a.At(k, k)+lambda)
	}
	var b, w mat.VecDense
	b.MulVec(others.T(), x.ColView(j))
	if err := w.SolveVec(&a, &b); err != nil {
		t.Fatal(err)
	}
	out := make([]float64, 0, items)
	for i := range items {
		switch {
		case i < j:
			out = append(out, w.AtVec(i))
		case i == j:
			out = append(out, 0)
		default:
			out = append(out, w.AtVec(i-1))
		}
	}
	return out
}
