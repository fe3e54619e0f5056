package stats

import (
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
)

func near(a, b, tol float64) bool { return math.Abs(a-b) <= tol }

func TestBootstrapByHand(t *testing.T) {
	// Of two users with 0 and 1 a resample has the mean 0, ½ or 1 with probability ¼, ½, ¼; the second column is
	// three times the first, and the third constant.
	got, warn := Bootstrap([]float64{0, 0, 5, 1, 3, 5}, 3, Resamples, 1)
	want := []Interval{{.5, 0, 1}, {1.5, 0, 3}, {5, 5, 5}}
	if !slices.Equal(got, want) || len(warn) != 1 {
		t.Errorf("%v, %v", got, warn)
	}
}

func TestBootstrapFewUsers(t *testing.T) {
	if got, warn := Bootstrap(nil, 2, 100, 1); !slices.Equal(got, make([]Interval, 2)) || len(warn) != 1 {
		t.Errorf("none: %v, %v", got, warn)
	}
	if got, warn := Bootstrap([]float64{.25}, 1, 100, 1); got[0] != (Interval{.25, .25, .25}) || len(warn) != 1 {
		t.Errorf("one: %v, %v", got, warn)
	}
	if _, warn := Bootstrap(make([]float64, 100), 1, 100, 1); warn != nil {
		t.Errorf("a hundred: %v", warn)
	}
}

// TestBootstrapNormal: for many users the interval is the mean ± 1.96 standard errors.
func TestBootstrapNormal(t *testing.T) {
	x := normal(rand.New(rand.NewPCG(1, 2)), 2000, 3, 2)
	got, _ := Bootstrap(x, 1, Resamples, 7)
	mean, se := moments(x)
	if !near(got[0].Mean, mean, 1e-12) || !near(got[0].Lo, mean-1.96*se, .06*se) || !near(got[0].Hi, mean+1.96*se, .06*se) {
		t.Errorf("%+v; mean %v, standard error %v", got[0], mean, se)
	}
}

// TestBootstrapCoverage: about 95 of 100 intervals hold the true mean.
func TestBootstrapCoverage(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	const trials = 1000
	held := 0
	for n := range trials {
		got, _ := Bootstrap(normal(r, 100, .5, 1), 1, 400, uint64(n))
		if got[0].Lo <= .5 && .5 <= got[0].Hi {
			held++
		}
	}
	if held < 920 || held > 975 { // .95 ± 3 binomial standard deviations, and the small sample's loss
		t.Errorf("%d of %d", held, trials)
	}
}

func TestAnyNumberOfCores(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	x := normal(r, 300*4, 0.05, 1)
	want, _ := Bootstrap(x, 4, 500, 9)
	p := Paired(x, 500, 9)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	for _, cores := range []int{1, 3, 8} {
		runtime.GOMAXPROCS(cores)
		if got, _ := Bootstrap(x, 4, 500, 9); !slices.Equal(got, want) {
			t.Errorf("%d cores: %v, not %v", cores, got, want)
		}
		if got := Paired(x, 500, 9); got != p {
			t.Errorf("%d cores: p = %v, not %v", cores, got, p)
		}
	}
	// A column's interval does not depend on its neighbours.
	first := make([]float64, 300)
	for u := range first {
		first[u] = x[4*u]
	}
	if got, _ := Bootstrap(first, 1, 500, 9); got[0] != want[0] {
		t.Errorf("alone %v, among others %v", got[0], want[0])
	}
}

func TestPairedByHand(t *testing.T) {
	for _, c := range []struct {
		d    []float64
		want float64 // over all 2ⁿ signs
	}{
		{nil, 1},
		{[]float64{0, 0, 0}, 1},
		{[]float64{.3}, 1},
		{[]float64{.1, -.1}, 1},
		{[]float64{1, 1}, .5},
		{[]float64{1, 0, 1, 0}, .5},
		{[]float64{.1, .2, .3}, .25},         // + + + and − − −, and 0.1 + 0.2 is not quite 0.3
		{[]float64{.1, .2, -.3}, 1},          // T is 0 up to rounding
		{[]float64{.7, .7, .7, -.7}, .625},   // |T| = 1.4: all but the 6 of 16 that sum to 0
		{[]float64{1, 2, 3, 4, 5}, 2. / 32},  // only the two ends
		{[]float64{-1, 2, 3, 4, 5}, 4. / 32}, // |T| = 13: ±15 and ±13
		{[]float64{1, 1, 1, 1, 1, 1}, 2. / 64},
	} {
		got := Paired(c.d, 20_000, 1)
		if !near(got, c.want, .013) {
			t.Errorf("%v: p = %v, want %v", c.d, got, c.want)
		}
		if e := exact(c.d); !near(e, c.want, 1e-12) {
			t.Errorf("%v: the enumeration gives %v, by hand %v", c.d, e, c.want)
		}
	}
	if p := Paired(slices.Repeat([]float64{1}, 100), 999, 1); p != 1./1000 {
		t.Errorf("the smallest p is %v", p)
	}
}

// TestPairedExact compares with the enumeration of all signs.
func TestPairedExact(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for n := 1; n <= 12; n++ {
		d := normal(r, n, .4, 1)
		if got, want := Paired(d, 50_000, uint64(n)), exact(d); !near(got, want, .01) {
			t.Errorf("%d differences: p = %v, exactly %v", n, got, want)
		}
	}
}

// exact is the p-value over all signs.
func exact(d []float64) float64 {
	var seen, abs float64
	for _, v := range d {
		seen += v
		abs += math.Abs(v)
	}
	extreme := 0
	for signs := range 1 << len(d) {
		var sum float64
		for u, v := range d {
			sum += v * float64(1-2*(signs>>u&1))
		}
		if math.Abs(sum) >= math.Abs(seen)-1e-9*abs {
			extreme++
		}
	}
	return float64(extreme) / float64(int(1)<<len(d))
}

// TestPairedLevel: without an effect, p ≤ .05 in about 5 of 100 cases.
func TestPairedLevel(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	rejected := 0
	for n := range 1000 {
		if Paired(normal(r, 50, 0, 1), 400, uint64(n)) <= .05 {
			rejected++
		}
	}
	if rejected < 29 || rejected > 71 {
		t.Errorf("%d of 1000", rejected)
	}
}

func TestHolm(t *testing.T) {
	for _, c := range []struct{ p, want []float64 }{
		{nil, nil},
		{[]float64{.03}, []float64{.03}},
		{[]float64{.01, .04, .03}, []float64{.03, .06, .06}}, // 3 × .01; 2 × .03; 1 × .04 raised to .06
		{[]float64{.5, .6}, []float64{1, 1}},
		{[]float64{.02, .02}, []float64{.04, .04}},
	} {
		got := Holm(c.p)
		if len(got) != len(c.want) {
			t.Fatalf("%v: %v", c.p, got)
		}
		for n := range got {
			if !near(got[n], c.want[n], 1e-15) {
				t.Errorf("%v: %v, want %v", c.p, got, c.want)
			}
		}
	}
}

func normal(r *rand.Rand, n int, mean, sd float64) []float64 {
	x := make([]float64, n)
	for u := range x {
		x[u] = mean + sd*r.NormFloat64()
	}
	return x
}

// moments returns the mean and its standard error.
func moments(x []float64) (mean, se float64) {
	for _, v := range x {
		mean += v / float64(len(x))
	}
	for _, v := range x {
		se += (v - mean) * (v - mean)
	}
	return mean, math.Sqrt(se) / float64(len(x))
}

// BenchmarkBootstrap is the size of one ML-1M row: 6,040 users, 12 metrics.
func BenchmarkBootstrap(b *testing.B) {
	x := normal(rand.New(rand.NewPCG(1, 1)), 6040*12, .1, .3)
	for b.Loop() {
		Bootstrap(x, 12, Resamples, 1)
	}
}

func BenchmarkPaired(b *testing.B) {
	x := normal(rand.New(rand.NewPCG(1, 1)), 6040, 0, .3)
	for b.Loop() {
		Paired(x, Resamples, 1)
	}
}
