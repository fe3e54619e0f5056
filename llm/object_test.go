package llm

import "testing"

func TestObject(t *testing.T) {
	type answer struct {
		Text *string `json:"text"`
	}
	for text, good := range map[string]bool{
		`{"text": "a"}`: true, " {}\n": true, `{"text": "a"} {}`: false, `{"text": "a"} more`: false, `{"other": 1}`: false,
		`{"text": 7}`: false, `["a"]`: false, `{"text": "a"`: false, "": false, "a": false,
	} {
		var a answer
		if err := Object(text, &a); (err == nil) != good {
			t.Errorf("%q: %v", text, err)
		}
	}
}
