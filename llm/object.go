package llm

import (
	"encoding/json"
	"errors"
	"io"
	"strings"
)

// Object reads a text that is one JSON value, with no field that into has not, and nothing behind it: as an answer has to be that
// was asked for by a schema.
func Object(text string, into any) error {
	d := json.NewDecoder(strings.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("there is more than one object")
	}
	return nil
}
