package suite

import (
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"

	"llm4rec/data"
	"llm4rec/data/synthetic"
)

// syntheticPrefix begins the name of a synthetic data set of chosen size, such as
// synthetic:users=1000,items=500,interactions=20000,seed=3. What is not given has its default.
const syntheticPrefix = "synthetic:"

// openSynthetic makes the data set of such a name.
func openSynthetic(name string) (*data.Dataset, error) {
	c := synthetic.Default()
	for setting := range strings.SplitSeq(strings.TrimPrefix(name, syntheticPrefix), ",") {
		key, value, ok := strings.Cut(setting, "=")
		if !ok {
			return nil, fmt.Errorf("data set %s: %q: want KEY=VALUE", name, setting)
		}
		if err := yaml.UnmarshalWithOptions([]byte(key+": "+value), &c, yaml.Strict()); err != nil {
			return nil, fmt.Errorf("data set %s: %q: %s", name, setting, yaml.FormatError(err, false, false))
		}
	}
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("data set %s: %w", name, err)
	}
	return synthetic.Generate(c), nil
}
