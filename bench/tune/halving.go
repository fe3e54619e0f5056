package tune

import "math"

// A level is one round of successive halving: how many configurations are fitted, and with how much of the resource.
type level struct {
	trials   int
	resource int // 0 where the system has none
}

// levels plans the rounds for that many configurations. A round that would drop none is left out.
func (b Budget) levels(trials int, r *Resource) []level {
	if r == nil {
		return []level{{trials, 0}}
	}
	var out []level
	n := trials
	for j := range b.Halvings + 1 {
		l := level{n, r.Most}
		if b.Halvings > 0 {
			part := float64(j) / float64(b.Halvings)
			l.resource = int(math.Round(float64(r.Least) * math.Pow(float64(r.Most)/float64(r.Least), part)))
		}
		if last := len(out) - 1; last >= 0 && out[last].trials == n {
			out[last] = l
		} else {
			out = append(out, l)
		}
		n = max(1, n/b.Eta)
	}
	return out
}
