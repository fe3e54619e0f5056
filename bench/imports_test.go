package bench_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path"
	"slices"
	"strings"
	"testing"
)

// arrows says which of our packages each of them may import: the rooms of the
// pipeline, in reading order. In a pattern, * is one path element. The first
// row that matches a package is its row; every package needs one.
//
// Tests are not held to it: a conformance suite reaches further than its subject.
var arrows = []struct{ pkg, may string }{
	{"data", ""},
	{"data/internal/*", ""},
	{"data/llmrank", "data data/atomic data/internal/*"},
	{"data/*", "data data/internal/*"},

	{"eval", ""},
	{"eval/dialogue", ""},
	{"eval/reasons", ""},
	{"eval/stats", ""},

	{"gpu", ""},
	{"gpu/cuda", "gpu gpu/cuda/driver gpu/cuda/nvml"},
	{"gpu/cuda/driver", ""},
	{"gpu/cuda/nvml", ""},
	{"gpu/*", "gpu"},

	{"models", "data"},
	{"models/topk", "models data"},
	{"models/checkpoint", ""},
	{"models/validate", "models data eval"},
	{"models/dense", "models models/topk data gpu"},
	{"models/modeltest", "models data data/*"},
	{"models/index/native", ""},
	{"models/index", "models models/dense models/topk gpu models/index/native"},
	{"models/sequential/sequentialtest", "models/sequential gpu gpu/graph"},
	{"models/*", "models models/topk models/dense models/index models/checkpoint models/validate models/sequential data gpu gpu/graph"},
	{"baselines/*", "models models/topk models/dense data gpu"},

	{"llm", ""},
	{"llm/ollama", "llm"},
	{"llm/openai", "llm"},
	{"llm/journal", ""},
	{"llm/embed", "llm llm/journal"},
	{"llm/llmtest", "llm"},
	{"llm/ollama/tiny", ""},
	{"llm/ollama/ollamatest", ""},
	{"llm/provider", "llm llm/ollama llm/openai data models"},
	{"llm/cassette", "llm llm/journal"},
	{"llm/price", "llm"},
	{"llm/gate", "llm llm/price"},
	{"llm/clean", ""},
	{"llm/prompt", "llm"},
	{"llm/memory", ""},
	{"llm/memory/gather", "llm/memory llm/text data"},
	{"llm/memory/wikipedia", "llm llm/clean llm/memory llm/memory/gather data"},
	{"llm/memory/describe", "llm llm/clean llm/memory llm/prompt llm/tfidf data"},
	{"llm/text", "llm/memory models data"},
	{"llm/svd", ""},
	{"llm/tfidf", "llm/svd"},
	{"llm/retrieve", "llm llm/* models models/dense models/index models/topk data gpu"},
	{"llm/profile", "llm llm/clean llm/prompt llm/tfidf models data"},
	{"llm/rank", "llm llm/clean llm/profile llm/prompt llm/text models data"},
	{"llm/explain", "llm llm/clean llm/prompt llm/text models data eval/reasons"},
	{"llm/simulate", "llm llm/agent llm/clean llm/prompt llm/text models data eval/dialogue"},
	{"llm/agent/condition", "data"},
	{"llm/agent", "llm llm/* llm/agent/condition models data"},
	{"llm/serve", "llm llm/agent llm/clean data"},
	{"llm/*", "llm models data"},

	{"results", ""},
	{"results/energy", "results"},
	{"results/table", "results eval eval/dialogue eval/stats"},
	{"results/trec", "results"},
	{"results/bundle", "results results/table eval"},
	{"results/mlflow", "results"},
	{"results/tensorboard", "results"},
	{"results/hub", "results/table"},
	{"results/figure", ""},
	{"results/report", "results results/figure results/table eval eval/stats"},

	{"bench", "data data/atomic data/candidates eval gpu llm models models/topk models/checkpoint results results/energy"},
	{"bench/experiments", ""},
	{"bench/suite", "bench bench/experiments data data/* eval eval/dialogue eval/reasons eval/stats gpu gpu/* models models/* models/index/* baselines/* llm llm/* llm/memory/* results"},
	{"bench/tune", "bench data eval gpu models/checkpoint results"},
	{"bench/peers", ""},
	{"bench/perf", "models/dense bench bench/peers data data/atomic eval gpu models models/als models/index models/sasrec models/sequential models/validate results"},
	{"bench/cmd/*", "bench bench/suite bench/experiments bench/perf bench/tune data data/fetch eval eval/stats gpu models/index llm llm/agent llm/cassette llm/clean llm/memory llm/price llm/serve results results/*"},
}

// sole says which of our packages alone may import a library, so that it can be
// replaced in one place.
var sole = []struct{ library, pkg string }{
	{"github.com/olekukonko/tablewriter", "results/table"},
	{"gonum.org/v1/plot", "results/figure"},
	{"gorgonia.org/cu", "gpu/cuda"},
	{"github.com/DataIntelligenceCrew/go-faiss", "models/index"},
	{"github.com/ollama/ollama", "llm/ollama"},
	{"github.com/openai/openai-go", "llm/openai"},
	{"modernc.org/sqlite", "llm/memory"},
	{"github.com/spf13/cobra", "bench/cmd/llm4rec"},
}

// TestImports holds the arrows, in every way that this module is built: the
// files differ with cgo and with the tags.
func TestImports(t *testing.T) {
	for _, build := range []struct{ name, cgo, tags string }{
		{"cgo", "1", ""},
		{"pure Go", "0", ""},
		{"nvidia", "1", "nvidia"},
		{"faiss", "1", "faiss"},
		{"faiss on GPUs", "1", "nvidia,faiss,faissgpu"},
	} {
		t.Run(build.name, func(t *testing.T) {
			for _, p := range goList(t, build.cgo, build.tags) {
				pkg := strings.TrimPrefix(p.ImportPath, "llm4rec/")
				row := slices.IndexFunc(arrows, func(a struct{ pkg, may string }) bool { return matches(a.pkg, pkg) })
				if row < 0 {
					t.Errorf("%s has no row in the table of arrows", pkg)
					continue
				}
				for _, imported := range p.Imports {
					if ours, ok := strings.CutPrefix(imported, "llm4rec/"); ok {
						may := strings.Fields(arrows[row].may)
						if !slices.ContainsFunc(may, func(pattern string) bool { return matches(pattern, ours) }) {
							t.Errorf("%s imports %s; it may import: %s", pkg, ours, strings.Join(may, ", "))
						}
					}
					for _, s := range sole {
						if strings.HasPrefix(imported+"/", s.library+"/") && pkg != s.pkg {
							t.Errorf("%s imports %s; only %s may", pkg, imported, s.pkg)
						}
					}
				}
			}
		})
	}
}

func matches(pattern, pkg string) bool {
	ok, err := path.Match(pattern, pkg)
	if err != nil {
		panic(err)
	}
	return ok
}

type listed struct {
	ImportPath string
	Imports    []string
}

// goList runs go list over the whole module. With -e, because a package need not
// compile, nor its C library be installed, for its imports to be read.
func goList(t *testing.T, cgo, tags string) []listed {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-e", "-tags="+tags, "-json=ImportPath,Imports", "llm4rec/...")
	cmd.Env = append(os.Environ(), "CGO_ENABLED="+cgo)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, &stderr)
	}
	var all []listed
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	if len(all) < 5 {
		t.Fatalf("go list found %d packages; it ran outside the module", len(all))
	}
	return all
}
