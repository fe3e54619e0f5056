package embed

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"llm4rec/llm"
)

// Report says what became of the texts of a run. Equal texts count once.
type Report struct {
	Identity  llm.Identity `json:"identity"`
	Dimension int          `json:"dimension"` // of the vectors; 0: none has come yet

	Texts     int              `json:"texts"`               // different ones
	Cached    int              `json:"cached"`              // whose vector was in the cache
	Embedded  int              `json:"embedded"`            // whose vector came from a call
	Truncated int              `json:"truncated,omitempty"` // of the cached and embedded: cut to the model's window, as far as the server tells
	Lost      float64          `json:"lost,omitempty"`      // about what part of the tokens of all texts that cost: see cut
	Failed    map[llm.Kind]int `json:"failed,omitempty"`    // without a vector, by reason
	Untried   int              `json:"untried,omitempty"`   // not asked for, because the run ended before

	Calls   int              `json:"calls"`             // that were answered or failed, repeated ones included
	Retries map[llm.Kind]int `json:"retries,omitempty"` // calls that failed and were made once more, by reason
	Tokens  int              `json:"tokens,omitempty"`  // of the embedded texts, as far as the server tells

	// Live is the seconds from the first call's beginning to the last one's end. In them the Embedded texts were embedded;
	// what was Cached took no part, and where all was, Live is 0.
	Live float64 `json:"live_sec,omitempty"`
}

// Lacking is the number of texts without a vector.
func (r Report) Lacking() int { return r.Texts - r.Cached - r.Embedded }

func (r Report) clone() Report {
	r.Failed, r.Retries = maps.Clone(r.Failed), maps.Clone(r.Retries)
	return r
}

// IncompleteError says that some texts have no vector. Those of the others are in the cache, and the same run goes on from
// there.
type IncompleteError struct {
	Report Report
	Err    error // the first failure
}

func (e *IncompleteError) Error() string {
	var why []string
	for _, kind := range slices.Sorted(maps.Keys(e.Report.Failed)) {
		why = append(why, fmt.Sprintf("%d %s", e.Report.Failed[kind], kind))
	}
	if e.Report.Untried > 0 {
		why = append(why, fmt.Sprintf("%d not tried", e.Report.Untried))
	}
	return fmt.Sprintf("embed: %d of %d texts have no vector (%s); first: %v", e.Report.Lacking(), e.Report.Texts, strings.Join(why, ", "), e.Err)
}

func (e *IncompleteError) Unwrap() error { return e.Err }
