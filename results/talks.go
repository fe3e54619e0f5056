package results

import "fmt"

// Agent is what an agent did, over all its turns in a cell.
type Agent struct {
	Planner    string         `json:"planner"`
	Prompt     string         `json:"prompt_sha256,omitempty"` // of all that models are told, none for the scripted policy
	Turns      int            `json:"turns"`
	Ends       map[string]int `json:"ends"` // of turns, by how they ended
	ToolCalls  int            `json:"tool_calls"`
	ToolErrors int            `json:"tool_errors"` // of these, answered with an error
	Account    *Account       `json:"llm,omitempty"`
	Critic     *Account       `json:"critic,omitempty"` // where another model than the actor reviews
	TurnP50    float64        `json:"turn_p50_sec"`
	TurnP95    float64        `json:"turn_p95_sec"`
}

// Dialogue is what came of an agent's conversations with simulated users. Package eval/dialogue defines the measures, which are
// computed from the list of conversations.
type Dialogue struct {
	Agent     Agent    `json:"agent"`
	Simulator string   `json:"simulator"` // rules, or the prompt of a language model
	User      *Account `json:"user_llm,omitempty"`

	Turns   int `json:"turns"` // of the agent, at most
	K       int `json:"k"`     // items of a turn that the user reads
	Repeats int `json:"repeats"`

	Outcomes  map[string]int `json:"outcomes"`
	Fields    []string       `json:"fields"`     // that constraints are about
	AtBest    []float64      `json:"at_best"`    // minimum, quartiles and maximum of the items that all constraints of a task leave
	Left      []float64      `json:"left"`       // likewise of those that were consistent with what had been said, at the end
	GivenAway int            `json:"given_away"` // conversations at whose end one was left
	Within    int            `json:"within_k"`   // with no more left than the user reads
	Excluded  int            `json:"excluded"`   // items that were recommended although they must not be
	Unknown   int            `json:"unknown"`    // that are none
	Repeated  int            `json:"repeated"`   // that the user had rejected
	Replaced  map[string]int `json:"replaced,omitempty"`

	List string `json:"list_sha256"` // of the file of conversations
}

// Talk is one conversation.
type Talk struct {
	User    string `json:"user" parquet:"user"`
	Repeat  int32  `json:"repeat" parquet:"repeat"`
	Target  string `json:"target" parquet:"target"` // raw id
	Outcome string `json:"outcome" parquet:"outcome"`
	Rank    int32  `json:"rank" parquet:"rank"` // of the target in the last turn; 0: it was not found
	Turns   int32  `json:"turns" parquet:"turns"`
	Left    int32  `json:"left" parquet:"left"`
	Error   string `json:"error,omitempty" parquet:"error"`

	// Pairs of a recommended item and a constraint: how many hold, of how many.
	Volunteered   int32 `json:"volunteered" parquet:"volunteered"`
	VolunteeredOf int32 `json:"volunteered_of" parquet:"volunteered_of"`
	OnAsk         int32 `json:"on_ask" parquet:"on_ask"`
	OnAskOf       int32 `json:"on_ask_of" parquet:"on_ask_of"`
	Hidden        int32 `json:"hidden" parquet:"hidden"`
	HiddenOf      int32 `json:"hidden_of" parquet:"hidden_of"`
	Known         int32 `json:"known" parquet:"known"` // whose constraint was said before
	KnownOf       int32 `json:"known_of" parquet:"known_of"`
	Items         int32 `json:"items" parquet:"items"` // recommended items that hold all constraints
	ItemsOf       int32 `json:"items_of" parquet:"items_of"`

	Calls        int32   `json:"calls" parquet:"calls"`
	PromptTokens int32   `json:"prompt_tokens" parquet:"prompt_tokens"`
	OutputTokens int32   `json:"output_tokens" parquet:"output_tokens"`
	ToolCalls    int32   `json:"tool_calls" parquet:"tool_calls"`
	ToolErrors   int32   `json:"tool_errors" parquet:"tool_errors"`
	Seconds      float64 `json:"seconds" parquet:"seconds"`

	Said []Utterance `json:"said" parquet:"said,list"`
}

// Utterance is what was said in a conversation, by turns.
type Utterance struct {
	User  string   `json:"user" parquet:"user"`
	Agent string   `json:"agent" parquet:"agent"`
	Items []string `json:"items" parquet:"items,list"` // recommended, raw ids
	End   string   `json:"end" parquet:"end"`
	Trace string   `json:"trace" parquet:"trace"` // what the agent did, as JSON
}

const talksEnd = ".talks.parquet"

// PutTalks stores the conversations of a cell, before its record, and returns the checksum that the record must have.
func (s *Store) PutTalks(id string, list []Talk) (string, error) {
	return s.putBeside(id, talksEnd, func() ([]byte, error) { return encode(list) })
}

// Talks reads the conversations of a finished cell that has some.
func (s *Store) Talks(rec Record) ([]Talk, error) {
	if rec.Dialogue == nil {
		return nil, nil
	}
	return decode[Talk](s.cell(rec.ID, talksEnd), rec.Dialogue.List)
}

// putBeside stores a file beside a record that is not there yet.
func (s *Store) putBeside(id, end string, content func() ([]byte, error)) (string, error) {
	if err := s.writable(); err != nil {
		return "", err
	}
	text, err := content()
	if err != nil {
		return "", fmt.Errorf("results: put %s%s: %w", id, end, err)
	}
	return checksum(text), replace(s.cell(id, end), text)
}

// beside are the files that belong to a record, by their ends, with their checksums.
func (r Record) beside() map[string]string {
	out := map[string]string{".parquet": r.Ranks}
	if r.Reasons != nil {
		out[reasonsEnd] = r.Reasons.List
	}
	if r.Dialogue != nil {
		out[talksEnd] = r.Dialogue.List
	}
	return out
}
