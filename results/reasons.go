package results

// Reasons say how good the reasons are that a cell gave for what another recommended. Package eval/reasons defines the measures.
type Reasons struct {
	Kind    string `json:"kind"` // template, or llm
	Name    string `json:"name"` // of the template or the prompt
	Version int    `json:"version"`
	Hash    string `json:"sha256"`
	K       int    `json:"k"` // of each list, that were explained

	Asked     int     `json:"asked"`   // items that a reason was wanted for
	Failed    int     `json:"failed"`  // of these, without one because a call failed
	Reasons   int     `json:"reasons"` // with a sentence, which everything below is of
	Grounded  float64 `json:"grounded"`
	InHistory float64 `json:"in_history"`
	Exact     float64 `json:"exact"`
	Fuzzy     float64 `json:"fuzzy"`
	Invented  float64 `json:"not_catalogue"`
	Elsewhere float64 `json:"not_of_history"`
	FCR       float64 `json:"fcr"`
	DIV       float64 `json:"div"`
	USR       float64 `json:"usr"`
	Words     float64 `json:"words"`

	Account *Account `json:"llm,omitempty"`
	List    string   `json:"list_sha256"` // of the file of reasons
}

// Account is what a language model was asked outside of ranking, and what that cost.
type Account struct {
	Provider string `json:"provider"`
	Model    string `json:"model"`
	Digest   string `json:"digest,omitempty"`
	Test     bool   `json:"test,omitempty"` // a model made for tests, of which no quality can be claimed

	Calls        int            `json:"calls"`    // made, those that failed among them
	Recorded     int            `json:"recorded"` // of these, answered from a recording
	Failures     int            `json:"failures"`
	Answers      map[string]int `json:"answers"` // by what they were
	PromptTokens int            `json:"prompt_tokens"`
	CachedTokens int            `json:"cached_tokens"`
	OutputTokens int            `json:"output_tokens"`

	Dollars    float64 `json:"dollars"`          // -1: no price is known
	Prices     string  `json:"prices,omitempty"` // of which day
	LatencyP50 float64 `json:"latency_p50_sec"`  // of a call
	LatencyP95 float64 `json:"latency_p95_sec"`
}

// Reason is why one item was recommended to one user.
type Reason struct {
	User     string  `json:"user" parquet:"user"`
	Rank     int32   `json:"rank" parquet:"rank"`
	Item     string  `json:"item" parquet:"item"`
	Title    string  `json:"title" parquet:"title"`
	Sentence string  `json:"sentence" parquet:"sentence"`
	Class    string  `json:"class,omitempty" parquet:"class"` // empty: the call failed
	Error    string  `json:"error,omitempty" parquet:"error"`
	Claims   []Claim `json:"claims" parquet:"claims,list"`
}

// Claim is what a reason rests on.
type Claim struct {
	Kind      string  `json:"kind" parquet:"kind"` // history, or field
	Field     string  `json:"field,omitempty" parquet:"field"`
	Value     string  `json:"value,omitempty" parquet:"value"`
	Item      string  `json:"item,omitempty" parquet:"item"` // cited, of the history; "?" where there is none such
	Title     string  `json:"title,omitempty" parquet:"title"`
	Cosine    float64 `json:"cosine,omitempty" parquet:"cosine"` // of the cited item and the recommended one, in training
	Users     int32   `json:"users,omitempty" parquet:"users"`   // who have both there
	Supported bool    `json:"supported" parquet:"supported"`     // a field claim exactly
}

const reasonsEnd = ".reasons.parquet"

// PutReasons stores the reasons of a cell, before its record, and returns the checksum that the record must have.
func (s *Store) PutReasons(id string, list []Reason) (string, error) {
	return s.putBeside(id, reasonsEnd, func() ([]byte, error) { return encode(list) })
}

// Reasons reads the reasons of a finished cell that has some.
func (s *Store) Reasons(rec Record) ([]Reason, error) {
	if rec.Reasons == nil {
		return nil, nil
	}
	return decode[Reason](s.cell(rec.ID, reasonsEnd), rec.Reasons.List)
}
