// Package reasons measures sentences that say why an item was recommended: whether what they rest on is so, and how much they
// differ from each other.
//
// Nobody who judges is asked, and nothing of what would be right is looked at: a reason is held against the user's history and
// the fields of items alone.
package reasons

// Kind is what a claim rests on.
type Kind string

// The kinds of claims.
const (
	History Kind = "history" // an item of the user's history
	Field   Kind = "field"   // a value of a field of the recommended item, and of the cited one if there is one
)

// Items that are none.
const (
	NoItem  int32 = -1 // no item is cited
	Unknown int32 = -2 // an item is cited that does not exist, as line 12 of a history of ten
)

// Claim is one thing that a reason rests on.
type Claim struct {
	Kind  Kind   `json:"kind"`
	Item  int32  `json:"-"` // cited, by its dense id; or NoItem or Unknown
	Field string `json:"field,omitempty"`
	Value string `json:"value,omitempty"`
}

// Cites tells whether the claim names an item of the history.
func (c Claim) Cites() bool { return c.Kind == History || c.Item != NoItem }

// Reason is the sentence for one recommended item of one user, with what it rests on.
type Reason struct {
	User     int32
	Item     int32
	History  []int32 // the user's, as far as the recommender was told
	Sentence string  // empty: there is none
	Claims   []Claim
}

// Summary is what there is to say of many reasons. A share of nothing is 0: the number that it is a share of stands before it.
type Summary struct {
	Asked   int `json:"asked"`   // items that a reason was wanted for
	Reasons int `json:"reasons"` // with a sentence, which everything below is of

	Grounded float64 `json:"grounded"` // share of the reasons that cite an item of the history

	Citations int     `json:"citations"`  // of items of the history, each once a reason
	InHistory float64 `json:"in_history"` // share that are in the history

	FieldClaims int     `json:"field_claims"`
	Exact       float64 `json:"exact"` // share that the fields support: see Catalogue.Supports
	Fuzzy       float64 `json:"fuzzy"`

	Mentions  int     `json:"mentions"`       // of titles in sentences: see Catalogue.Mentions
	Invented  float64 `json:"not_catalogue"`  // share that are of no item of the catalogue
	Elsewhere float64 `json:"not_of_history"` // share that are of items, but not of the recommended one nor of one in the history

	Features int     `json:"features"` // different values of fields in the catalogue
	FCR      float64 `json:"fcr"`
	DIV      float64 `json:"div"`
	USR      float64 `json:"usr"`
	Words    float64 `json:"words"` // in a sentence, in the mean
}

// Measure computes what can be said of reasons for items of a catalogue.
//
// FCR, DIV and USR are those of NETE (Li, Zhang & Chen, CIKM 2020), which PETER (Li, Zhang & Chen, ACL 2021, section 5.2) takes
// over. With N sentences, the set F of features and the set F_n of those that sentence n mentions:
//
//	FCR  |∪ F_n| / |F|                                    feature coverage ratio: more is better
//	DIV  2 / (N (N−1)) · Σ_{n<m} |F_n ∩ F_m|              feature diversity: less is better
//	USR  different sentences / N                          unique sentence ratio: more is better
//
// Deviations: features are the values of items' fields, where the papers take them from reviews; one may have several words;
// and one within a title, as War in “War and Peace”, is no mention of it. Sentences are equal when their words are.
func Measure(c *Catalogue, all []Reason) Summary {
	out := Summary{Asked: len(all), Features: len(c.features)}
	grounded, inHistory, exact, fuzzy, invented, elsewhere, words := 0, 0, 0, 0, 0, 0, 0
	mentioned := make([]int, len(c.features)) // sentences, by feature
	sentences := map[string]bool{}
	for _, r := range all {
		if r.Sentence == "" {
			continue
		}
		out.Reasons++
		cited, there := r.citations()
		out.Citations += cited
		inHistory += there
		if there > 0 {
			grounded++
		}
		for _, x := range r.Claims {
			if x.Kind != Field {
				continue
			}
			out.FieldClaims++
			e, f := c.Supports(r, x)
			exact, fuzzy = exact+one(e), fuzzy+one(f)
		}
		for _, m := range c.Mentions(r.Sentence) {
			out.Mentions++
			switch {
			case len(m.Items) == 0:
				invented++
			case !m.of(r):
				elsewhere++
			}
		}
		for _, f := range c.mentionedFeatures(r.Sentence) {
			mentioned[f]++
		}
		said := tokens(r.Sentence)
		words += len(said)
		sentences[join(said)] = true
	}
	out.Grounded, out.InHistory = Share(grounded, out.Reasons), Share(inHistory, out.Citations)
	out.Exact, out.Fuzzy = Share(exact, out.FieldClaims), Share(fuzzy, out.FieldClaims)
	out.Invented, out.Elsewhere = Share(invented, out.Mentions), Share(elsewhere, out.Mentions)
	covered, pairs := 0, 0
	for _, n := range mentioned {
		covered += one(n > 0)
		pairs += n * (n - 1) / 2
	}
	out.FCR, out.DIV = Share(covered, len(mentioned)), Share(pairs, out.Reasons*(out.Reasons-1)/2)
	out.USR, out.Words = Share(len(sentences), out.Reasons), Share(words, out.Reasons)
	return out
}

// citations counts the items that a reason cites, each once, and those of them that are in the history. Citations of what does
// not exist count each.
func (r Reason) citations() (cited, inHistory int) {
	seen := map[int32]bool{}
	for _, x := range r.Claims {
		if !x.Cites() || x.Item != Unknown && seen[x.Item] {
			continue
		}
		seen[x.Item] = true
		cited++
		inHistory += one(r.has(x.Item))
	}
	return cited, inHistory
}

// Cited are the items of the history that a reason cites, each once, in the order of the claims.
func (r Reason) Cited() []int32 {
	var out []int32
	seen := map[int32]bool{}
	for _, x := range r.Claims {
		if x.Cites() && !seen[x.Item] && r.has(x.Item) {
			seen[x.Item] = true
			out = append(out, x.Item)
		}
	}
	return out
}

func (r Reason) has(item int32) bool {
	for _, h := range r.History {
		if h == item {
			return true
		}
	}
	return false
}

func one(b bool) int {
	if b {
		return 1
	}
	return 0
}

// Share is a of b, and 0 of nothing.
func Share(a, b int) float64 {
	if b == 0 {
		return 0
	}
	return float64(a) / float64(b)
}
