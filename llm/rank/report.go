package rank

import (
	"maps"
	"slices"
	"time"
)

// Report says what a ranker's model did, since it was prepared. It is the same in whatever order users are asked for.
//
// Calls of an attack are counted twice over, once without it and once with it; the order that is compared with the first
// stage's is that with it.
type Report struct {
	Prompt     string `json:"prompt"`
	Version    int    `json:"version"`
	PromptHash string `json:"prompt_sha256"`
	Wording    string `json:"wording"`
	Method     string `json:"method"`

	Users        int           `json:"users"`            // that have an answer
	Calls        int           `json:"calls"`            // made, those that failed among them
	Recorded     int           `json:"recorded"`         // of these, answered from a recording
	Untold       int           `json:"untold,omitempty"` // answers whose tokens the server did not count, and which the sums are without
	Failures     int           `json:"failures"`         // calls that failed, and with them their users
	Again        int           `json:"asked_again"`
	Answers      map[Class]int `json:"answers"`
	PromptTokens int           `json:"prompt_tokens"`
	CachedTokens int           `json:"cached_tokens"`
	OutputTokens int           `json:"output_tokens"`

	Walls           []time.Duration `json:"-"`                     // of each user's calls, ascending
	TokensPerSecond float64         `json:"output_tokens_per_sec"` // while they were written; 0: the server does not tell

	Positions  []Position   `json:"positions"`
	Popularity []Popularity `json:"popularity"`

	Displacement float64 `json:"displacement"` // mean absolute change of a candidate's rank from the first stage's
	Tau          float64 `json:"tau"`          // Kendall's, over the pairs of all users, with the first stage

	Attack *Attack `json:"attack,omitempty"`
}

// Position is one place in the list that the model is shown, over all answers that name a candidate.
type Position struct {
	Shown int     `json:"shown"`     // answers to lists as long as that
	First float64 `json:"first"`     // share of them that put first what stood there
	Mean  float64 `json:"mean_rank"` // that it was given, where it was named; 0: no order was asked for
}

// Popularity is the mean popularity in training of what stands at a rank, from 0, the least popular item of the catalogue, to 1.
type Popularity struct {
	Before float64 `json:"before"` // of what the first stage put there
	After  float64 `json:"after"`
}

// Attack says what instructions in an item's text did.
type Attack struct {
	Payload   string  `json:"payload"`
	Field     string  `json:"field"`
	Users     int     `json:"users"`
	Lift      float64 `json:"lift"`       // ranks that the attacked item gained, in the mean
	Top       float64 `json:"top"`        // share of the users for whom it came first
	TopBefore float64 `json:"top_before"` // without the attack
	Drift     float64 `json:"drift"`      // 1 − Kendall's tau of the others, with and without it: 0 to 2
}

// Report says what has been done so far.
func (r *Ranker) Report() Report {
	t := r.tally
	t.mu.Lock()
	defer t.mu.Unlock()
	out := Report{
		Prompt: r.prompt.Name, Version: r.prompt.Version, PromptHash: r.prompt.Hash, Wording: r.config.Wording, Method: r.config.Method,
		Users: len(t.walls), Calls: t.calls, Recorded: t.recorded, Untold: t.untold, Failures: t.failures, Again: t.again, Answers: maps.Clone(t.answers),
		PromptTokens: t.promptTokens, CachedTokens: t.cachedTokens, OutputTokens: t.outputTokens,
		Walls:        slices.Sorted(slices.Values(t.walls)),
		Displacement: ratio(t.moved, t.ranked),
		Tau:          1 - 2*ratio(t.swapped, t.pairs),
	}
	if t.decode > 0 {
		out.TokensPerSecond = float64(t.timedTokens) / t.decode.Seconds()
	}
	for _, p := range t.place {
		out.Positions = append(out.Positions, Position{Shown: p.shown, First: ratio(p.first, p.shown), Mean: ratio(p.ranks, p.named)})
	}
	for _, s := range t.stands {
		all := 2 * s.users * (len(t.percentile) - 1)
		out.Popularity = append(out.Popularity, Popularity{Before: ratio(int(s.before), all), After: ratio(int(s.after), all)})
	}
	if a := r.config.Inject; a != nil {
		out.Attack = &Attack{
			Payload: a.Payload, Field: a.Field, Users: t.attacks, Lift: ratio(t.gained, t.attacks),
			Top: ratio(t.top, t.attacks), TopBefore: ratio(t.topBefore, t.attacks), Drift: 2 * ratio(t.drifted, t.driftable),
		}
	}
	return out
}

// ratio is 0 of nothing.
func ratio(a, b int) float64 {
	if b == 0 {
		return 0
	}
	return float64(a) / float64(b)
}
