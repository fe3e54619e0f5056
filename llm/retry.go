package llm

import (
	"context"
	"errors"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// Retry says how patiently a call is made. It is the only place where calls are repeated: adapters make one, and the
// libraries under them are told to do so too. The zero value waits half a second, then twice as long each time, by half
// of it more or less, so that callers who failed together do not come back together.
type Retry struct {
	Tries   int           // 0: 6
	Timeout time.Duration // of each try; 0: 2 minutes
	Longest time.Duration // a server that asks to wait longer is not asked again; 0: 2 minutes

	Backoff func() backoff.BackOff               // nil: as above
	Notify  func(err *Error, wait time.Duration) // before each wait; may be nil
}

// MostInARow is how many calls may fail, each after all its tries, with none that succeeds between them. Then the server is
// taken to be gone, and nothing more is asked of it.
const MostInARow = 3

// Do calls try until it succeeds, fails with what is not temporary, or has failed too often; then it returns the last
// error. It ends early, with the context's cause, when the context does.
func Do[T any](ctx context.Context, r Retry, try func(context.Context) (T, error)) (T, error) {
	or := func(d, standard time.Duration) time.Duration {
		if d == 0 {
			return standard
		}
		return d
	}
	tries := r.Tries
	if tries == 0 {
		tries = 6
	}
	var last error
	result, err := backoff.Retry(ctx, func() (T, error) {
		trying, cancel := context.WithTimeout(ctx, or(r.Timeout, 2*time.Minute))
		defer cancel()
		var result T
		result, last = try(trying)
		if last == nil {
			return result, nil
		}
		failed := (*Error)(nil)
		if !errors.As(last, &failed) || !failed.Temporary() || failed.RetryAfter > or(r.Longest, 2*time.Minute) {
			return result, backoff.Permanent(last)
		}
		if failed.RetryAfter > 0 {
			return result, errors.Join(failed, &backoff.RetryAfterError{Duration: failed.RetryAfter})
		}
		return result, failed
	}, backoff.WithBackOff(r.backoff()), backoff.WithMaxTries(uint(tries)), backoff.WithMaxElapsedTime(0),
		backoff.WithNotify(func(err error, wait time.Duration) {
			if failed := (*Error)(nil); r.Notify != nil && errors.As(err, &failed) {
				r.Notify(failed, wait)
			}
		}))
	switch {
	case err == nil:
		return result, nil
	case ctx.Err() != nil:
		return result, context.Cause(ctx)
	default:
		return result, last
	}
}

func (r Retry) backoff() backoff.BackOff {
	if r.Backoff != nil {
		return r.Backoff()
	}
	b := backoff.NewExponentialBackOff()
	b.Multiplier = 2
	return b
}
