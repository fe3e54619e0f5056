package results

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"
)

// Trial is the outcome of one configuration with one amount of its resource, measured on validation.
type Trial struct {
	Version    int           `json:"version"`
	ID         string        `json:"id"` // Identity.ID()
	Identity   TrialIdentity `json:"identity"`
	Tuning     string        `json:"tuning"`   // the name of the search
	Number     int           `json:"number"`   // of the configuration, from 0
	Resource   int           `json:"resource"` // 0 where the system has none
	Status     Status        `json:"status"`
	Error      string        `json:"error,omitempty"`
	Value      float64       `json:"value"` // of the metric; 0 where the trial failed
	Users      int           `json:"users"` // asked
	Notes      []string      `json:"notes"` // of the data set
	Fit        float64       `json:"fit_wall_sec"`
	Validation float64       `json:"validation_wall_sec"`
	Env        Environment   `json:"environment"`
	Started    time.Time     `json:"started"`
	Finished   time.Time     `json:"finished"`
}

// TrialIdentity is everything that determines the value of a trial.
type TrialIdentity struct {
	Identity
	Metric string `json:"metric"` // on the validation cases
}

// ID names the trial as [Identity.ID] does a cell.
func (i TrialIdentity) ID() string { return hashed(i) }

// Trials is the directory of one search for hyperparameters. What [Store] promises of its files holds here.
//
//	trials/ID.json           the record of a finished trial, never rewritten
//	trials/ID.failed-N.json  the record of a failed attempt
//	checkpoints/ID           the state of a fit that was interrupted, which belongs to the fit
//	lock                     held by the process that writes
type Trials struct{ *folder }

const trialsDir = "trials"

// OpenTrials opens the directory for writing, as [Open] does.
func OpenTrials(dir string) (*Trials, error) {
	f, err := openFolder(dir, trialsDir)
	if err != nil {
		return nil, err
	}
	return &Trials{f}, nil
}

// ReadTrials opens the directory for reading, as [OpenRead] does.
func ReadTrials(dir string) (*Trials, error) {
	f, err := readFolder(dir)
	if err != nil {
		return nil, err
	}
	return &Trials{f}, nil
}

func (s *Trials) trial(id, end string) string { return filepath.Join(s.dir, trialsDir, id+end) }

// Put stores a trial and returns it with its version and id. A finished trial is never written again.
func (s *Trials) Put(t Trial) (Trial, error) {
	if err := s.writable(); err != nil {
		return t, err
	}
	t.Version, t.ID = Version, t.Identity.ID()
	path := s.trial(t.ID, ".json")
	switch t.Status {
	case OK:
		if err := absent(path); err != nil {
			return t, fmt.Errorf("results: put %s: %w", t.ID, err)
		}
	case Failed:
		var err error
		if path, err = free(s.trial(t.ID, ".failed-%d.json")); err != nil {
			return t, fmt.Errorf("results: put %s: %w", t.ID, err)
		}
	default:
		return t, fmt.Errorf("results: put %s: status %q", t.ID, t.Status)
	}
	content, err := seal(t)
	if err != nil {
		return t, fmt.Errorf("results: put %s: %w", t.ID, err)
	}
	return t, replace(path, content)
}

// Done returns a finished trial. A damaged one is set aside with a warning and is not done; where the directory is open
// for reading, it is an error.
func (s *Trials) Done(id string) (Trial, bool, error) {
	path := s.trial(id, ".json")
	var t Trial
	err := unseal(path, &t)
	if errors.Is(err, fs.ErrNotExist) {
		return Trial{}, false, nil
	}
	if err == nil && (t.ID != id || t.Identity.ID() != id) {
		err = &Damaged{path, "it is the record of another trial: " + t.Identity.ID()}
	}
	if err == nil {
		return t, true, nil
	}
	var damaged *Damaged
	if !errors.As(err, &damaged) || s.lock == nil {
		return Trial{}, false, err
	}
	return Trial{}, false, s.setAside(err, path)
}
