package sequential

import (
	"math"
	"math/rand/v2"
	"sort"
)

// Streams of random numbers on the host, one for each purpose.
const (
	streamShuffle = 1 + iota
	streamNegatives
	streamMask
)

// streamWeights is the device's first stream for the networks' weights. Those of dropout, which count from 0 with the steps of
// a training, never come near it: a mask must not be drawn from the words that a weight was.
const streamWeights = 1 << 63

// random is the stream of a purpose in an epoch.
func (s *Spec) random(purpose uint64, epoch int) *rand.Rand {
	return rand.New(rand.NewPCG(s.Seed, purpose<<32|uint64(epoch)))
}

// packed is a batch of windows as the network takes it.
type packed struct {
	items, positions, targets, starts []int32
	ids                               []int32 // of the sampled losses: the target and the negatives of every position
	counted                           int     // positions with a target
}

// pack puts windows one after the other. positions count from the newest, which is 0, or from the oldest.
func (p *packed) pack(windows []window, fromStart bool) {
	p.items, p.positions, p.targets, p.ids, p.counted = p.items[:0], p.positions[:0], p.targets[:0], p.ids[:0], 0
	p.starts = append(p.starts[:0], 0)
	for _, w := range windows {
		p.items = append(p.items, w.inputs...)
		p.targets = append(p.targets, w.targets...)
		for n := range w.inputs {
			if !fromStart {
				n = len(w.inputs) - 1 - n
			}
			p.positions = append(p.positions, int32(n))
		}
		p.starts = append(p.starts, int32(len(p.items)))
	}
	for _, t := range p.targets {
		if t >= 0 {
			p.counted++
		}
	}
}

// mask hides items, each with the given probability, at least one a window; what is hidden is the target (Sun et al. 2019,
// section 3.6, but that a hidden item is always replaced by the mask). In one of ten windows the newest item alone is hidden:
// it is what the network will be asked for.
func mask(w window, rate float64, token int32, r *rand.Rand) window {
	out := window{append([]int32(nil), w.inputs...), make([]int32, len(w.inputs))}
	some := false
	newest := r.Float64() < .1
	for n, item := range w.inputs {
		out.targets[n] = -1
		if newest && n == len(w.inputs)-1 || !newest && r.Float64() < rate {
			out.inputs[n], out.targets[n], some = token, item, true
		}
	}
	if !some {
		n := r.IntN(len(w.inputs))
		out.inputs[n], out.targets[n] = token, w.inputs[n]
	}
	return out
}

// sampler draws negatives.
type sampler struct {
	items      int
	cumulative []float64 // of popularity; nil: uniform
}

func newSampler(popularity []int64, from string) *sampler {
	s := &sampler{items: len(popularity)}
	if from == Popularity {
		total := 0.0
		for _, n := range popularity {
			total += float64(n)
			s.cumulative = append(s.cumulative, total)
		}
	}
	return s
}

// logarithms are log q of every item; items that are never drawn have that of half an interaction.
func (s *sampler) logarithms() []float32 {
	out := make([]float32, s.items)
	for i := range out {
		q := 1 / float64(s.items)
		if s.cumulative != nil {
			n := s.cumulative[i]
			if i > 0 {
				n -= s.cumulative[i-1]
			}
			q = max(n, .5) / s.cumulative[s.items-1]
		}
		out[i] = float32(math.Log(q))
	}
	return out
}

func (s *sampler) draw(r *rand.Rand) int32 {
	if s.cumulative == nil {
		return int32(r.IntN(s.items))
	}
	x := r.Float64() * s.cumulative[s.items-1]
	return int32(min(s.items-1, sort.Search(s.items, func(i int) bool { return s.cumulative[i] > x })))
}

// sample gives every position its target and so many negatives other than it. One that is drawn equal stays out.
func (p *packed) sample(s *sampler, negatives int, r *rand.Rand) {
	for _, t := range p.targets {
		p.ids = append(p.ids, t)
		for range negatives {
			n := int32(-1)
			if t >= 0 {
				if n = s.draw(r); n == t {
					n = -1
				}
			}
			p.ids = append(p.ids, n)
		}
	}
}
