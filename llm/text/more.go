package text

import (
	"fmt"
	"io"
	"slices"

	"llm4rec/data"
	"llm4rec/models"
)

// More are files that add fields to those that a data set has. They lie in the working directory or in data folders.
type More []Source

// Validate says what is wrong, without looking for the files.
func (m More) Validate() error {
	for _, s := range m {
		if err := s.Validate(); err != nil {
			return err
		}
	}
	return nil
}

// Fields are the items' fields with those that the files add. A file that is not there is a *models.Unavailable.
func (m More) Fields(dirs []string, train *data.Train) (data.Fields, error) {
	out := slices.Clone(train.ItemText)
	for _, s := range m {
		place, err := s.find(dirs)
		if err != nil {
			return nil, err
		}
		f, err := s.Read(place, out, train.Items)
		if err != nil {
			return nil, err
		}
		out = append(out, f)
	}
	return out, nil
}

// Identify writes what the files say, for a hash.
func (m More) Identify(h io.Writer, dirs []string) error {
	for _, s := range m {
		place, err := s.find(dirs)
		if err != nil {
			return err
		}
		if err := s.Identify(h, place); err != nil {
			return err
		}
	}
	return nil
}

// find finds a file, or says what is missing and what to do.
func (s Source) find(dirs []string) (string, error) {
	place, err := s.Find(dirs)
	if err != nil {
		return "", &models.Unavailable{Err: err, Remedy: fmt.Sprintf("put %s into a data folder that --data or LLM4REC_DATA names", s.Path)}
	}
	return place, nil
}
