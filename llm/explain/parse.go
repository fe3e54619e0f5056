package explain

// Class says what an answer was.
type Class string

// What answers are. Of several that fit, the first here counts.
const (
	Refusal    Class = "refusal"      // the model does not want to, or its provider does not let it
	Truncated  Class = "truncated"    // it ran into the limit of tokens
	Empty      Class = "empty"        // nothing but space, or no sentence
	Unreadable Class = "unreadable"   // it is not the JSON that was asked for
	Citation   Class = "bad citation" // it cites a line or a field that was not shown
	OK         Class = "ok"
)
