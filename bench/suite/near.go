package suite

import "slices"

// near returns the names that a misspelt one may mean, the likeliest first.
func near(name string, names []string) []string {
	limit := max(1, len(name)/3)
	like := make([]string, 0, len(names))
	for _, n := range names {
		if distance(name, n) <= limit {
			like = append(like, n)
		}
	}
	slices.SortStableFunc(like, func(a, b string) int { return distance(name, a) - distance(name, b) })
	return like
}

// distance is Levenshtein's: the fewest bytes to insert, delete or change.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
