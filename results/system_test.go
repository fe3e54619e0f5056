package results

import (
	"encoding/json"
	"strings"
	"testing"
)

// TestDescribe: a description has MLPerf's fields, and is the same whoever makes it from a record.
func TestDescribe(t *testing.T) {
	env := Environment{OS: "linux/amd64", CPU: "Example CPU", Cores: 2, Memory: 8 << 30, GPU: "GPU A, GPU A", Driver: "535.1", BLAS: "OpenBLAS", Go: "go1.26", Commit: "c0ffee", Modules: map[string]string{"b": "v2", "a": "v1"}}
	s := Describe(env)
	if s.AcceleratorsPerNode != 2 || s.Memory != "8.0 GiB" || s.Software != "go1.26, OpenBLAS, driver 535.1, a v1, b v2" || s.Submitter != "" {
		t.Errorf("%+v", s)
	}
	b, err := json.Marshal(s)
	must(t, err)
	for _, field := range []string{"submitter", "system_name", "host_processor_model_name", "host_processor_core_count", "host_memory_capacity", "accelerators_per_node", "accelerator_on-chip_memories", "framework", "other_software_stack", "operating_system"} {
		if !strings.Contains(string(b), `"`+field+`":`) {
			t.Errorf("no field %s", field)
		}
	}
	other := env
	other.GPU = "none"
	if env.Hardware() == other.Hardware() {
		t.Error("a machine without its GPU is of the same kind")
	}
	other = env
	other.Memory, other.Commit = 9<<30, "beef"
	if env.Hardware() != other.Hardware() {
		t.Error("another commit is another kind of hardware")
	}
	two := Systems([]Record{{Env: other}, {Env: env}, {Env: other}})
	if len(two) != 2 || two[0].Framework != "llm4rec beef" {
		t.Errorf("%+v", two)
	}
}

func TestHere(t *testing.T) {
	if s := Here(Environ("", "")); s.Processor == "" || s.OperatingSystem == "" || s.Framework != "llm4rec unknown" && s.Framework == "" {
		t.Errorf("%+v", s)
	}
}
