package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"llm4rec/bench/suite"
	"llm4rec/llm/cassette"
	"llm4rec/llm/price"
)

// callFlags are those of commands that ask language models.
type callFlags struct {
	suite.Calls
	mode, prices string
}

func (f *callFlags) add(c *cobra.Command) {
	flags := c.Flags()
	flags.StringVar(&f.mode, "llm", string(cassette.Record), "language models' answers: record (recorded ones are used, others asked for and recorded), replay (nobody is asked), refresh (ask again), live (record nothing); in cells that are not done")
	flags.StringVar(&f.Cassette, "cassette", "", "file of recorded answers; default: "+answersName+" in the folder of results")
	flags.IntVar(&f.Parallel, "parallel", 0, "calls of a language model at a time; 0: as many as are found to be of use; changes no result")
	flags.IntVar(&f.RequestsPerMinute, "requests-per-minute", 0, "limit of calls; 0: none")
	flags.IntVar(&f.TokensPerMinute, "tokens-per-minute", 0, "limit of tokens, of prompts and answers; 0: none")
	flags.DurationVar(&f.Retry.Timeout, "call-timeout", 0, "of a call, before it is tried again; 0: 2m")
	flags.IntVar(&f.Tokens, "budget-tokens", 0, "tokens that the run's calls may take; then it stops, and goes on with more; 0: no limit")
	flags.Float64Var(&f.Dollars, "budget-dollars", 0, "dollars that they may cost, by the table of prices; 0: no limit")
	flags.StringVar(&f.prices, "prices", "", "file with more prices, in the form of the table that is built in (llm/price/prices.tsv)")
}

// answersName is the usual cassette.
const answersName = "answers.jsonl.gz"

// resolve checks the flags and completes what they say.
func (f *callFlags) resolve(out string) (*suite.Calls, error) {
	modes := []cassette.Mode{cassette.Record, cassette.Replay, cassette.Refresh, cassette.Live}
	f.Mode = cassette.Mode(f.mode)
	if !slices.Contains(modes, f.Mode) {
		return nil, usageError{fmt.Errorf("--llm %s: want one of record, replay, refresh, live", f.mode)}
	}
	if f.Parallel < 0 || f.RequestsPerMinute < 0 || f.TokensPerMinute < 0 || f.Retry.Timeout < 0 || f.Tokens < 0 || !(f.Dollars >= 0) {
		return nil, usageError{errors.New("limits of calls must not be negative")}
	}
	f.Cassette = cmp.Or(f.Cassette, filepath.Join(out, answersName))
	if f.prices != "" {
		text, err := os.ReadFile(f.prices)
		if err != nil {
			return nil, usageError{fmt.Errorf("--prices: %w", err)}
		}
		if f.Prices, err = price.Read(bytes.NewReader(text), f.prices); err != nil {
			return nil, usageError{fmt.Errorf("--prices: %w", err)}
		}
	}
	return &f.Calls, nil
}
