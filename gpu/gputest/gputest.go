// Package gputest is the conformance suite of the devices: it runs every operation of [gpu.Device] on a device and on
// [gpu.Reference], at sizes where implementations go wrong, and compares.
//
// Bounds of errors follow from the length of the sums, in float32: whoever computes with fewer digits does not pass.
// Operands lie between guards that must not change, and results are written over NaN.
package gputest

import (
	"fmt"
	"slices"
	"testing"

	"llm4rec/gpu"
)

// A Check is something that a device must do. It is a function that returns an error, so that the suite itself can be
// tested: broken devices must fail.
type Check struct {
	Op, Case string
	run      func(d gpu.Device) error
}

// Run runs all checks on the device that open returns, which closes it by t.Cleanup.
func Run(t *testing.T, open func(t *testing.T) gpu.Device) {
	t.Helper()
	d := open(t)
	all := Checks()
	for len(all) > 0 {
		op := all[0].Op
		n := slices.IndexFunc(all, func(c Check) bool { return c.Op != op })
		if n < 0 {
			n = len(all)
		}
		group := all[:n]
		all = all[n:]
		t.Run(op, func(t *testing.T) {
			for _, c := range group {
				t.Run(c.Case, func(t *testing.T) {
					if err := c.On(d); err != nil {
						t.Error(err)
					}
				})
			}
		})
	}
}

// Checks returns all checks; those of one operation follow each other.
func Checks() []Check {
	return slices.Concat(
		memoryChecks(), misuseChecks(), gemmChecks(), syrkChecks(), choleskyChecks(), gatherChecks(), scatterChecks(),
		topkChecks(), uniformChecks(), normalChecks(), leastSquaresChecks(), lossChecks(), normChecks(),
		elementChecks(), addRowChecks(), columnSumsChecks(), adamChecks(), layerNormChecks(), layerNormGradChecks(), attendChecks(),
		attendGradChecks(), recurChecks(), recurGradChecks(), softmaxChecks(), sampledChecks(), concurrencyChecks())
}

// On runs a check on a device. Afterwards the device must work, and all memory must have been given back.
func (c Check) On(d gpu.Device) error {
	before := d.InUse()
	if err := c.run(d); err != nil {
		return err
	}
	if err := d.Sync(); err != nil {
		return fmt.Errorf("at the end: %w", err)
	}
	if after := d.InUse(); after != before {
		return fmt.Errorf("%d bytes are in use, before the check it were %d", after, before)
	}
	return nil
}
