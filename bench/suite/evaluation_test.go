package suite

import (
	"fmt"
	"strings"
	"testing"

	"llm4rec/bench"
	"llm4rec/data/datatest"
	"llm4rec/eval"
)

// BenchmarkEvaluation evaluates popularity over MovieLens-1M on one worker: a full ranking for each of 6,040 users among
// 3,416 items, and every metric at cutoffs 10 and 100. cpu-s/evaluation is the time of one core from the fitted model to
// the metrics. The work is a sweep over 6,040 × 3,416 float32 scores, 83 MB, to find the best 100 of each row.
func BenchmarkEvaluation(b *testing.B) {
	datatest.Open(b, "sequences")
	names, _ := eval.Names()
	var metrics []string
	for _, name := range names {
		metrics = append(metrics, name+"@10", name+"@100")
	}
	set := fmt.Sprintf("metrics=[%s]", strings.Join(metrics, ", "))
	total := 0.0
	for b.Loop() {
		records := runWith(b, "ml-1m", []string{set}, bench.Runner{Only: []string{"pop"}, Workers: 1})
		t := records["standard/pop"].Timing
		total += t.RecommendCPU + t.ScoreWall
	}
	b.ReportMetric(total/float64(b.N), "cpu-s/evaluation")
}
