package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"llm4rec/bench"
	"llm4rec/bench/suite"
	"llm4rec/data/datatest"
	"llm4rec/gpu"
	"llm4rec/llm"
	"llm4rec/llm/llmtest"
	"llm4rec/models/index"
)

// asCommand makes the test binary be the program, for tests that must kill it.
const asCommand = "LLM4REC_TEST_AS_COMMAND"

func TestMain(m *testing.M) {
	if os.Getenv(asCommand) != "" {
		main()
		return
	}
	testscript.Main(m, map[string]func(){"llm4rec": main})
}

// program is the program with arguments, as another process.
func program(ctx context.Context, dir string, args ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, os.Args[0], args...)
	c.Dir = dir
	c.Env = append(os.Environ(), asCommand+"=1", "LLM4REC_DATA=")
	return c
}

var update = flag.Bool("update", false, "rewrite the expected output in the scripts")

func TestScripts(t *testing.T) { runScripts(t, "script") }

func TestScriptsOnRealData(t *testing.T) {
	datatest.Open(t, "ml-100k")
	runScripts(t, "real")
}

// chats starts a server whose model puts candidates in the order in which it sees them, or in the reverse of it. The two give
// different answers under one name.
func chats(t *testing.T, reverse bool) string {
	t.Helper()
	s := llmtest.Serve(t)
	s.Chat, s.Answer = true, func(r llm.Request) llm.Response {
		var numbers []string
		for line := range strings.Lines(r.Messages[len(r.Messages)-1].Content) {
			if rest, listed := strings.CutPrefix(line, "["); listed {
				number, _, _ := strings.Cut(rest, "]")
				numbers = append(numbers, number)
			}
		}
		if reverse {
			slices.Reverse(numbers)
		}
		return llm.Response{Text: `{"ranking":[` + strings.Join(numbers, ",") + `]}`, Finish: llm.Stop, PromptTokens: 100, OutputTokens: 20}
	}
	return s.URL
}

func runScripts(t *testing.T, dir string) {
	t.Helper()
	keeps, reverses := chats(t, false), chats(t, true)
	testscript.Run(t, testscript.Params{
		Dir:           filepath.Join("testdata", dir),
		UpdateScripts: *update,
		Condition: func(name string) (bool, error) {
			switch name {
			case "faiss":
				return index.HasFAISS, nil
			case "gpu":
			default:
				return false, fmt.Errorf("unknown condition %s", name)
			}
			d, _, err := suite.OpenDevice("cuda")
			if err != nil {
				return false, nil //nolint:nilerr // there is none
			}
			return true, d.Close()
		},
		Setup: func(e *testscript.Env) error {
			e.Setenv("LLM4REC_DATA", "")
			e.Setenv("REAL_DATA", datatest.Folder())
			e.Setenv("KEEPS", keeps)
			e.Setenv("REVERSES", reverses)
			e.Setenv("OLLAMA_HOST", "127.0.0.1:1") // where nobody answers
			e.Setenv("XDG_CACHE_HOME", filepath.Join(e.WorkDir, "cache"))
			return nil
		},
	})
}

func TestExitCodes(t *testing.T) {
	for want, errs := range map[int][]error{
		exitOK:          {nil},
		exitError:       {errFull, fmt.Errorf("x: %w", errDiffers)},
		exitUsage:       {usageError{errFull}},
		exitCells:       {fmt.Errorf("3 %w", errCells), errTrials},
		exitData:        {&bench.Missing{Err: errFull}, fmt.Errorf("x: %w", suite.ErrUnavailable), suite.ErrDamaged},
		exitDevice:      {fmt.Errorf("cuda: %w", gpu.ErrNoDevice)},
		exitInterrupted: {fmt.Errorf("run: %w", context.Canceled)},
	} {
		for _, err := range errs {
			if got := exitCode(err); got != want {
				t.Errorf("%v: exit code %d, want %d", err, got, want)
			}
		}
	}
	for args, want := range map[string]int{"run quick --device cuda:99": exitDevice, "run quick --device abacus": exitUsage, "models": exitOK} {
		if got := exitCode(run(t.Context(), strings.Fields(args), io.Discard, io.Discard)); got != want {
			t.Errorf("%s: exit code %d, want %d", args, got, want)
		}
	}
}

// full is a disk without room.
type full struct{}

var errFull = errors.New("no space left")

func (full) Write([]byte) (int, error) { return 0, errFull }

// TestAtOnce: a signal ends a command that does not ask whether there was one.
func TestAtOnce(t *testing.T) {
	ctx, signal := context.WithCancel(t.Context())
	never := make(chan struct{})
	defer close(never)
	signal()
	if err := atOnce(ctx, func() error { <-never; return nil }); exitCode(err) != exitInterrupted {
		t.Errorf("%v", err)
	}
	if err := atOnce(t.Context(), func() error { return errCells }); !errors.Is(err, errCells) {
		t.Errorf("%v", err)
	}
}

func TestOutputThatCannotBeWrittenIsAnError(t *testing.T) {
	for _, args := range [][]string{{"models"}, {"schema"}, {"data", "list"}, {"version"}, {"--help"}} {
		err := run(t.Context(), args, full{}, io.Discard)
		if !errors.Is(err, errFull) || strings.Count(err.Error(), errFull.Error()) != 1 {
			t.Errorf("%v: error %v, want that of the disk, once", args, err)
		}
	}
}
