package gputest

import (
	"fmt"
	"math"

	"llm4rec/gpu"
)

var keys = []gpu.Key{{}, {Seed: 1, Stream: 2}, {Seed: 1<<63 + 12345, Stream: 1<<40 + 7}, {Seed: math.MaxUint64, Stream: math.MaxUint64}}

var drawnSizes = []int{0, 1, 2, 3, 4, 5, 7, 63, 64, 255, 257, 1000, 4097, 100_003}

func uniformChecks() []Check {
	draw := func(s *scope, m gpu.Matrix, k gpu.Key) { s.ok(s.Uniform(m, k)) }
	out := drawChecks("Uniform", draw, same)
	return append(out, Check{"Uniform", "moments", func(d gpu.Device) error { return moments(d, draw, .5, math.Sqrt(1./12), 1.8) }})
}

func normalChecks() []Check {
	with := func(sd float32) func(s *scope, m gpu.Matrix, k gpu.Key) {
		return func(s *scope, m gpu.Matrix, k gpu.Key) { s.ok(s.Normal(m, sd, k)) }
	}
	// Logarithms and cosines differ between libraries; where a cosine is all but zero, only the difference counts.
	out := drawChecks("Normal", with(.1), func(got, want []float32) error {
		return near(got, want, func(i int) float64 { return 1e-6*math.Abs(float64(want[i])) + 1e-12 })
	})
	return append(out,
		Check{"Normal", "moments", func(d gpu.Device) error { return moments(d, with(2), 0, 2, 3) }},
		Check{"Normal", "sd=0", func(d gpu.Device) error {
			return within(d, func(s *scope) {
				m := s.alloc(3, 5)
				with(0)(s, m, keys[1])
				s.ok(near(s.download(m), make([]float32, 15), func(int) float64 { return 0 }))
			})
		}})
}

func drawChecks(op string, draw func(s *scope, m gpu.Matrix, k gpu.Key), equal func(got, want []float32) error) []Check {
	drawn := func(rows, cols int, k gpu.Key) func(s *scope) []float32 {
		return func(s *scope) []float32 {
			m := s.alloc(rows, cols)
			draw(s, m, k)
			return s.download(m)
		}
	}
	var out []Check
	for _, n := range drawnSizes {
		out = append(out, Check{op, fmt.Sprintf("n=%d", n), func(d gpu.Device) error {
			for _, k := range keys {
				got, want, err := both(d, drawn(n, 1, k))
				if err == nil {
					err = equal(got, want)
				}
				if err != nil {
					return at(err, "%+v", k)
				}
			}
			return nil
		}})
	}
	return append(out, Check{op, "any shape", func(d gpu.Device) error {
		return within(d, func(s *scope) {
			long := drawn(1, 2000, keys[2])(s)
			for _, shape := range [][2]int{{2000, 1}, {40, 50}, {7, 11}, {1, 3}, {333, 6}} {
				n := shape[0] * shape[1]
				s.ok(at(same(drawn(shape[0], shape[1], keys[2])(s), long[:n]), "%dx%d", shape[0], shape[1]))
			}
		})
	}})
}

// moments compares mean, standard deviation and kurtosis of 400,000 numbers with what they should be, and the correlation
// of neighbours with zero. The bounds are five standard errors or more.
func moments(d gpu.Device, draw func(s *scope, m gpu.Matrix, k gpu.Key), mean, sd, kurtosis float64) error {
	return within(d, func(s *scope) {
		const n = 400_000
		m := s.alloc(400, n/400)
		draw(s, m, gpu.Key{Seed: 17, Stream: 4})
		var first, second, fourth, product, last float64
		for _, v := range s.download(m) {
			z := (float64(v) - mean) / sd
			first += z / n
			second += z * z / n
			fourth += z * z * z * z / n
			product += z * last / n
			last = z
		}
		if math.Abs(first) > .008 || math.Abs(second-1) > .012 || math.Abs(fourth-kurtosis) > .1 || math.Abs(product) > .008 {
			s.ok(fmt.Errorf("standardised: mean %.4f, variance %.4f, fourth moment %.4f, covariance of neighbours %.4f; want about 0, 1, %g, 0",
				first, second, fourth, product, kurtosis))
		}
	})
}
