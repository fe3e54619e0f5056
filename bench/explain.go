package bench

import (
	"context"
	"fmt"
	"slices"
	"time"

	"llm4rec/results"
)

// explain takes one cell through the reasons for what another recommends. Its rankings are the other's, unchanged.
func (e *experiment) explain(ctx context.Context, c Cell, rec *results.Record) (ranks []results.Ranking, err error) {
	defer recovered(&err)
	e.Progress.Stage(c.Name(), "explain", 0, 0, "")
	lists, first, err := e.firstStage(*c.First)
	if err != nil {
		return nil, err
	}
	a := &Answered{Cell: *c.First, Record: first, Train: e.split.Train, Queries: e.asked.queries, Users: e.asked.users, Lists: lists}
	t := &rec.Timing
	t.Workers, t.PeakMemory = e.workers(), -1
	t.LatencyP50, t.LatencyP95, t.LatencyP99, t.QueriesPerSecond = unknown, unknown, unknown, unknown
	used := e.meter.Begin()
	wall, cpu := time.Now(), results.CPUTime()
	found, list, err := c.Bound.Explainer(Env{Seed: c.Seed, Dataset: e.dataset.Name, Device: e.Device}).Explain(ctx, a, func(done, total int, note string) {
		e.Progress.Stage(c.Name(), "explain", done, total, note)
	})
	t.RecommendWall, t.RecommendCPU = time.Since(wall).Seconds(), (results.CPUTime() - cpu).Seconds()
	recommendUsed(rec, used, 0)
	if err != nil {
		return nil, err
	}
	rec.Unpublish = slices.Concat(rec.Unpublish, first.Unpublish)
	if x := found.Account; x != nil {
		if x.Recorded == 0 {
			t.QueriesPerSecond = float64(found.Asked) / t.RecommendWall
		}
		t.LatencyP50, t.LatencyP95, t.LatencyQueries = x.LatencyP50, x.LatencyP95, x.Calls
		if x.Test {
			rec.Unpublish = append(rec.Unpublish, x.Model+" is a model made for tests")
		}
	} else {
		t.QueriesPerSecond = float64(found.Asked) / t.RecommendWall
	}
	slices.Sort(rec.Unpublish)
	rec.Unpublish = slices.Compact(rec.Unpublish)
	rec.Reasons = &found
	if failed := float64(found.Failed); failed > c.System.Tolerate*float64(found.Asked) {
		return nil, fmt.Errorf("explain: %d of %d items have no reason, the others' answers are kept and the same command asks for the rest; first: %s",
			found.Failed, found.Asked, firstError(list))
	}
	if found.List, err = e.store.PutReasons(rec.Identity.ID(), list); err != nil {
		return nil, err
	}
	ranks, rec.Metrics = e.scored(lists)
	return ranks, nil
}

func firstError(list []results.Reason) string {
	for _, r := range list {
		if r.Error != "" {
			return r.Error
		}
	}
	return "none is known"
}
