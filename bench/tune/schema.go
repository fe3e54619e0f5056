package tune

import (
	"fmt"

	"github.com/google/jsonschema-go/jsonschema"

	"llm4rec/bench"
)

// Schema is the JSON Schema (2020-12) of a specification, with the parameters of every model of the suite.
func Schema(s *bench.Suite) (*jsonschema.Schema, error) {
	root, err := jsonschema.For[Spec](nil)
	if err != nil {
		return nil, fmt.Errorf("tune: schema: %w", err)
	}
	within, err := jsonschema.For[Range](nil)
	if err != nil {
		return nil, fmt.Errorf("tune: schema: %w", err)
	}
	within.Properties["scale"].Enum = []any{"linear", "log"}
	root.Title = "llm4rec search for hyperparameters"
	root.Properties["metric"].Pattern = bench.MetricPattern()
	for key, least := range map[string]float64{"trials": 1, "halvings": 0, "eta": 2} {
		root.Properties["budget"].Properties[key].Minimum = &least
	}
	one := 1
	system := root.Properties["systems"].Items
	system.Properties["search"].AdditionalProperties = &jsonschema.Schema{
		AnyOf: []*jsonschema.Schema{{Type: "array", MinItems: &one, UniqueItems: true}, within},
	}
	return root, s.Describe(root)
}
