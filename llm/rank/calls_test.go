package rank

import (
	"testing"

	"llm4rec/llm"
	"llm4rec/models"
)

// What a plan says of calls is what a user costs: exactly where nothing is sorted, within a factor of two where it is.
func TestCalls(t *testing.T) {
	for method, exact := range map[string]bool{"listwise": true, "window": true, "pairwise": true, "heapsort": false, "setwise": false} {
		for _, n := range []int{4, 11, 20} {
			for _, rounds := range []int{1, 3} {
				c := Default()
				c.Method, c.Candidates, c.Rounds, c.Order = method, n, rounds, "shuffled"
				f := says(`{"best":1}`, llm.Stop)
				if _, err := prepared(t, c, f, catalogue(40)).Rank(t.Context(), models.Query{}, firstStage(5, 30)); err != nil {
					t.Fatal(err)
				}
				asked, want := len(f.asked), c.Calls()
				if exact && asked != want || asked > 2*want || want > 2*asked+4*rounds {
					t.Errorf("%s of %d in %d rounds: %d calls, want about %d", method, n, rounds, asked, want)
				}
			}
		}
	}
}
