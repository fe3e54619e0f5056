package gputest

import (
	"fmt"

	"llm4rec/gpu"
)

func syrkChecks() []Check {
	var out []Check
	for _, n := range []int{0, 1, 2, 31, 64, 257, 1200} {
		for _, f := range []int{1, 3, 16, 31, 33, 64, 65, 128, 129} {
			for _, c := range [][2]float32{{1, 0}, {.5, 1}, {0, 2}} {
				out = append(out, Check{"Syrk", fmt.Sprintf("%dx%d,α=%g,β=%g", n, f, c[0], c[1]), func(d gpu.Device) error {
					return syrk(d, normal(random(n+f), n*f, 1), f, c[0], c[1], gamma(n+4))
				}})
			}
		}
	}
	// A float32 sum of so many equal numbers is off by .3%, for all roundings go the same way.
	return append(out, Check{"Syrk", "long", func(d gpu.Device) error { return syrk(d, constant(500_000, 1.01), 5, 1, 0, gamma(2048)) }})
}

// syrk compares the Gram matrix of a, n×f; it may be off by that much of Σ|a||a|.
func syrk(d gpu.Device, a []float32, f int, alpha, beta float32, tolerance float64) error {
	n := len(a) / f
	c := constant(f*f, nan)
	if beta != 0 {
		c = gram(normal(random(f), f*f, 1), f, 1) // symmetric
	}
	compute := func(a, c []float32) func(s *scope) []float32 {
		return func(s *scope) []float32 {
			ma, mc := s.matrix(n, f, a), s.matrix(f, f, c)
			s.ok(s.Syrk(mc, ma, alpha, beta))
			s.ok(at(same(s.download(ma), a), "A"))
			return s.download(mc)
		}
	}
	got, want, err := both(d, compute(a, c))
	if err != nil {
		return err
	}
	var bounds []float32 // the coefficients are not negative
	if err := within(gpu.Reference(), func(s *scope) { bounds = compute(absolute(a), absolute(c))(s) }); err != nil {
		return err
	}
	return near(got, want, func(i int) float64 { return tolerance * float64(bounds[i]) })
}
