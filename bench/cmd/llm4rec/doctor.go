package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"llm4rec/bench/suite"
	"llm4rec/gpu"
	"llm4rec/results"
	"llm4rec/results/energy"
)

// finding is one line of the doctor's report.
type finding struct{ what, state, advice string }

func doctorCommand(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "doctor",
		Short: "Say what this machine has, and what to do about what it lacks",
		Long:  "Doctor looks at the machine and changes nothing. Keys are reported as present or absent, never by value.",
		Args:  exactArgs(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			findings := examine(c.Context(), g)
			w := tabwriter.NewWriter(g.stdout, 0, 0, 2, ' ', 0)
			for _, f := range findings {
				fmt.Fprintf(w, "%s\t%s\n", f.what, f.state)
			}
			if err := w.Flush(); err != nil {
				return err
			}
			for _, f := range findings {
				if f.advice != "" {
					fmt.Fprintf(g.stdout, "\n%s: %s\n", f.what, f.advice)
				}
			}
			return nil
		},
	}
}

func examine(ctx context.Context, g *globals) []finding {
	env := results.Environ(commit, gpu.CPU().About())
	memory := "unknown"
	if env.Memory > 0 {
		memory = fmt.Sprintf("%.1f GiB", float64(env.Memory)/(1<<30))
	}
	return []finding{
		{"program", "commit " + env.Commit + ", " + env.Go, ""},
		{"processor", fmt.Sprintf("%s, %d cores, %s of memory", env.CPU, env.Cores, memory), ""},
		blas(env.BLAS), faiss(), cuda(env), joules(), ollama(ctx), key("OPENAI_API_KEY", "OpenAI-compatible rankers and embedders need it"),
		dataSets(g),
	}
}

func blas(name string) finding {
	f := finding{what: "BLAS", state: name}
	if strings.Contains(name, "pure Go") {
		f.advice = "install a C compiler and OpenBLAS (Debian: gcc libopenblas-dev) and build again with CGO_ENABLED=1: matrix products become many times faster"
	}
	return f
}

// faiss looks for the library. No index of this program uses it yet; exact search over the CPU stands in.
func faiss() finding {
	if lib := library("libfaiss.so*", "libfaiss.a"); lib != "" {
		return finding{"FAISS", "found " + lib, ""}
	}
	return finding{"FAISS", "not found", "only indexes over item text will want it (Debian: libfaiss-dev)"}
}

// cuda opens the GPU, which also shows that the driver takes the kernels and that cuBLAS is there.
func cuda(env results.Environment) finding {
	d, _, err := suite.OpenDevice("cuda")
	switch {
	case err == nil:
		defer func() { _ = d.Close() }() // nothing was done on it
		return finding{"CUDA", d.About(), ""}
	case env.GPU != "none":
		return finding{"CUDA", fmt.Sprintf("%s, driver %s", env.GPU, env.Driver), fmt.Sprintf("the GPU is not used: %v", err)}
	}
	return finding{"CUDA", fmt.Sprintf("no GPU (%v)", err), ""}
}

// joules looks for the counter of the processors' energy; that of a GPU is looked for when a run uses it.
func joules() finding {
	c := energy.CPU(energy.Powercap)
	if c.Source == nil {
		return finding{"energy", "not measured: " + c.Why, ""}
	}
	return finding{"energy", c.Counts, ""}
}

// library finds a shared library where the loader and the linker of common systems look.
func library(patterns ...string) string {
	for _, dir := range append(filepath.SplitList(os.Getenv("LD_LIBRARY_PATH")), "/usr/lib/"+multiarch(), "/lib/"+multiarch(), "/usr/lib64", "/usr/lib", "/usr/local/lib") {
		for _, p := range patterns {
			if found, err := filepath.Glob(filepath.Join(dir, p)); err == nil && len(found) > 0 {
				return found[0]
			}
		}
	}
	return ""
}

func multiarch() string {
	if runtime.GOARCH == "arm64" {
		return "aarch64-linux-gnu"
	}
	return "x86_64-linux-gnu"
}

func ollama(ctx context.Context) finding {
	host := os.Getenv("OLLAMA_HOST")
	if host == "" {
		host = "127.0.0.1:11434"
	}
	if !strings.Contains(host, "://") {
		host = "http://" + host
	}
	const advice = "models from a local Ollama will need it: start 'ollama serve', or set OLLAMA_HOST"
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(host, "/")+"/api/version", nil)
	if err != nil {
		return finding{"Ollama", "OLLAMA_HOST is not an address", advice}
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return finding{"Ollama", "no answer at " + req.URL.Host, advice}
	}
	defer resp.Body.Close()
	var v struct{ Version string }
	if err := json.NewDecoder(resp.Body).Decode(&v); err != nil || v.Version == "" {
		return finding{"Ollama", "something that is not Ollama answers at " + req.URL.Host, advice}
	}
	return finding{"Ollama", "version " + v.Version + " at " + req.URL.Host, ""}
}

func key(name, use string) finding {
	if os.Getenv(name) != "" {
		return finding{name, "present", ""}
	}
	return finding{name, "absent", use}
}

func dataSets(g *globals) finding {
	var here []string
	for _, s := range suite.Sources() {
		if _, found := s.Locate(g.dataDirs); found {
			here = append(here, s.Name)
		}
	}
	state := "none in the data folders"
	if len(here) > 0 {
		state = strings.Join(here, ", ")
	}
	advice := ""
	for _, dir := range g.dataDirs {
		if _, err := fs.Stat(os.DirFS(dir), "."); err != nil {
			advice = fmt.Sprintf("the data folder %s cannot be read: %v", dir, err)
		}
	}
	if advice == "" && len(here) == 0 {
		advice = "'llm4rec data fetch NAME' downloads one; --data DIR or LLM4REC_DATA name a folder that holds some"
	}
	return finding{"data sets", state, advice}
}
