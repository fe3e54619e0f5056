// Package llmtest is a server for the tests of what calls language models: it embeds and chats as Ollama and as OpenAI do, on
// loopback, and misbehaves as it is told.
package llmtest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"maps"
	"math"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"llm4rec/llm"
)

// Fault is how a call goes wrong. Its parts can be combined.
type Fault struct {
	Delay   time.Duration
	Status  int                                   // of an answer that is Body; 0: the right answer, or Body with status 200
	Header  map[string]string                     // beside it
	Body    string                                // instead of the right answer
	Vectors func(vectors [][]float32) [][]float32 // changes the right answer
	Number  string                                // stands where the first number of the right answer belongs
	Text    func(text string) string              // changes the right answer of a chat
	Bytes   func(body []byte) []byte              // changes the answer as it goes over the wire
	Drip    time.Duration                         // before each byte of the answer
	Cut     bool                                  // the connection ends in the middle of the answer
	Reset   bool                                  // the connection is reset, and there is no answer
	Die     bool                                  // the server goes, this call and all that are under way with it
}

// Server has one model. Its fields are set before the first call.
type Server struct {
	URL       string // of Ollama's interface; that of OpenAI's is URL + "/v1"
	Dimension int
	Digest    string           // of the model
	Chat      bool             // the model is one for chats; it embeds all the same, and the other chats
	NoTools   bool             // the model does not call tools
	Delay     time.Duration    // of every answer
	Poison    map[string]Fault // of every call that has this text, or a message of it
	Reverse   bool             // OpenAI's vectors come in the wrong order, with the right index

	Answer func(r llm.Request) llm.Response // of chats; nil: Echo. It is called from many goroutines at once

	t       testing.TB
	address string

	busy     atomic.Int64 // nanoseconds
	mu       sync.Mutex
	server   *httptest.Server // nil: dead
	faults   []Fault
	calls    int
	answered map[string]int
	headers  []http.Header
	bodies   []string
	dying    sync.WaitGroup
}

// Model is the name of the server's model.
const Model = "words"

// Serve starts a server that ends with the test.
func Serve(t testing.TB) *Server {
	t.Helper()
	s := &Server{t: t, Dimension: 16, Digest: "sha256:1", answered: map[string]int{}}
	s.Rise()
	t.Cleanup(s.Die)
	return s
}

// Rise starts a server that has died, at the address that it had.
func (s *Server) Rise() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.server != nil {
		return
	}
	address := s.address
	if address == "" {
		address = "127.0.0.1:0"
	}
	l, err := (&net.ListenConfig{}).Listen(s.t.Context(), "tcp", address)
	if err != nil {
		s.t.Errorf("llmtest: %v", err)
		return
	}
	s.address, s.URL = l.Addr().String(), "http://"+l.Addr().String()
	s.server = &httptest.Server{Listener: l, Config: &http.Server{Handler: s, ReadHeaderTimeout: time.Minute}}
	s.server.Start()
}

// Die ends the server and cuts its connections.
func (s *Server) Die() {
	s.die()
	s.dying.Wait()
}

// die gives the address up at once; the rest takes until the calls that are under way have ended.
func (s *Server) die() {
	s.mu.Lock()
	defer s.mu.Unlock()
	server := s.server
	if server == nil {
		return
	}
	s.server = nil
	_ = server.Listener.Close() // what remains of it is closed below
	s.dying.Go(func() {
		server.CloseClientConnections()
		server.Close()
	})
}

// Next says how the next calls go wrong, in their order.
func (s *Server) Next(faults ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, faults...)
}

// Answered is how often each text was in a right answer that was sent whole.
func (s *Server) Answered() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.answered)
}

// Busy is the time that all calls together have spent in the server.
func (s *Server) Busy() time.Duration { return time.Duration(s.busy.Load()) }

// Calls is the number of calls for embeddings and answers.
func (s *Server) Calls() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls
}

// Asked returns the header and the body of each call for embeddings and answers.
func (s *Server) Asked() ([]http.Header, []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.headers[:len(s.headers):len(s.headers)], s.bodies[:len(s.bodies):len(s.bodies)]
}

// Vector is what the model makes of a text: the sum of a random vector for each word, of length 1.
func Vector(text string, dimension int) []float32 {
	sum := make([]float64, dimension)
	for _, word := range strings.Fields(text) {
		h := fnv.New64a()
		h.Write([]byte(word))
		r := rand.New(rand.NewPCG(h.Sum64(), 0))
		for n := range sum {
			sum[n] += r.NormFloat64()
		}
	}
	square := 0.0
	for _, x := range sum {
		square += x * x
	}
	vector := make([]float32, dimension)
	for n, x := range sum {
		vector[n] = float32(x / math.Sqrt(square))
	}
	return vector
}

func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	begin := time.Now()
	defer func() { s.busy.Add(int64(time.Since(begin))) }()
	var body bytes.Buffer
	if _, err := body.ReadFrom(r.Body); err != nil {
		return // the caller is gone
	}
	var ask struct {
		Model      string
		Input      []string
		Messages   []message
		Dimensions int
	}
	if body.Len() > 0 {
		if err := json.Unmarshal(body.Bytes(), &ask); err != nil {
			http.Error(w, `{"error":"bad JSON"}`, http.StatusBadRequest)
			return
		}
	}
	switch r.URL.Path {
	case "/api/tags":
		answer(w, map[string]any{"models": []any{map[string]any{"name": Model + ":latest", "model": Model + ":latest", "digest": s.Digest}}})
	case "/api/show":
		capability := "embedding"
		if s.Chat {
			capability = "completion"
		}
		answer(w, map[string]any{"capabilities": []string{capability}})
	case "/api/embed", "/v1/embeddings", "/api/chat", "/v1/chat/completions":
		texts := ask.Input
		for _, m := range ask.Messages {
			texts = append(texts, m.Content)
		}
		fault := s.note(r.Header, body.String(), texts)
		if ask.Model != Model {
			http.Error(w, fmt.Sprintf(`{"error":"model '%s' not found"}`, ask.Model), http.StatusNotFound)
			return
		}
		select {
		case <-time.After(s.Delay + fault.Delay):
		case <-r.Context().Done():
			return
		}
		if strings.Contains(r.URL.Path, "chat") {
			s.chat(w, r.URL.Path, body.Bytes(), fault)
			return
		}
		dimension := s.Dimension
		if ask.Dimensions > 0 {
			dimension = ask.Dimensions
		}
		s.embed(w, r.URL.Path, ask.Input, dimension, fault)
	default:
		http.NotFound(w, r)
	}
}

// note keeps what was asked, and says how the call goes wrong.
func (s *Server) note(header http.Header, body string, texts []string) (fault Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls++
	s.headers, s.bodies = append(s.headers, header), append(s.bodies, body)
	for _, text := range texts {
		if bad, is := s.Poison[text]; is {
			return bad
		}
	}
	if len(s.faults) > 0 {
		fault, s.faults = s.faults[0], s.faults[1:]
	}
	return fault
}

func (s *Server) embed(w http.ResponseWriter, path string, texts []string, dimension int, fault Fault) {
	vectors := make([][]float32, len(texts))
	for n, text := range texts {
		vectors[n] = Vector(text, dimension)
	}
	if fault.Vectors != nil {
		vectors = fault.Vectors(vectors)
	}
	var right any = map[string]any{"model": Model, "embeddings": vectors, "prompt_eval_count": 3 * len(texts)}
	if path == "/v1/embeddings" {
		data := make([]any, len(vectors))
		for n, vector := range vectors {
			at := n
			if s.Reverse {
				at = len(data) - 1 - n
			}
			data[at] = map[string]any{"object": "embedding", "index": n, "embedding": vector}
		}
		right = map[string]any{"object": "list", "model": Model, "data": data, "usage": map[string]int{"prompt_tokens": 3 * len(texts), "total_tokens": 3 * len(texts)}}
	}
	body, err := json.Marshal(right)
	if err != nil {
		s.t.Errorf("llmtest: %v", err)
		return
	}
	if fault.Number != "" {
		number, err := json.Marshal(vectors[0][0])
		if err != nil {
			s.t.Errorf("llmtest: %v", err)
			return
		}
		body = bytes.Replace(body, append([]byte("["), number...), []byte("["+fault.Number), 1)
	}
	if s.send(w, "application/json", body, fault) && fault.Status == 0 && fault.Body == "" {
		s.mu.Lock()
		for _, text := range texts {
			s.answered[text]++
		}
		s.mu.Unlock()
	}
}

// send sends the right answer, or what the fault makes of it, and says whether it was sent whole.
func (s *Server) send(w http.ResponseWriter, kind string, body []byte, fault Fault) bool {
	if fault.Body != "" || fault.Status != 0 {
		kind, body = "application/json", []byte(fault.Body)
	}
	if fault.Bytes != nil {
		body = fault.Bytes(body)
	}
	w.Header().Set("Content-Type", kind)
	for name, value := range fault.Header {
		w.Header().Set(name, value)
	}
	switch {
	case fault.Die:
		s.die()
		panic(http.ErrAbortHandler)
	case fault.Reset:
		s.reset(w)
		return false
	case fault.Cut:
		w.Header().Set("Content-Length", fmt.Sprint(len(body)))
		_, _ = w.Write(body[:len(body)/2]) // the rest does not come anyway
		panic(http.ErrAbortHandler)
	case fault.Status != 0:
		w.WriteHeader(fault.Status)
	}
	if fault.Drip > 0 {
		return drip(w, body, fault.Drip)
	}
	_, err := w.Write(body)
	return err == nil
}

// reset closes the connection so that the other side sees it reset.
func (s *Server) reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		s.t.Errorf("llmtest: %v", err)
		return
	}
	if tcp, is := conn.(*net.TCPConn); is {
		_ = tcp.SetLinger(0) // it may be gone
	}
	_ = conn.Close()
}

func drip(w http.ResponseWriter, body []byte, pause time.Duration) bool {
	for n := range body {
		time.Sleep(pause)
		if _, err := w.Write(body[n : n+1]); err != nil || http.NewResponseController(w).Flush() != nil {
			return false
		}
	}
	return true
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) // the caller may be gone
}

// Client is a client whose connections end with the test.
func Client(t testing.TB) *http.Client {
	t.Helper()
	client := &http.Client{Transport: http.DefaultTransport.(*http.Transport).Clone()}
	t.Cleanup(client.CloseIdleConnections)
	return client
}
