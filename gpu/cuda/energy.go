//go:build nvidia

package cuda

import (
	"fmt"

	"gorgonia.org/cu"

	"llm4rec/gpu"
	"llm4rec/gpu/cuda/nvml"
)

var _ gpu.Metered = (*device)(nil)

// Joules is what the GPU's whole board used since the driver was loaded, by NVML.
func (d *device) Joules() (float64, error) {
	b, err := d.board()
	if err != nil {
		return 0, err
	}
	return b.Joules()
}

// findBoard looks for the GPU in NVML, by its place on the PCI bus.
func (d *device) findBoard() (nvml.Board, error) {
	var place [3]int // domain, bus, device
	err := d.do(func() (err error) {
		for n, a := range []cu.DeviceAttribute{cu.PciDomainID, cu.PciBusID, cu.PciDeviceID} {
			if place[n], err = d.gpu.Attribute(a); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nvml.Board{}, err
	}
	return nvml.Open(fmt.Sprintf("%08x:%02x:%02x.0", place[0], place[1], place[2]))
}
