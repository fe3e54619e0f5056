package results

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// System describes a machine and its software in the fields of MLPerf's system descriptions. A field is empty where its value
// is not known; the submitter's own (division, submitter, status, availability) are left to people.
type System struct {
	Division   string `json:"division"`
	Submitter  string `json:"submitter"`
	Status     string `json:"status"`
	SystemName string `json:"system_name"`
	SystemType string `json:"system_type"`
	Nodes      int    `json:"number_of_nodes"`

	ProcessorsPerNode string `json:"host_processors_per_node"`
	Processor         string `json:"host_processor_model_name"`
	Cores             string `json:"host_processor_core_count"`
	VCPUs             string `json:"host_processor_vcpu_count"`
	Frequency         string `json:"host_processor_frequency"`
	Caches            string `json:"host_processor_caches"`
	Interconnect      string `json:"host_processor_interconnect"`
	Memory            string `json:"host_memory_capacity"`
	MemoryConfig      string `json:"host_memory_configuration"`
	Storage           string `json:"host_storage_capacity"`
	StorageType       string `json:"host_storage_type"`
	Networking        string `json:"host_networking"`
	NetworkTopology   string `json:"host_networking_topology"`

	AcceleratorsPerNode     int    `json:"accelerators_per_node"`
	Accelerator             string `json:"accelerator_model_name"`
	AcceleratorMemory       string `json:"accelerator_memory_capacity"`
	AcceleratorMemoryConfig string `json:"accelerator_memory_configuration"`
	AcceleratorOnChip       string `json:"accelerator_on-chip_memories"`
	AcceleratorFrequency    string `json:"accelerator_frequency"`
	AcceleratorHost         string `json:"accelerator_host_interconnect"`
	AcceleratorInterconnect string `json:"accelerator_interconnect"`
	AcceleratorTopology     string `json:"accelerator_interconnect_topology"`

	Cooling         string `json:"cooling"`
	HardwareNotes   string `json:"hw_notes"`
	Framework       string `json:"framework"`
	Software        string `json:"other_software_stack"`
	OperatingSystem string `json:"operating_system"`
	SoftwareNotes   string `json:"sw_notes"`
}

// Describe makes the description of what a record says of where its cell ran. It has no more than that, so that whoever has
// the record can make it again; the name is that of the hardware, never of the host.
func Describe(e Environment) System {
	s := System{
		SystemName: e.Hardware(), Nodes: 1, Processor: e.CPU, VCPUs: strconv.Itoa(e.Cores),
		Framework: "llm4rec " + e.Commit, OperatingSystem: e.OS, Software: software(e),
	}
	if e.Memory > 0 {
		s.Memory = fmt.Sprintf("%.1f GiB", float64(e.Memory)/(1<<30))
	}
	if e.hasGPU() {
		s.AcceleratorsPerNode, s.Accelerator = strings.Count(e.GPU, ", ")+1, e.GPU
	}
	return s
}

// Systems are the descriptions of the environments of records, each once, in the order of their names.
func Systems(records []Record) []System {
	var out []System
	for _, rec := range records {
		if s := Describe(rec.Env); !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	slices.SortFunc(out, func(a, b System) int {
		return cmp.Or(cmp.Compare(a.SystemName, b.SystemName), cmp.Compare(a.Framework, b.Framework), cmp.Compare(a.Software, b.Software), cmp.Compare(a.OperatingSystem, b.OperatingSystem), cmp.Compare(a.Memory, b.Memory))
	})
	return out
}

// Hardware is the kind of machine that timings belong to: those of one kind may be compared, and no others. Memory does not
// count, as machines of one kind report some pages more or less.
func (e Environment) Hardware() string {
	out := fmt.Sprintf("%s, %d cores, %s", orUnknown(e.CPU), e.Cores, orUnknown(e.OS))
	if e.hasGPU() {
		out += ", " + e.GPU
	}
	return out
}

func (e Environment) hasGPU() bool { return e.GPU != "" && e.GPU != "none" }

func software(e Environment) string {
	out := []string{e.Go, e.BLAS}
	if e.hasGPU() {
		out = append(out, "driver "+e.Driver)
	}
	for _, m := range slices.Sorted(maps.Keys(e.Modules)) {
		out = append(out, m+" "+e.Modules[m])
	}
	return strings.Join(out, ", ")
}
