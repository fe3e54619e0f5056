package table

import (
	"math"
	"strconv"

	"llm4rec/results"
)

// timing is one measurement of a record: under which name the machine-readable forms have it, and how people see it.
type timing struct {
	name   string
	header string // "": only in the machine-readable forms
	scale  float64
	of     func(results.Record) *float64 // nil: unknown
}

// timed is of what a record writes as a negative number where it is unknown.
func timed(of func(results.Timing) float64) func(results.Record) *float64 {
	return func(rec results.Record) *float64 {
		if x := of(rec.Timing); x >= 0 {
			return &x
		}
		return nil
	}
}

func timings() []timing {
	const ms, mib = 1000, 1. / (1 << 20)
	return []timing{
		{"fit_wall_sec", "fit s", 1, timed(func(t results.Timing) float64 { return t.FitWall })},
		{"fit_cpu_sec", "", 1, timed(func(t results.Timing) float64 { return t.FitCPU })},
		{"recommend_wall_sec", "", 1, timed(func(t results.Timing) float64 { return t.RecommendWall })},
		{"recommend_cpu_sec", "", 1, timed(func(t results.Timing) float64 { return t.RecommendCPU })},
		{"latency_p50_sec", "p50 ms", ms, timed(func(t results.Timing) float64 { return t.LatencyP50 })},
		{"latency_p95_sec", "p95 ms", ms, timed(func(t results.Timing) float64 { return t.LatencyP95 })},
		{"latency_p99_sec", "", ms, timed(func(t results.Timing) float64 { return t.LatencyP99 })},
		{"queries_per_sec", "queries/s", 1, timed(func(t results.Timing) float64 { return t.QueriesPerSecond })},
		{"score_wall_sec", "", 1, timed(func(t results.Timing) float64 { return t.ScoreWall })},
		{"peak_memory_bytes", "peak MiB", mib, timed(func(t results.Timing) float64 { return float64(t.PeakMemory) })},
		{"workers", "", 1, timed(func(t results.Timing) float64 { return float64(t.Workers) })},
	}
}

// mean is the mean over the seeds, nil where one of them is unknown, or where they ran on hardware of more than one kind.
func (t timing) mean(r *Row) *float64 {
	if len(r.Records) == 0 || len(r.Hardware()) > 1 {
		return nil
	}
	values := make([]float64, len(r.Records))
	for n, rec := range r.Records {
		x := t.of(rec)
		if x == nil {
			return nil
		}
		values[n] = *x
	}
	m := mean(values)
	return &m
}

func (t timing) text(r *Row) string {
	m := t.mean(r)
	if m == nil {
		return none
	}
	return figure(*m * t.scale)
}

// figure writes a measurement with three or four digits.
func figure(x float64) string {
	decimals := 0
	switch size := math.Abs(x); {
	case size < 1:
		decimals = 3
	case size < 10:
		decimals = 2
	case size < 100:
		decimals = 1
	}
	return strconv.FormatFloat(x, 'f', decimals, 64)
}
