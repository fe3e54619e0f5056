package llm

import (
	"errors"
	"fmt"
	"net/url"
)

// ParseBaseURL reads the address of a service. It goes into records and errors, so it must not hold a secret: no
// user:password@, and no ?key=….
func ParseBaseURL(address string) (*url.URL, error) {
	u, err := url.Parse(address)
	switch {
	case err != nil:
		return nil, errors.New("the base URL cannot be read") // the parser's error repeats it
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return nil, fmt.Errorf("the base URL of %s has a user, a query or a fragment, which may be secret: name the variable of the environment that holds the key instead", u.Host)
	case u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		return nil, fmt.Errorf("base URL %q: want http://… or https://…", address)
	}
	return u, nil
}
