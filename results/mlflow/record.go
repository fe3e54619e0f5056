package mlflow

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"llm4rec/results"
)

// pair is a parameter or a tag.
type pair struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// point is one value of a metric.
type point struct {
	Key   string  `json:"key"`
	Value float64 `json:"value"`
	Time  int64   `json:"timestamp"`
	Step  int     `json:"step"`
}

func runName(rec results.Record) string {
	name := rec.Identity.Label + "/" + rec.Identity.System
	if rec.Identity.Seeded {
		name += fmt.Sprintf(" seed %d", rec.Identity.Seed)
	}
	return name
}

// params are what determines the cell; those of its model have their own names, with a prefix.
func params(rec results.Record) []pair {
	i := rec.Identity
	out := []pair{
		{"dataset", i.Dataset}, {"data_sha256", i.Data}, {"filters", i.Filters}, {"protocol", i.Label}, {"protocol_settings", i.Protocol},
		{"system", i.System}, {"model", i.Model}, {"seed", strconv.FormatInt(i.Seed, 10)}, {"revision", strconv.Itoa(i.Revision)}, {"device", i.Device},
	}
	var own map[string]json.RawMessage
	if json.Unmarshal([]byte(i.Params), &own) != nil {
		return append(out, pair{"params", i.Params})
	}
	for _, name := range slices.Sorted(maps.Keys(own)) {
		value := string(own[name])
		var s string
		if json.Unmarshal(own[name], &s) == nil {
			value = s
		}
		if value != "" { // MLflow keeps no empty value
			out = append(out, pair{"params." + name, value})
		}
	}
	return out
}

func tags(rec results.Record) []pair {
	out := []pair{
		{"llm4rec.hardware", rec.Env.Hardware()}, {"llm4rec.blas", rec.Env.BLAS}, {"llm4rec.go", rec.Env.Go}, {"mlflow.source.git.commit", rec.Env.Commit},
		{"llm4rec.split", rec.Split}, {"llm4rec.ranks_sha256", rec.Ranks}, {"llm4rec.users", strconv.Itoa(rec.Users)},
	}
	if len(rec.Unpublish) > 0 {
		out = append(out, pair{"llm4rec.not_publishable", strings.Join(rec.Unpublish, "; ")})
	}
	return out
}

// points are the metrics, the timing, and the curve of a training by epoch. Their time is the record's, so that the same record
// gives the same points.
func points(rec results.Record) []point {
	at := rec.Finished.UnixMilli()
	var out []point
	for _, name := range slices.Sorted(maps.Keys(rec.Metrics)) {
		out = append(out, point{metricName(name), rec.Metrics[name], at, 0})
	}
	for _, x := range []struct {
		name  string
		value float64
	}{
		{"fit_wall_sec", rec.Timing.FitWall}, {"fit_cpu_sec", rec.Timing.FitCPU}, {"recommend_wall_sec", rec.Timing.RecommendWall},
		{"queries_per_sec", rec.Timing.QueriesPerSecond}, {"latency_p50_sec", rec.Timing.LatencyP50}, {"latency_p95_sec", rec.Timing.LatencyP95},
		{"latency_p99_sec", rec.Timing.LatencyP99}, {"peak_memory_bytes", float64(rec.Timing.PeakMemory)},
	} {
		if x.value >= 0 { // unknown
			out = append(out, point{"timing/" + x.name, x.value, at, 0})
		}
	}
	for _, c := range rec.Curve {
		then := rec.Started.UnixMilli() + int64(1000*c.Seconds)
		out = append(out, point{"curve/loss", c.Loss, then, c.Epoch}, point{"curve/" + metricName("ndcg@10"), c.NDCG, then, c.Epoch})
	}
	return out
}

// metricName is a metric's name as MLflow takes and itself writes it: it refuses the sign.
func metricName(name string) string { return strings.Replace(name, "@", "_at_", 1) }
