package table

import (
	"strconv"

	"llm4rec/results"
)

// timing is one measurement of a record: under which name the machine-readable forms have it, and how people see it.
type timing struct {
	name   string
	header string // "": only in the machine-readable forms
	scale  float64
	of     func(results.Timing) float64
}

func timings() []timing {
	const ms, mib = 1000, 1. / (1 << 20)
	return []timing{
		{"fit_wall_sec", "fit s", 1, func(t results.Timing) float64 { return t.FitWall }},
		{"fit_cpu_sec", "", 1, func(t results.Timing) float64 { return t.FitCPU }},
		{"recommend_wall_sec", "", 1, func(t results.Timing) float64 { return t.RecommendWall }},
		{"recommend_cpu_sec", "", 1, func(t results.Timing) float64 { return t.RecommendCPU }},
		{"latency_p50_sec", "p50 ms", ms, func(t results.Timing) float64 { return t.LatencyP50 }},
		{"latency_p95_sec", "p95 ms", ms, func(t results.Timing) float64 { return t.LatencyP95 }},
		{"latency_p99_sec", "", ms, func(t results.Timing) float64 { return t.LatencyP99 }},
		{"queries_per_sec", "queries/s", 1, func(t results.Timing) float64 { return t.QueriesPerSecond }},
		{"score_wall_sec", "", 1, func(t results.Timing) float64 { return t.ScoreWall }},
		{"peak_memory_bytes", "peak MiB", mib, func(t results.Timing) float64 { return float64(t.PeakMemory) }},
		{"workers", "", 1, func(t results.Timing) float64 { return float64(t.Workers) }},
	}
}

// mean is the mean over the seeds, nil where one of them is unknown, which a record writes as a negative number, or where they
// ran on hardware of more than one kind.
func (t timing) mean(r *Row) *float64 {
	if len(r.Records) == 0 || len(r.hardware()) > 1 {
		return nil
	}
	values := make([]float64, len(r.Records))
	for n, rec := range r.Records {
		if values[n] = t.of(rec.Timing); values[n] < 0 {
			return nil
		}
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
	switch {
	case x < 1:
		decimals = 3
	case x < 10:
		decimals = 2
	case x < 100:
		decimals = 1
	}
	return strconv.FormatFloat(x, 'f', decimals, 64)
}
