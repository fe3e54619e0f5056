// Package mlflow sends stored results to an MLflow tracking server: an experiment for each of ours, a run for each finished cell.
//
// A run is known by the tag of its cell, so that what was sent is not sent again, and what was interrupted is completed:
// MLflow takes the same parameter, tag or point of a metric twice.
package mlflow

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"

	"llm4rec/results"
)

// CellTag holds the id of a run's cell.
const CellTag = "llm4rec.cell"

// Limits of one log-batch request, of MLflow's.
const (
	maxMetrics = 1000
	maxParams  = 100
)

// Sent counts what an export did.
type Sent struct {
	Experiment string // its id on the server
	Runs       int    // created or completed now
	Before     int    // that were there
}

// Export sends the finished cells of a store's plan.
func Export(ctx context.Context, s Server, store *results.Store) (sent Sent, err error) {
	m, err := store.Manifest()
	if err != nil {
		return sent, err
	}
	if sent.Experiment, err = s.experiment(ctx, m.Experiment); err != nil {
		return sent, err
	}
	records, err := store.Finished()
	if err != nil {
		return sent, err
	}
	for _, rec := range records {
		created, err := s.cell(ctx, sent.Experiment, rec)
		if err != nil {
			return sent, fmt.Errorf("%s under %s: %w", rec.Identity.System, rec.Identity.Label, err)
		}
		if created {
			sent.Runs++
		} else {
			sent.Before++
		}
	}
	return sent, nil
}

// experiment is the id of the experiment with a name, which is created where it is missing.
func (s Server) experiment(ctx context.Context, name string) (string, error) {
	var found struct {
		Experiment struct {
			ID    string `json:"experiment_id"`
			Stage string `json:"lifecycle_stage"`
		} `json:"experiment"`
	}
	err := s.get(ctx, "experiments/get-by-name", url.Values{"experiment_name": {name}}, &found)
	var refused *Error
	switch {
	case err == nil && found.Experiment.Stage == "deleted":
		return "", fmt.Errorf("mlflow: experiment %q was deleted on the server; restore it, or have it removed", name)
	case err == nil:
		return found.Experiment.ID, nil
	case !errors.As(err, &refused) || refused.Code != notThere:
		return "", err
	}
	var created struct {
		ID string `json:"experiment_id"`
	}
	err = s.post(ctx, "experiments/create", map[string]any{"name": name}, &created)
	return created.ID, err
}

type info struct {
	ID     string `json:"run_id"`
	Status string `json:"status"`
}

// cell sends one record, unless a finished run of it is there.
func (s Server) cell(ctx context.Context, experiment string, rec results.Record) (created bool, err error) {
	var found struct {
		Runs []struct {
			Info info `json:"info"`
		} `json:"runs"`
	}
	err = s.post(ctx, "runs/search", map[string]any{
		"experiment_ids": []string{experiment}, "filter": fmt.Sprintf("tags.`%s` = '%s'", CellTag, rec.ID), "max_results": 10,
	}, &found)
	if err != nil {
		return false, err
	}
	run := ""
	for _, r := range found.Runs {
		if r.Info.Status == "FINISHED" {
			return false, nil
		}
		run = r.Info.ID // an export was interrupted
	}
	if run == "" {
		var made struct {
			Run struct {
				Info info `json:"info"`
			} `json:"run"`
		}
		err = s.post(ctx, "runs/create", map[string]any{
			"experiment_id": experiment, "run_name": runName(rec), "start_time": rec.Started.UnixMilli(),
			"tags": []pair{{CellTag, rec.ID}},
		}, &made)
		if run = made.Run.Info.ID; err != nil {
			return false, err
		}
	}
	for part := range slices.Chunk(params(rec), maxParams) {
		if err := s.post(ctx, "runs/log-batch", map[string]any{"run_id": run, "params": part}, nil); err != nil {
			return false, err
		}
	}
	if err := s.post(ctx, "runs/log-batch", map[string]any{"run_id": run, "tags": tags(rec)}, nil); err != nil {
		return false, err
	}
	for part := range slices.Chunk(points(rec), maxMetrics) {
		if err := s.post(ctx, "runs/log-batch", map[string]any{"run_id": run, "metrics": part}, nil); err != nil {
			return false, err
		}
	}
	return true, s.post(ctx, "runs/update", map[string]any{"run_id": run, "status": "FINISHED", "end_time": rec.Finished.UnixMilli()}, nil)
}
