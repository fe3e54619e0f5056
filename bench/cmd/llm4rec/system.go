package main

import (
	"encoding/json"
	"strings"

	"github.com/spf13/cobra"

	"llm4rec/bench"
	"llm4rec/bench/suite"
	"llm4rec/gpu"
	"llm4rec/results"
	"llm4rec/results/energy"
)

func systemCommand(g *globals) *cobra.Command {
	var device string
	return withDevice(&cobra.Command{
		Use:   "system",
		Short: "Print the description of this machine, in the fields of MLPerf's",
		Long: `System prints what is known of this machine and of the program's software as JSON, in the fields of MLPerf's system
descriptions. What it cannot know is empty: the submitter, the interconnects, the cooling. Bundles hold the same of the
machines that their cells ran on, as far as records say. The notes on hardware say which counters of energy can be read, and
why others cannot.`,
		Example: "  llm4rec system > system.json",
		Args:    exactArgs(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			d, why, err := openDevice(device)
			if err != nil {
				return err
			}
			defer func() { _ = d.Close() }() // nothing was done on it
			out := json.NewEncoder(g.stdout)
			out.SetIndent("", "  ")
			s := results.Here(results.Environ(commit, bench.Libraries(d)))
			s.HardwareNotes = "energy: " + strings.Join(counted(d, why), "; ")
			return out.Encode(s)
		},
	}, &device)
}

// counted says of each counter of energy what is in its figure, or why it cannot be read. Why says it of the device.
func counted(d gpu.Device, why string) []string {
	m := energy.Open(bench.Counters(energy.Powercap, d)...)
	defer m.Close()
	var out []string
	for _, s := range m.Sources() {
		if s.Unavailable != "" {
			out = append(out, s.Name+" unavailable: "+s.Unavailable)
		} else {
			out = append(out, s.Name+" by "+s.Counts)
		}
	}
	if d.Kind() == gpu.CPU().Kind() {
		out = append(out, "gpu unavailable: none is used ("+why+")")
	}
	return out
}

func withDevice(c *cobra.Command, device *string) *cobra.Command {
	c.Flags().StringVar(device, "device", "auto", suite.DeviceHelp)
	return c
}
