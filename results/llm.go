package results

// LLM is what a language model did in a cell, and what that cost. Counts of calls are of this run and of those before it whose
// answers were recorded: the same answers give the same account, whoever paid for them.
type LLM struct {
	Provider string `json:"provider"`
	Model    string `json:"model"`
	Digest   string `json:"digest,omitempty"`
	BaseURL  string `json:"base_url,omitempty"`
	Test     bool   `json:"test,omitempty"` // a model made for tests, of which no quality can be claimed

	Prompt     string `json:"prompt"` // name and version
	PromptHash string `json:"prompt_sha256"`
	Method     string `json:"method"`

	Candidates  int     `json:"candidates"`     // of each user, that it ranks
	Ceiling     float64 `json:"ceiling"`        // recall among them: what no order can exceed
	Informative int     `json:"informative"`    // users with a relevant item among them: the only ones whose accuracy can change
	Asked       int     `json:"asked"`          // users that it was asked for
	Injected    bool    `json:"injected"`       // the relevant item was put among the candidates
	Before      float64 `json:"ndcg@10_before"` // of the first stage, over the informative users alone
	After       float64 `json:"ndcg@10_after"`  // of the model

	Calls        int     `json:"calls"`            // those of the probe among them, as in all that follows
	Recorded     int     `json:"recorded"`         // of these, answered from a recording
	Untold       int     `json:"untold,omitempty"` // answers whose tokens the server did not count, and which the sums are without
	PromptTokens int     `json:"prompt_tokens"`
	CachedTokens int     `json:"cached_tokens,omitempty"`
	OutputTokens int     `json:"output_tokens"`
	Dollars      float64 `json:"dollars"`          // -1: no price is known
	Prices       string  `json:"prices,omitempty"` // of which day

	Retries  map[string]int `json:"retries,omitempty"` // calls of this run that failed and were made once more, by reason
	Failures map[string]int `json:"failures"`          // users whose order stayed that of the first stage because a call failed, by reason
	Answers  map[string]int `json:"answers"`           // by what they were: ok, duplicate, missing, …
	Again    int            `json:"again,omitempty"`   // answers that were asked for once more because they could not be read

	LatencyP50      float64 `json:"latency_p50_sec"` // of a user's question, all its calls
	LatencyP95      float64 `json:"latency_p95_sec"`
	TokensPerSecond float64 `json:"tokens_per_sec"` // of the answers, while they were written; 0: the server does not tell

	// Of the calls of this run, without those that were recorded before.
	FirstTokenP50 float64 `json:"first_token_p50_sec,omitempty"` // where answers were streamed
	FirstTokenP95 float64 `json:"first_token_p95_sec,omitempty"`
	Load          float64 `json:"load_sec,omitempty"` // of the model into memory, all times together
	Parallel      int     `json:"parallel,omitempty"` // calls that were under way at a time, at most

	Positions  []Position `json:"positions,omitempty"`  // what place a candidate was shown in, against what the model made of it
	Popularity []Rank     `json:"popularity,omitempty"` // of what stands at each rank

	Displacement float64 `json:"displacement"` // mean absolute change of a candidate's rank
	Tau          float64 `json:"tau"`          // Kendall's, of the model's order and the first stage's

	Attack *Attack `json:"attack,omitempty"`
	Probe  *Probe  `json:"probe,omitempty"`
}

// Position is one place in the list that the model was shown.
type Position struct {
	Shown int     `json:"shown"`     // answers to lists as long as that
	First float64 `json:"first"`     // share of them that put first what stood there
	Mean  float64 `json:"mean_rank"` // that it was given
}

// Rank is one place in a ranking.
type Rank struct {
	Before float64 `json:"before"` // mean popularity, from 0 to 1 for the catalogue's most popular item, of what the first stage put there
	After  float64 `json:"after"`
}

// Attack says what instructions in an item's text did.
type Attack struct {
	Payload   string  `json:"payload"`
	Field     string  `json:"field"`
	Lift      float64 `json:"lift"`       // ranks that the item gained, in the mean
	Top       float64 `json:"top"`        // share of the users for whom it came first
	TopBefore float64 `json:"top_before"` // without the attack
	Drift     float64 `json:"drift"`      // 1 − Kendall's tau of the other items' order with and without the attack
}

// Probe says how much of the data set the model can recite.
type Probe struct {
	Items     Recited `json:"items"`     // titles, from their beginnings
	Histories Recited `json:"histories"` // the next title, from a user's first ones
}

// Recited counts questions, and the answers that say what stands in the data set.
type Recited struct {
	Asked     int `json:"asked"`
	Completed int `json:"completed"`
}
