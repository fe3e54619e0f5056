package suite

import (
	"fmt"
	"strconv"
	"strings"

	"llm4rec/gpu"
	"llm4rec/gpu/cuda"
)

// DeviceHelp says what [OpenDevice] takes.
const DeviceHelp = "auto, cpu, cuda or cuda:N; auto takes the first GPU where there is one"

// UnknownDevice is the error of a name that no device has.
type UnknownDevice struct{ Name string }

func (e UnknownDevice) Error() string {
	return fmt.Sprintf("unknown device %q; known are %s", e.Name, DeviceHelp)
}

// OpenDevice opens the device of that name, and says why it is this one. A device that is asked for by name and cannot
// be had is an error that wraps [gpu.ErrNoDevice]: it is never replaced.
func OpenDevice(name string) (_ gpu.Device, why string, err error) {
	switch kind, number, numbered := strings.Cut(name, ":"); {
	case name == "cpu":
		return gpu.CPU(), "asked for", nil
	case name == "auto":
		d, err := cuda.Open(0)
		if err != nil {
			return gpu.CPU(), err.Error(), nil //nolint:nilerr // it is said, not returned: auto takes what there is
		}
		return d, "a GPU is there", nil
	case kind == "cuda":
		n := 0
		if numbered {
			if n, err = strconv.Atoi(number); err != nil || n < 0 {
				return nil, "", UnknownDevice{name}
			}
		}
		d, err := cuda.Open(n)
		return d, "asked for", err
	}
	return nil, "", UnknownDevice{name}
}
