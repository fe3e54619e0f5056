package sequential

import (
	"slices"
	"testing"
)

func spec(change func(s *Spec)) *Spec {
	s := &Spec{Training: DefaultTraining()}
	s.MaxLength = 3
	change(s)
	return s
}

// A history of 8 items has 7 targets, 1 … 7.
func TestCut(t *testing.T) {
	history := []int32{0, 1, 2, 3, 4, 5, 6, 7}
	for _, c := range []struct {
		windows string
		masked  float64
		want    []window
	}{
		{WindowsAll, 0, []window{{[]int32{4, 5, 6}, []int32{5, 6, 7}}, {[]int32{1, 2, 3}, []int32{2, 3, 4}}, {[]int32{0}, []int32{1}}}},
		{WindowsLast, 0, []window{{[]int32{4, 5, 6}, []int32{5, 6, 7}}}},
		{WindowsPrefixes, 0, []window{
			{[]int32{4, 5, 6}, []int32{-1, -1, 7}}, {[]int32{3, 4, 5}, []int32{-1, -1, 6}}, {[]int32{2, 3, 4}, []int32{-1, -1, 5}},
			{[]int32{1, 2, 3}, []int32{-1, -1, 4}}, {[]int32{0, 1, 2}, []int32{-1, -1, 3}}, {[]int32{0, 1}, []int32{-1, 2}}, {[]int32{0}, []int32{1}},
		}},
		{WindowsAll, .2, []window{{inputs: []int32{6, 7}}, {inputs: []int32{4, 5}}, {inputs: []int32{2, 3}}, {inputs: []int32{0, 1}}}},
		{WindowsLast, .2, []window{{inputs: []int32{6, 7}}}},
	} {
		s := spec(func(s *Spec) { s.Windows, s.Masked = c.windows, c.masked })
		got := s.cut([][]int32{nil, history, {3}})
		if c.masked > 0 {
			c.want = append(c.want, window{inputs: []int32{3}})
		}
		if !slices.EqualFunc(got, c.want, func(a, b window) bool {
			return slices.Equal(a.inputs, b.inputs) && slices.Equal(a.targets, b.targets)
		}) {
			t.Errorf("%s, masked %g: got %v, want %v", c.windows, c.masked, got, c.want)
		}
	}
}

func TestPack(t *testing.T) {
	windows := []window{{[]int32{5, 6, 7}, []int32{6, 7, -1}}, {[]int32{2}, []int32{3}}}
	for fromStart, positions := range map[bool][]int32{false: {2, 1, 0, 0}, true: {0, 1, 2, 0}} {
		var p packed
		p.pack(windows[:1], fromStart)
		p.pack(windows, fromStart) // nothing of the first is left
		if !slices.Equal(p.items, []int32{5, 6, 7, 2}) || !slices.Equal(p.targets, []int32{6, 7, -1, 3}) ||
			!slices.Equal(p.starts, []int32{0, 3, 4}) || !slices.Equal(p.positions, positions) || p.counted != 3 {
			t.Errorf("from start %t: %+v", fromStart, p)
		}
	}
}

// What is hidden is a target, what is not hidden is none; at least one is hidden, and about as many as asked for.
func TestMask(t *testing.T) {
	s := spec(func(*Spec) {})
	r, hidden, n := s.random(streamMask, 0), 0, 0
	w := window{inputs: []int32{4, 5, 6, 7, 8, 9, 1, 2, 3, 0}}
	for range 2000 {
		m, some := mask(w, .3, 99, r), 0
		for i, item := range w.inputs {
			switch {
			case m.inputs[i] == 99 && m.targets[i] == item:
				some++
			case m.inputs[i] != item || m.targets[i] != -1:
				t.Fatalf("%v of %v", m, w)
			}
		}
		if some == 0 {
			t.Fatal("nothing is hidden")
		}
		hidden += some
		n += len(w.inputs)
	}
	// A tenth of the windows hides one of ten.
	if share := float64(hidden) / float64(n); share < .27 || share > .295 {
		t.Errorf("%.3f are hidden, want about .283", share)
	}
}

// Negatives are never the target, and come as often as their distribution says.
func TestSample(t *testing.T) {
	popularity := []int64{6, 0, 3, 1}
	for from, want := range map[string][]float64{Uniform: {.25, .25, .25, .25}, Popularity: {.6, 0, .3, .1}} {
		s := newSampler(popularity, from)
		p := packed{targets: []int32{2, -1}}
		p.sample(s, 30000, spec(func(*Spec) {}).random(streamNegatives, 1))
		count := make([]float64, 4)
		for _, id := range p.ids[1:30001] {
			if id == 2 {
				t.Fatal("the target is a negative")
			}
			if id >= 0 {
				count[id] += 1. / 30000
			}
		}
		for i, c := range count {
			if i != 2 && (c < want[i]-.01 || c > want[i]+.01) {
				t.Errorf("%s: item %d is %.3f of the negatives, want %.3f", from, i, c, want[i])
			}
		}
		if p.ids[0] != 2 || slices.Max(p.ids[30001:]) != -1 {
			t.Errorf("%s: the target, or a position without one", from)
		}
	}
}

// By hand: α = 2/4 of the negatives, t = .75: β = .5·(.75·(1 − 2) + 2) = .625.
func TestSchedule(t *testing.T) {
	s := spec(func(s *Spec) { s.Loss, s.Negatives, s.LearningRate, s.Warmup = GBCE, 2, .4, 2 })
	if got := s.beta(5); got != .625 {
		t.Errorf("β = %g, want .625", got)
	}
	s.Loss = BCE
	if got := s.beta(5); got != 1 {
		t.Errorf("β of bce = %g, want 1", got)
	}
	for decay, want := range map[string][]float64{"none": {.2, .4, .4, .4, .4}, "linear": {.2, .4, .4, .3, .2}, "cosine": {.2, .4, .4, .4 * .8535533905932737, .2}} {
		s.Decay = decay
		for step, w := range want {
			if got := s.rate(step, 6); got < w-1e-12 || got > w+1e-12 {
				t.Errorf("%s: step %d: %g, want %g", decay, step, got, w)
			}
		}
	}
}
