package reasons

import "math"

// Pair is a sentence with a reference, such as what the user wrote.
type Pair struct{ Candidate, Reference string }

// Overlap is what sentences and references have in common.
type Overlap struct {
	Pairs  int     `json:"pairs"`
	BLEU1  float64 `json:"bleu_1"`
	BLEU4  float64 `json:"bleu_4"`
	ROUGE1 Rouge   `json:"rouge_1"`
	ROUGE2 Rouge   `json:"rouge_2"`
	ROUGEL Rouge   `json:"rouge_l"`
}

// Compare computes them all.
func Compare(pairs []Pair) Overlap {
	return Overlap{len(pairs), BLEU(pairs, 1), BLEU(pairs, 4), ROUGE(pairs, 1), ROUGE(pairs, 2), ROUGEL(pairs)}
}

// BLEU of n-grams up to the given order, over all sentences together: the geometric mean, with equal weights, of the shares of
// the candidates' n-grams that their references have, each counted at most as often as there, times the brevity penalty
// exp(min(0, 1 − r/c)) for r words in the references and c in the candidates (Papineni et al., ACL 2002, section 2.3; one
// reference each, no smoothing). It is 0 where an order has no common n-gram. Words are runs of letters and digits in lower
// case, without punctuation: other tokenisations give other values (Post, WMT 2018).
func BLEU(pairs []Pair, order int) float64 {
	common, all := make([]int, order), make([]int, order)
	candidate, reference := 0, 0
	for _, p := range pairs {
		x, y := tokens(p.Candidate), tokens(p.Reference)
		candidate, reference = candidate+len(x), reference+len(y)
		for n := range order {
			c, a := overlap(x, y, n+1)
			common[n], all[n] = common[n]+c, all[n]+a
		}
	}
	sum := 0.0
	for n := range order {
		if common[n] == 0 {
			return 0
		}
		sum += math.Log(float64(common[n]) / float64(all[n]))
	}
	return math.Exp(sum/float64(order) + min(0, 1-float64(reference)/float64(candidate)))
}

// Rouge is precision, recall and their harmonic mean.
type Rouge struct {
	Precision float64 `json:"precision"`
	Recall    float64 `json:"recall"`
	F1        float64 `json:"f1"`
}

// ROUGE of n-grams of one order: the common ones, each counted at most as often as on the other side, as a share of the
// candidate's and of the reference's (Lin 2004, section 2), in the mean over the pairs. Nothing is stemmed and no word left out.
func ROUGE(pairs []Pair, order int) Rouge {
	return meanRouge(pairs, func(x, y []string) (common, a, b int) {
		common, a = overlap(x, y, order)
		return common, a, max(0, len(y)-order+1)
	})
}

// ROUGEL is ROUGE of the longest common subsequence of words (Lin 2004, section 3.1, with β = 1), in the mean over the pairs.
func ROUGEL(pairs []Pair) Rouge {
	return meanRouge(pairs, func(x, y []string) (common, a, b int) { return subsequence(x, y), len(x), len(y) })
}

func meanRouge(pairs []Pair, count func(x, y []string) (common, a, b int)) Rouge {
	var out Rouge
	for _, pair := range pairs {
		common, a, b := count(tokens(pair.Candidate), tokens(pair.Reference))
		p, r := Share(common, a), Share(common, b)
		out.Precision += p
		out.Recall += r
		if common > 0 {
			out.F1 += 2 * p * r / (p + r)
		}
	}
	if n := float64(len(pairs)); n > 0 {
		out.Precision, out.Recall, out.F1 = out.Precision/n, out.Recall/n, out.F1/n
	}
	return out
}

// overlap counts the n-grams of a that b has too, and those of a.
func overlap(a, b []string, n int) (common, all int) {
	left := map[string]int{}
	for k := 0; k+n <= len(b); k++ {
		left[join(b[k:k+n])]++
	}
	for k := 0; k+n <= len(a); k++ {
		all++
		if g := join(a[k : k+n]); left[g] > 0 {
			left[g]--
			common++
		}
	}
	return common, all
}

// subsequence is the length of the longest one that two lists share.
func subsequence(a, b []string) int {
	row := make([]int, len(b)+1)
	for _, x := range a {
		diagonal := 0
		for j, y := range b {
			above := row[j+1]
			if x == y {
				row[j+1] = diagonal + 1
			} else {
				row[j+1] = max(above, row[j])
			}
			diagonal = above
		}
	}
	return row[len(b)]
}
