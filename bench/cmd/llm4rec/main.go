// Command llm4rec benchmarks recommenders: it runs experiments, keeps their records and prints tables from them.
package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/lmittmann/tint"
	"github.com/spf13/cobra"

	"llm4rec/bench"
	"llm4rec/bench/suite"
	"llm4rec/gpu"
)

// commit is set by the linker.
var commit = ""

func main() {
	useFastKernels()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// The first signal ends the run in good order; a second one ends the program at once.
	context.AfterFunc(ctx, stop)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	if err != nil {
		fmt.Fprintln(os.Stderr, "llm4rec:", err)
	}
	os.Exit(exitCode(err))
}

// useFastKernels starts the program again where OpenBLAS did not recognise the CPU. If that cannot be done, it goes on
// with the slow kernels, and the records say which.
func useFastKernels() {
	setting := gpu.KernelSetting()
	if setting == "" {
		return
	}
	if self, err := os.Executable(); err == nil {
		_ = syscall.Exec(self, os.Args, append(os.Environ(), setting))
	}
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	out := bufio.NewWriter(stdout) // keeps its first error, so that a full disk behind > is noticed once, here
	root := rootCommand(&globals{stdout: out, stderr: stderr})
	root.SetArgs(args)
	root.SetOut(out)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	if full := out.Flush(); err == nil {
		err = full
	}
	return err
}

// Exit codes. They are part of the interface: scripts may rely on them.
const (
	exitOK          = 0
	exitError       = 1
	exitUsage       = 2
	exitCells       = 3
	exitData        = 4
	exitDevice      = 5
	exitInterrupted = 130
)

const exitHelp = `Exit codes:
  0    done
  1    an error that none of the following names
  2    wrong command line, or a specification that is not valid
  3    the run went through, but at least one cell failed, or all trials of a tuned system
  4    a data set is missing, damaged or cannot be downloaded
  5    the device that was asked for is not available
  130  interrupted; the same command goes on where it stopped`

// usageError is a mistake on the command line or in a specification.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// errCells is the outcome of a run in which cells failed.
var errCells = errors.New("cells failed")

// errInterrupted is the context's end in words for people.
var errInterrupted = interrupted{}

type interrupted struct{}

func (interrupted) Error() string { return "interrupted" }
func (interrupted) Unwrap() error { return context.Canceled }

// errTrials is the outcome of a search in which no trial of a system succeeded.
var errTrials = errors.New("trials failed")

func exitCode(err error) int {
	var usage usageError
	var missing *bench.Missing
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, context.Canceled):
		return exitInterrupted
	case errors.As(err, &usage):
		return exitUsage
	case errors.Is(err, errCells), errors.Is(err, errTrials):
		return exitCells
	case errors.As(err, &missing), errors.Is(err, suite.ErrUnavailable), errors.Is(err, suite.ErrDamaged):
		return exitData
	case errors.Is(err, gpu.ErrNoDevice):
		return exitDevice
	}
	return exitError
}

// atOnce runs work that knows no context, and whose end nothing waits for: a signal ends the command in the middle of it.
func atOnce(ctx context.Context, work func() error) error {
	done := make(chan error, 1)
	go func() { done <- work() }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return errInterrupted
	}
}

// globals are what every command has.
type globals struct {
	dataDirs []string // looked in first for data sets
	results  string   // the folder of results, "" in commands that have none
	offline  bool
	verbose  bool
	calls    *suite.Calls // of language models; nil in commands that call none
	stdout   *bufio.Writer
	stderr   io.Writer
}

func rootCommand(g *globals) *cobra.Command {
	root := &cobra.Command{
		Use:   "llm4rec",
		Short: "Benchmark recommenders, from one command to a table that can be trusted",
		Long: `llm4rec runs experiments: every system gets the same data, the same split, the same candidates, the same metrics and
the same clock. What it measures is stored in records, and tables are computed from the records alone.

  llm4rec run quick                     the main job: classical recommenders on MovieLens-100K
  llm4rec run ./mine.yaml --out DIR     an experiment of your own; interrupted, the same command goes on
  llm4rec table DIR --format latex      the table again, from the records
  llm4rec report DIR --out site         a site of leaderboards, comparisons and plots
  llm4rec tune ml-100k                  choose hyperparameters, on the validation cases alone
  llm4rec prompt ./mine.yaml:SYSTEM     what a language model would be asked, without asking it

` + exitHelp,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return usageError{fmt.Errorf("%w; see '%s --help'", err, c.CommandPath())}
	})
	flags := root.PersistentFlags()
	flags.StringArrayVar(&g.dataDirs, "data", filepath.SplitList(os.Getenv("LLM4REC_DATA")), "folder to look in first for data sets; may be repeated (also: LLM4REC_DATA)")
	flags.BoolVar(&g.offline, "offline", false, "download nothing")
	flags.BoolVarP(&g.verbose, "verbose", "v", false, "say more on standard error")
	root.AddCommand(runCommand(g), tuneCommand(g), validateCommand(g), planCommand(g), tableCommand(g), scoreCommand(g), compareCommand(g),
		promptCommand(g), cassetteCommand(g), exportCommand(g), publishCommand(g), verifyCommand(g), leaderboardCommand(g), reportCommand(g), plotCommand(g), explainCommand(g), chatCommand(g), traceCommand(g), serveCommand(g), dataCommand(g), modelsCommand(g), memoryCommand(g), perfCommand(g), schemaCommand(g), systemCommand(g), doctorCommand(g), versionCommand(g))
	return group(root)
}

// group is a command that only holds others: a wrong name below it is a mistake on the command line.
func group(c *cobra.Command) *cobra.Command {
	c.Args = cobra.ArbitraryArgs
	c.SuggestionsMinimumDistance = 2
	c.RunE = func(c *cobra.Command, args []string) error {
		if len(args) == 0 {
			return c.Help()
		}
		hint := ""
		if like := c.SuggestionsFor(args[0]); len(like) > 0 {
			hint = "; did you mean " + strings.Join(like, " or ") + "?"
		}
		return usageError{fmt.Errorf("unknown command %q%s; see '%s --help'", args[0], hint, c.CommandPath())}
	}
	return c
}

// logger writes to standard error: coloured on a terminal, key=value lines elsewhere.
func (g *globals) logger(w io.Writer) *slog.Logger {
	level := slog.LevelInfo
	if g.verbose {
		level = slog.LevelDebug
	}
	if isTerminal(g.stderr) {
		return slog.New(tint.NewTextHandler(w, &tint.Options{Level: level, TimeFormat: "15:04:05"}))
	}
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: level}))
}

// suite is everything that experiments can name. A command that must not start anything does not download either.
func (g *globals) suite(log *slog.Logger, fetch bool) *bench.Suite {
	return suite.New(g.datasets(fetch), g.calls, log)
}

// exactArgs is cobra's, with an error of our own kind.
func exactArgs(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if err := check(c, args); err != nil {
			return usageError{fmt.Errorf("%w; see '%s --help'", err, c.CommandPath())}
		}
		return nil
	}
}
