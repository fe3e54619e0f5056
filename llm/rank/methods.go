package rank

import (
	"cmp"
	"context"
	"slices"

	"llm4rec/llm"
)

// listwise asks once for the order of all. What the answer lacks follows as the first stage has it, however it was shown.
func (s *session) listwise(ctx context.Context, shown []int) ([]int, error) {
	order, err := s.ranked(ctx, shown)
	return complete(order, slices.Sorted(slices.Values(shown))), err
}

// window asks for the order of the last candidates, moves towards the first by a step, and asks again, until the first has been
// in a window (Sun et al., EMNLP 2023, "Is ChatGPT good at search?"): a good candidate is carried all the way. What an answer
// lacks follows as it stood in the window. RankGPT's code ends when a window would begin before the first candidate, which
// leaves some unasked at some lengths; here the last window has the first candidates, and overlaps more.
func (s *session) window(ctx context.Context, shown []int) ([]int, error) {
	out, size := slices.Clone(shown), min(s.config.size(), len(shown))
	for end := len(out); ; end = max(size, end-s.config.step()) {
		part := out[end-size : end]
		order, err := s.ranked(ctx, part)
		if err != nil {
			return nil, err
		}
		copy(part, complete(order, part))
		if end == size {
			return out, nil
		}
	}
}

// pairwise asks for each pair in both orders (Qin et al., NAACL 2024, "Pairwise ranking prompting", PRP-Allpair): a candidate
// that wins both has a point, and each has half a point where the answers differ. Equal points fall as the first stage has them.
func (s *session) pairwise(ctx context.Context, shown []int) ([]int, error) {
	points := make(map[int]int, len(shown)) // twice
	for n, a := range shown {
		for _, b := range shown[n+1:] {
			winner, err := s.duel(ctx, a, b)
			switch {
			case err != nil:
				return nil, err
			case winner < 0:
				points[a]++
				points[b]++
			default:
				points[winner] += 2
			}
		}
	}
	return slices.SortedFunc(slices.Values(shown), func(a, b int) int {
		return cmp.Or(cmp.Compare(points[b], points[a]), cmp.Compare(a, b))
	}), nil
}

// duel is the candidate that is preferred wherever it stands, or -1.
func (s *session) duel(ctx context.Context, a, b int) (int, error) {
	first, err := s.best(ctx, []int{a, b})
	if err != nil {
		return -1, err
	}
	second, err := s.best(ctx, []int{b, a})
	if err != nil || first != second {
		return -1, err
	}
	return first, nil
}

// heapsort is PRP-Sorting: a duel a comparison. Where a duel has no winner, the first stage decides.
func (s *session) heapsort(ctx context.Context, shown []int) ([]int, error) {
	return heapsort(shown, 2, func(set []int) (int, error) {
		best := set[0]
		for _, x := range set[1:] {
			winner, err := s.duel(ctx, best, x)
			if err != nil {
				return -1, err
			}
			if winner < 0 {
				winner = min(best, x)
			}
			best = winner
		}
		return best, nil
	})
}

// setwise is a heapsort whose comparison asks for the best of a parent and all its children (Zhuang et al., SIGIR 2024, "A
// setwise approach for effective and highly efficient zero-shot ranking"). Where an answer has no best, the first stage decides.
func (s *session) setwise(ctx context.Context, shown []int) ([]int, error) {
	return heapsort(shown, s.config.size()-1, func(set []int) (int, error) {
		best, err := s.best(ctx, set)
		if err == nil && best < 0 {
			best = slices.Min(set)
		}
		return best, err
	})
}

// heapsort sorts, best first, by a heap in which a parent has that many children. best picks one of at least two.
func heapsort(items []int, children int, best func(set []int) (int, error)) ([]int, error) {
	heap := slices.Clone(items)
	sift := func(at int) error {
		for {
			first := at*children + 1
			if first >= len(heap) {
				return nil
			}
			set := append([]int{heap[at]}, heap[first:min(first+children, len(heap))]...)
			winner, err := best(set)
			if err != nil || winner == heap[at] {
				return err
			}
			to := first + slices.Index(set[1:], winner)
			heap[at], heap[to] = heap[to], heap[at]
			at = to
		}
	}
	for at := (len(heap) - 2) / children; at >= 0; at-- {
		if err := sift(at); err != nil {
			return nil, err
		}
	}
	var out []int
	for len(heap) > 1 {
		last := len(heap) - 1
		out = append(out, heap[0])
		heap[0], heap = heap[last], heap[:last]
		if err := sift(0); err != nil {
			return nil, err
		}
	}
	return append(out, heap...), nil
}

// pointwise asks for each candidate whether it is the one, and ranks by the probability of yes. Those without a readable
// answer follow as the first stage has them. No schema is sent: under a constraint, probabilities are not the model's own.
func (s *session) pointwise(ctx context.Context, shown []int) ([]int, error) {
	odds := map[int]float64{}
	var order []int
	for _, x := range shown {
		missing := error(nil)
		err := s.ask(ctx, []int{x}, alternatives, nil, func(r llm.Response) Class {
			if len(r.Tokens) == 0 && r.Finish != llm.Filtered {
				missing = errNoLogprobs
			}
			value, class := parseYes(r)
			if class == OK {
				odds[x] = value
			}
			return class
		})
		if err := cmp.Or(err, missing); err != nil {
			return nil, err
		}
		if _, ok := odds[x]; ok {
			order = append(order, x)
		}
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Or(cmp.Compare(odds[b], odds[a]), cmp.Compare(a, b)) })
	return complete(order, slices.Sorted(slices.Values(shown))), nil
}
