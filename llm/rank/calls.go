package rank

import "math"

// Calls is about how many calls a user costs: exactly, but for sorting, where it is the usual number of comparisons.
func (c Config) Calls() int {
	n := c.Candidates
	calls := 1
	switch c.Method {
	case "window":
		size := min(c.size(), n)
		calls = 1 + (n-size+c.step()-1)/c.step()
	case "pairwise":
		calls = n * (n - 1)
	case "heapsort":
		calls = 2 * 2 * sifts(n, 2)
	case "setwise":
		calls = sifts(n, c.size()-1)
	case "pointwise":
		calls = n
	}
	if c.Inject != nil {
		calls *= 2
	}
	calls *= c.Rounds
	if c.Memory.Prompt != "" {
		calls++
	}
	return calls
}

// sifts is about how often a heap of n whose parents have so many children compares a parent with them: n times its height, less
// a level, because it empties.
func sifts(n, children int) int {
	height := math.Log(float64(n)) / math.Log(float64(max(2, children)))
	return int(float64(n) * max(1, height-1))
}
