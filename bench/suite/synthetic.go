package suite

import (
	"fmt"
	"strings"

	"llm4rec/bench"
	"llm4rec/data/synthetic"
)

// syntheticPrefix begins the name of a synthetic data set of chosen size, such as
// synthetic:users=1000,items=500,interactions=20000,seed=3. What is not given has its default.
const syntheticPrefix = "synthetic:"

// syntheticConfig reads such a name.
func syntheticConfig(name string) (synthetic.Config, error) {
	c := synthetic.Default()
	for setting := range strings.SplitSeq(strings.TrimPrefix(name, syntheticPrefix), ",") {
		key, value, ok := strings.Cut(setting, "=")
		if !ok {
			return c, fmt.Errorf("data set %s: %q: want KEY=VALUE", name, setting)
		}
		if err := bench.Decode([]byte(key+": "+value), &c); err != nil {
			return c, fmt.Errorf("data set %s: %q: %s", name, setting, bench.Message(err))
		}
	}
	if err := c.Validate(); err != nil {
		return c, fmt.Errorf("data set %s: %w", name, err)
	}
	return c, nil
}
