package serve

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"llm4rec/llm/agent"
)

func TestMetrics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		host := script(func(ctx context.Context, v agent.Visitor, said []string) (agent.Turn, error) {
			time.Sleep(2003 * time.Millisecond)
			return echo(ctx, v, said)
		})
		s := newServer(t, host, config())
		k := &talk{t: t, s: s}
		k.say("a")
		k.say("b")
		call(t, s, request(t.Context(), messages("x", "y", "z")))
		call(t, s, request(t.Context(), "no"))
		got := call(t, s, mustGet(t, "/metrics")).Body
		for _, want := range []string{
			"# TYPE llm4rec_turns_total counter\nllm4rec_turns_total 4\n",
			"llm4rec_turns_replayed_total 1\n",
			"llm4rec_turns_running 0\n",
			`llm4rec_turn_ends_total{end="recommended"} 4` + "\n",
			`llm4rec_errors_total{status="400",code="invalid_json"} 1` + "\n",
			"# TYPE llm4rec_request_seconds histogram\n",
			`llm4rec_request_seconds_bucket{le="2.5"} 2` + "\n",
			`llm4rec_request_seconds_bucket{le="+Inf"} 3` + "\nllm4rec_request_seconds_sum 8.012\nllm4rec_request_seconds_count 3\n",
			`llm4rec_share_seconds_bucket{le="0.002"} 0` + "\n",
			`llm4rec_share_seconds_bucket{le="0.005"} 2` + "\n",
			"llm4rec_sessions_open 2\n",
			`llm4rec_sessions_total{what="opened"} 2` + "\n",
			`llm4rec_tokens_total{kind="prompt"} 400` + "\n",
			`llm4rec_tokens_total{kind="output"} 40` + "\n",
			"llm4rec_model_calls_total 4\n",
			"llm4rec_model_seconds_total 8\n",
			"llm4rec_tool_calls_total 8\n",
			"llm4rec_tool_errors_total 4\n",
		} {
			if !strings.Contains(got, want) {
				t.Errorf("no %q in\n%s", want, got)
			}
		}
		form := regexp.MustCompile(`^(# (HELP|TYPE) [a-z0-9_]+ .+|[a-z0-9_]+(\{[a-z]+="[^"\n]*"(,[a-z]+="[^"\n]*")*\})? [0-9.e+-]+)$`)
		for line := range strings.Lines(got) {
			if !form.MatchString(strings.TrimSuffix(line, "\n")) {
				t.Errorf("%q is not in Prometheus's form", line)
			}
		}
	})
}

// TestRecordedAnswers: no model was at work for them.
func TestRecordedAnswers(t *testing.T) {
	turn := agent.Turn{Usage: agent.Usage{Model: 3 * time.Second}, Trace: []agent.Step{
		{By: agent.ByActor, Wall: 2 * time.Second, Recorded: true}, {By: agent.ByTool, Wall: time.Minute}, {By: agent.ByActor, Wall: time.Second},
	}}
	if got := working(turn); got != time.Second {
		t.Error(got)
	}
}

// TestMadeUpEnds: a host that makes them up does not fill the memory.
func TestMadeUpEnds(t *testing.T) {
	m := newMetrics()
	for n := range 100 {
		m.turn(agent.Turn{End: agent.End(fmt.Sprint(n))}, false)
	}
	if len(m.ends) != endsMost+1 || m.ends["other"] != 100-endsMost {
		t.Errorf("%v", m.ends)
	}
	if got := label("end", "a\"\\\n\xff"); got != `{end="a\"\\\n`+"\ufffd"+`"}` {
		t.Error(got)
	}
}
