package gputest

import (
	"errors"
	"slices"
	"sync"

	"llm4rec/gpu"
)

// concurrencyChecks run other checks at once. Those that want an error stay out: another one's Sync could return it.
func concurrencyChecks() []Check {
	const workers = 4
	wanted := []struct {
		checks []Check
		every  int // of the checks, one of so many is taken
	}{
		{gemmChecks(), 29}, {syrkChecks(), 31}, {choleskyChecks()[:40], 13}, {scatterChecks(), 7}, {topkChecks(), 37},
		{normalChecks(), 6}, {leastSquaresChecks()[:60], 17}, {lossChecks(), 5}, {normChecks(), 3},
		{elementChecks(), 41}, {layerNormGradChecks(), 3}, {attendGradChecks(), 11}, {softmaxChecks(), 5}, {sampledChecks(), 7},
	}
	return []Check{{"Concurrency", "all operations", func(d gpu.Device) error {
		errs := make([]error, workers)
		var wait sync.WaitGroup
		for w := range workers {
			wait.Go(func() {
				for _, group := range rotated(wanted, w) {
					for n := w; n < len(group.checks); n += group.every {
						c := group.checks[n]
						if errs[w] = at(c.run(d), "%s %s", c.Op, c.Case); errs[w] != nil {
							return
						}
					}
				}
			})
		}
		wait.Wait()
		return errors.Join(errs...)
	}}}
}

// rotated begins with element n, so that the workers are busy with different things.
func rotated[T any](x []T, n int) []T { return slices.Concat(x[n:], x[:n]) }
