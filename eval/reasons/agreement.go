package reasons

// Fleiss is the agreement of several votes on each of several subjects, beyond what chance gives: κ = (P̄ − P̄e) / (1 − P̄e)
// (Fleiss 1971). counts has a row for each subject, with the number of votes for each category; every row has as many votes,
// two at least. Where all votes are for one category there is no chance to agree beyond, and it is 1.
func Fleiss(counts [][]int) float64 {
	if len(counts) == 0 {
		return 0
	}
	votes := 0
	for _, c := range counts[0] {
		votes += c
	}
	if votes < 2 {
		panic("reasons: Fleiss of fewer than two votes")
	}
	agree := 0.0
	all := make([]int, len(counts[0]))
	for _, row := range counts {
		pairs, sum := 0, 0
		for k, c := range row {
			pairs += c * (c - 1)
			sum += c
			all[k] += c
		}
		if sum != votes {
			panic("reasons: Fleiss of subjects with different numbers of votes")
		}
		agree += float64(pairs) / float64(votes*(votes-1))
	}
	chance := 0.0
	for _, c := range all {
		p := float64(c) / float64(votes*len(counts))
		chance += p * p
	}
	return kappa(agree/float64(len(counts)), chance)
}

// Cohen is the agreement of two raters, each of whom gave every subject one of so many categories: κ = (po − pe) / (1 − pe)
// (Cohen 1960).
func Cohen(a, b []int, categories int) float64 {
	if len(a) != len(b) {
		panic("reasons: Cohen of raters with different numbers of subjects")
	}
	if len(a) == 0 {
		return 0
	}
	agree := 0
	x, y := make([]int, categories), make([]int, categories)
	for n := range a {
		agree += one(a[n] == b[n])
		x[a[n]]++
		y[b[n]]++
	}
	n := float64(len(a))
	chance := 0.0
	for k := range x {
		chance += float64(x[k]) / n * float64(y[k]) / n
	}
	return kappa(float64(agree)/n, chance)
}

func kappa(agree, chance float64) float64 {
	if chance == 1 {
		return 1
	}
	return (agree - chance) / (1 - chance)
}
