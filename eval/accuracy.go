package eval

import (
	"math"
	"slices"
)

// The functions here get the list already cut at k. R is the set of relevant items, rel(r) is 1 if the item at rank r
// (from 1) is in R.

func relevantAt(relevant []int32, item int32) bool {
	_, ok := slices.BinarySearch(relevant, item)
	return ok
}

func found(ranked, relevant []int32) int {
	n := 0
	for _, i := range ranked {
		if relevantAt(relevant, i) {
			n++
		}
	}
	return n
}

// recall is Σ rel(r) / |R|. It divides by |R|, also where |R| > k.
func recall(ranked, relevant []int32, _ int, _ *Catalogue) float64 {
	return float64(found(ranked, relevant)) / float64(len(relevant))
}

func hit(ranked, relevant []int32, _ int, _ *Catalogue) float64 {
	return float64(min(1, found(ranked, relevant)))
}

// precision is Σ rel(r) / k, also where the list is shorter than k.
func precision(ranked, relevant []int32, k int, _ *Catalogue) float64 {
	return float64(found(ranked, relevant)) / float64(k)
}

// ndcg is DCG / IDCG with DCG = Σ rel(r) / log2(r+1) and IDCG = Σ_{r=1}^{min(k,|R|)} 1 / log2(r+1)
// (Järvelin & Kekäläinen 2002, with binary gain).
func ndcg(ranked, relevant []int32, k int, _ *Catalogue) float64 {
	dcg, ideal := 0.0, 0.0
	for r, i := range ranked {
		if relevantAt(relevant, i) {
			dcg += 1 / math.Log2(float64(r+2))
		}
	}
	for r := range min(k, len(relevant)) {
		ideal += 1 / math.Log2(float64(r+2))
	}
	return dcg / ideal
}

// mrr is 1 / the rank of the first relevant item, 0 if there is none within k.
func mrr(ranked, relevant []int32, _ int, _ *Catalogue) float64 {
	for r, i := range ranked {
		if relevantAt(relevant, i) {
			return 1 / float64(r+1)
		}
	}
	return 0
}

// averagePrecision is Σ rel(r) · precision@r / |R|. It divides by |R|, as trec_eval does, not by min(k, |R|).
func averagePrecision(ranked, relevant []int32, _ int, _ *Catalogue) float64 {
	n, sum := 0, 0.0
	for r, i := range ranked {
		if relevantAt(relevant, i) {
			n++
			sum += float64(n) / float64(r+1)
		}
	}
	return sum / float64(len(relevant))
}
