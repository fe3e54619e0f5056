package main

import (
	"encoding/json"

	"github.com/spf13/cobra"

	"llm4rec/bench"
	"llm4rec/bench/suite"
	"llm4rec/results"
)

func systemCommand(g *globals) *cobra.Command {
	var device string
	return withDevice(&cobra.Command{
		Use:   "system",
		Short: "Print the description of this machine, in the fields of MLPerf's",
		Long: `System prints what is known of this machine and of the program's software as JSON, in the fields of MLPerf's system
descriptions. What it cannot know is empty: the submitter, the interconnects, the cooling. Bundles hold the same of the
machines that their cells ran on, as far as records say.`,
		Example: "  llm4rec system > system.json",
		Args:    exactArgs(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			d, _, err := openDevice(device)
			if err != nil {
				return err
			}
			defer func() { _ = d.Close() }() // nothing was done on it
			out := json.NewEncoder(g.stdout)
			out.SetIndent("", "  ")
			return out.Encode(results.Here(results.Environ(commit, bench.Libraries(d))))
		},
	}, &device)
}

func withDevice(c *cobra.Command, device *string) *cobra.Command {
	c.Flags().StringVar(device, "device", "auto", suite.DeviceHelp)
	return c
}
