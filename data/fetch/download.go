package fetch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// maxIdle is how many tries in a row may bring no byte.
const maxIdle = 6

var (
	errStalled  = errors.New("no data for too long")
	errRedirect = errors.New("redirections are followed to https alone, ten at most")
)

// download completes the partial file, over as many connections as it takes.
func (c Client) download(ctx context.Context, a Archive, part partial) error {
	show := c.Progress
	if show == nil {
		show = Lines(c.log())
	}
	meter := show.Begin(a.Name, a.Size)
	err := c.retry(ctx, a.Address, func() (bool, error) { return c.try(ctx, a.Address, part, meter) })
	meter.End(err == nil)
	return err
}

// retry calls try until it succeeds or fails for good, or brings nothing several times in a row.
func (c Client) retry(ctx context.Context, address string, try func() (progress bool, err error)) error {
	var wait backoff.BackOff = backoff.NewExponentialBackOff()
	if c.Backoff != nil {
		wait = c.Backoff()
	}
	idle := 0
	_, err := backoff.Retry(ctx, func() (struct{}, error) {
		progress, err := try()
		if progress {
			idle = 0
			wait.Reset()
		}
		if idle++; err != nil && idle >= maxIdle {
			err = backoff.Permanent(err)
		}
		return struct{}{}, err
	}, backoff.WithBackOff(wait), backoff.WithMaxElapsedTime(0), backoff.WithNotify(func(err error, wait time.Duration) {
		c.log().Warn("download interrupted, trying again", "error", err, "wait", wait.Round(time.Millisecond))
	}))
	if ctx.Err() != nil {
		return fmt.Errorf("fetch: %s: %w", address, context.Cause(ctx))
	}
	return err
}

// try makes one connection and appends what it brings.
func (c Client) try(ctx context.Context, address string, part partial, meter Meter) (progress bool, err error) {
	f, have, validator, err := part.open()
	if err != nil {
		return false, local(err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()

	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stall := c.Stall
	if stall == 0 {
		stall = time.Minute
	}
	watch := time.AfterFunc(stall, func() { cancel(errStalled) })
	defer watch.Stop()

	header := http.Header{"Accept-Encoding": {"identity"}} // a range of compressed bytes would fit nothing
	if have > 0 {
		header.Set("Range", fmt.Sprintf("bytes=%d-", have))
		header.Set("If-Range", validator)
	}
	resp, err := c.get(ctx, address, header)
	if err != nil {
		return false, err
	}
	defer resp.Body.Close()
	switch {
	case resp.StatusCode == http.StatusPartialContent && startsAt(resp, have):
	case resp.StatusCode == http.StatusOK:
		have = 0
		if err := part.begin(f, validatorOf(resp.Header)); err != nil {
			return false, local(err)
		}
	case resp.StatusCode == http.StatusRequestedRangeNotSatisfiable && have > 0 && resp.Header.Get("Content-Range") == fmt.Sprintf("bytes */%d", have):
		return true, nil // all of it is here: an earlier run ended between the last byte and the checksum
	default: // a range that does not fit: begin anew
		err := &NetworkError{address, fmt.Errorf("%s does not continue at byte %d", resp.Status, have)}
		return false, errors.Join(err, part.begin(f, ""))
	}
	if _, err := f.Seek(have, io.SeekStart); err != nil {
		return false, local(err)
	}
	total := int64(-1)
	if resp.ContentLength >= 0 {
		total = have + resp.ContentLength
	}
	meter.At(have, total)
	return copyBody(ctx, f, resp, address, func(n int) {
		watch.Reset(stall)
		have += int64(n)
		meter.At(have, total)
	})
}

// copyBody writes all of the response to the file. Only the network's errors are worth another try.
func copyBody(ctx context.Context, f *os.File, resp *http.Response, address string, read func(n int)) (progress bool, err error) {
	buf := make([]byte, 1<<16)
	for {
		n, err := resp.Body.Read(buf)
		if n > 0 {
			progress = true
			if _, err := f.Write(buf[:n]); err != nil {
				return progress, local(err)
			}
			read(n)
		}
		switch {
		case err == io.EOF:
			return progress, nil
		case err != nil && errors.Is(context.Cause(ctx), errStalled):
			return progress, &NetworkError{address, errStalled}
		case err != nil:
			return progress, &NetworkError{address, err}
		}
	}
}

// startsAt tells whether a partial response begins where the file ends.
func startsAt(resp *http.Response, have int64) bool {
	return have > 0 && strings.HasPrefix(resp.Header.Get("Content-Range"), fmt.Sprintf("bytes %d-", have))
}

// text reads a small file.
func (c Client) text(ctx context.Context, address string) (text string, err error) {
	err = c.retry(ctx, address, func() (bool, error) {
		resp, err := c.get(ctx, address, nil)
		if err != nil {
			return false, err
		}
		defer resp.Body.Close()
		b, err := io.ReadAll(io.LimitReader(resp.Body, 4096))
		if err != nil {
			return false, &NetworkError{address, err}
		}
		text = string(b)
		return true, nil
	})
	return text, err
}

// get asks for an address by HTTPS, and follows redirections to HTTPS alone. A status that will not change is an error
// that is not tried again; those that say that the whole or a part follows, or that a range does not fit, are answers.
func (c Client) get(ctx context.Context, address string, header http.Header) (*http.Response, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" {
		return nil, backoff.Permanent(fmt.Errorf("fetch: %q is not an https address", address))
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, local(err)
	}
	if header != nil {
		req.Header = header
	}
	var client http.Client
	if c.HTTP != nil {
		client = *c.HTTP
	}
	client.CheckRedirect = func(req *http.Request, via []*http.Request) error {
		if req.URL.Scheme != "https" || len(via) >= 10 {
			return fmt.Errorf("%w, not to %s", errRedirect, req.URL)
		}
		return nil
	}
	resp, err := client.Do(req)
	if err != nil {
		if errors.Is(context.Cause(ctx), errStalled) {
			err = errStalled
		}
		if dns := (*net.DNSError)(nil); errors.Is(err, errRedirect) || errors.As(err, &dns) && dns.IsNotFound {
			return nil, backoff.Permanent(&NetworkError{address, err})
		}
		return nil, &NetworkError{address, err}
	}
	switch resp.StatusCode {
	case http.StatusOK, http.StatusPartialContent, http.StatusRequestedRangeNotSatisfiable:
		return resp, nil
	}
	err = &NetworkError{address, errors.New(resp.Status)}
	if e := resp.Body.Close(); e != nil {
		err = errors.Join(err, e)
	}
	code := resp.StatusCode
	if code != http.StatusRequestTimeout && code != http.StatusTooManyRequests && code < 500 {
		return nil, backoff.Permanent(err)
	}
	if sec, e := strconv.Atoi(resp.Header.Get("Retry-After")); e == nil && sec > 0 {
		err = fmt.Errorf("%w (%w)", err, backoff.RetryAfter(min(sec, 120)))
	}
	return nil, err
}

// local is an error of this machine, which another try does not mend.
func local(err error) error { return backoff.Permanent(fmt.Errorf("fetch: %w", err)) }
