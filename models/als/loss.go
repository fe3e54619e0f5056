package als

import "llm4rec/data"

// Loss is the training objective over the interaction counts r, without the dense matrix of scores: the part of all
// pairs is w₀·Σ_ui ŷ² = w₀·⟨XᵀX, YᵀY⟩.
func (m *Model) Loss(r *data.Matrix) float64 { return m.config.objective(r, m.x, m.y) }

func (c Config) objective(r *data.Matrix, x, y factors) float64 {
	gx, gy := gram(x, 1), gram(y, c.UnobservedWeight)
	total := 0.0
	for j := range x.f {
		total += gx[j*x.f+j] * gy[j*x.f+j]
		for l := j + 1; l < x.f; l++ { // the lower triangle is the upper's mirror image
			total += 2 * gx[j*x.f+l] * gy[j*x.f+l]
		}
	}
	for u := range int32(r.Rows) {
		items, counts := r.Row(u)
		for n, i := range items {
			score := dot(x.row(u), y.row(i))
			miss := 1 - score
			// In "hu" an observed pair has no part in w₀·ŷ²: take it away again.
			total += c.rhs(counts[n])*miss*miss - (c.rhs(counts[n])-c.Alpha*float64(counts[n]))*score*score
		}
		total += c.lambda(len(items), r.Cols) * dot(x.row(u), x.row(u))
	}
	t := r.Transpose()
	for i := range int32(t.Rows) {
		users, _ := t.Row(i)
		total += c.lambda(len(users), t.Cols) * dot(y.row(i), y.row(i))
	}
	return total
}

func dot(a, b []float32) float64 {
	s := 0.0
	for l := range a {
		s += float64(a[l]) * float64(b[l])
	}
	return s
}
