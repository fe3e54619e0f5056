package serve

import (
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"mime"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

// client is who sends a request.
type client struct {
	key  digest // their key's; zero where none is asked for
	name string // whose allowance they use
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	// Of a request that is refused, the rest is read too, unless it is long: so every body has its time, not only those that are
	// asked for. A test's recorder has no deadlines.
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(s.config.Limits.Read))
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cache-Control", "no-store")
	if f := s.route(w, r); f != nil {
		s.fail(w, r, f)
	}
}

// fail counts a failure, and sends it where somebody waits for it.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, f *failure) {
	s.metrics.failed(f)
	s.log.Debug("a request failed", "method", r.Method, "path", r.URL.Path, "status", f.status, "code", f.code)
	if f.status != statusGone {
		f.header(w.Header())
		s.send(w, f.status, f.body())
	}
}

// send sends JSON, to a client that may be gone or may not read.
func (s *Server) send(w http.ResponseWriter, status int, body []byte) {
	w.Header().Set("Content-Type", "application/json")
	s.sendAs(w, status, body)
}

func (s *Server) sendAs(w http.ResponseWriter, status int, body []byte) {
	control := http.NewResponseController(w)
	_ = control.SetWriteDeadline(time.Now().Add(s.config.Limits.Write))
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body)
	_ = control.Flush()
	_ = control.SetWriteDeadline(time.Time{})
}

func (s *Server) route(w http.ResponseWriter, r *http.Request) *failure {
	if f := s.near(r); f != nil {
		return f
	}
	look, method := http.MethodGet, func(methods ...string) *failure {
		if slices.Contains(methods, r.Method) {
			return nil
		}
		w.Header().Set("Allow", strings.Join(methods, ", "))
		return &failure{status: http.StatusMethodNotAllowed, code: "method_not_allowed", message: r.URL.Path + " knows " + strings.Join(methods, " and ") + " alone"}
	}
	switch path := r.URL.Path; {
	case path == "/healthz", path == "/readyz":
		if f := method(look, http.MethodHead); f != nil {
			return f
		}
		s.health(w, r, path == "/readyz")
		return nil
	case path == "/metrics", path == "/v1/models", strings.HasPrefix(path, "/v1/models/"):
		if f := method(look, http.MethodHead); f != nil {
			return f
		}
		if _, f := s.client(r); f != nil {
			return f
		}
		if path == "/metrics" {
			w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
			s.sendAs(w, http.StatusOK, s.metrics.page(s.sessions, len(s.turns)))
			return nil
		}
		return s.models(w, strings.TrimPrefix(strings.TrimPrefix(path, "/v1/models"), "/"))
	case path == "/v1/chat/completions":
		if f := method(http.MethodPost); f != nil {
			return f
		}
		c, f := s.client(r)
		if f != nil {
			return f
		}
		return s.chat(w, r, c)
	default:
		return &failure{status: http.StatusNotFound, code: "unknown_url", message: "there is nothing at this address"}
	}
}

// near refuses what a page in a browser might have sent without its user: a name that was bent to lead to this machine, or a
// request from another page. No other origin is ever allowed (CORS).
func (s *Server) near(r *http.Request) *failure {
	local, _ := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	if (local == nil || loopback(local)) && !s.called(r.Host) {
		return &failure{status: http.StatusForbidden, code: "host_not_allowed", message: "the server is not known under this name"}
	}
	if err := s.foreign.Check(r); err != nil {
		return &failure{status: http.StatusForbidden, code: "cross_origin", message: "requests of other origins are not answered"}
	}
	return nil
}

// called says whether a server on loopback may be called so.
func (s *Server) called(host string) bool {
	name := host
	if n, _, err := net.SplitHostPort(host); err == nil {
		name = n
	}
	address, err := netip.ParseAddr(strings.Trim(name, "[]"))
	is := func(other string) bool { return strings.EqualFold(other, name) || strings.EqualFold(other, host) }
	return err == nil && address.Unmap().IsLoopback() || is("localhost") || slices.ContainsFunc(s.config.Hosts, is)
}

// loopback says whether only this machine reaches an address.
func loopback(a net.Addr) bool {
	if tcp, is := a.(*net.TCPAddr); is {
		return tcp.IP.IsLoopback()
	}
	return a.Network() == "unix"
}

// client finds out who asks. Guesses of keys count as turns of the place that they come from.
func (s *Server) client(r *http.Request) (client, *failure) {
	from := place(r.RemoteAddr)
	if len(s.keys) == 0 {
		return client{name: from}, nil
	}
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	got, found := sha256.Sum256([]byte(strings.TrimSpace(token))), 0
	for n := range s.keys {
		found |= subtle.ConstantTimeCompare(got[:], s.keys[n][:])
	}
	if found == 1 && strings.EqualFold(scheme, "bearer") {
		return client{key: got, name: string(got[:])}, nil
	}
	if f := s.allow(from, 1); f != nil {
		return client{}, f
	}
	return client{}, &failure{status: http.StatusUnauthorized, code: "invalid_api_key", message: "a key is needed: Authorization: Bearer KEY"}
}

func (s *Server) allow(name string, turns int) *failure {
	if wait := s.rates.wait(name, turns); wait > 0 {
		return &failure{
			status: http.StatusTooManyRequests, code: "rate_limit_exceeded", after: wait,
			message: fmt.Sprintf("more than %d turns a minute", s.config.Limits.Rate),
		}
	}
	return nil
}

// media refuses what is not JSON as it is. A page of another origin cannot send JSON without asking first.
func media(r *http.Request) *failure {
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if charset := params["charset"]; err != nil || kind != "application/json" || charset != "" && !strings.EqualFold(charset, "utf-8") {
		return &failure{status: http.StatusUnsupportedMediaType, code: "unsupported_media_type", message: "the body must be application/json, in UTF-8"}
	}
	if coding := r.Header.Get("Content-Encoding"); coding != "" && coding != "identity" {
		return &failure{status: http.StatusUnsupportedMediaType, code: "unsupported_media_type", message: "the body must not be compressed"}
	}
	return nil
}

// models lists the one model that there is, or says what it is.
func (s *Server) models(w http.ResponseWriter, name string) *failure {
	type model struct {
		ID      string `json:"id"`
		Object  string `json:"object"`
		Created int64  `json:"created"`
		OwnedBy string `json:"owned_by"`
	}
	m := model{s.config.Model, "model", s.born.Unix(), DefaultModel}
	switch name {
	case "":
		s.send(w, http.StatusOK, encode(struct {
			Object string  `json:"object"`
			Data   []model `json:"data"`
		}{"list", []model{m}}))
	case m.ID:
		s.send(w, http.StatusOK, encode(m))
	default:
		return s.unknown()
	}
	return nil
}

func (s *Server) unknown() *failure {
	return &failure{status: http.StatusNotFound, code: "model_not_found", param: "model", message: "the only model here is " + s.config.Model}
}
