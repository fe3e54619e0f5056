// Package ollamatest runs a real Ollama server for tests, with models that the tests make. See .ci/ollama.
package ollamatest

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Server is a running Ollama, which knows no model that the test did not make.
type Server struct {
	URL string

	t       testing.TB
	program string
	env     []string
	home    string
	address string
	log     output
	process *exec.Cmd // nil: it does not run
}

// Start starts a server with more variables of the environment, such as OLLAMA_NUM_PARALLEL=4, which ends with the test. The
// test is skipped where Ollama has not been built.
func Start(t testing.TB, env ...string) *Server {
	t.Helper()
	program, err := find()
	if err != nil {
		t.Skip(err)
	}
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	s := &Server{URL: "http://" + address, t: t, program: program, env: env, home: t.TempDir(), address: address}
	t.Cleanup(func() {
		s.Kill()
		if t.Failed() {
			t.Logf("the last that the server said:\n%s", s.log.tail(4000))
		}
	})
	s.Rise()
	return s
}

// find is the program that LLM4REC_OLLAMA names, or the one that .ci/ollama has built.
func find() (string, error) {
	if program := os.Getenv("LLM4REC_OLLAMA"); program != "" {
		return program, nil
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	program := filepath.Join(cache, "llm4rec", "ollama", "current", "ollama")
	if _, err := os.Stat(program); err != nil {
		return "", errors.New("there is no Ollama: .ci/ollama builds it")
	}
	return program, nil
}

// Rise starts a server that has been killed. It has the address and the models that it had.
func (s *Server) Rise() {
	s.t.Helper()
	cmd := exec.CommandContext(s.t.Context(), s.program, "serve")
	cmd.Cancel = func() error { return nil } // Kill ends it, with its children
	cmd.Env = append([]string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + s.home, "OLLAMA_MODELS=" + filepath.Join(s.home, "models"),
		"OLLAMA_HOST=" + s.address, "OLLAMA_NO_CLOUD=1", "GIN_MODE=release",
	}, s.env...)
	cmd.Stdout, cmd.Stderr = &s.log, &s.log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // its children, which hold the models, join the group
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.process = cmd
	for range 1200 {
		if status, _, err := s.do(http.MethodGet, "/api/version", nil); err == nil && status == http.StatusOK {
			return
		}
		time.Sleep(25 * time.Millisecond)
	}
	s.t.Fatal("Ollama does not answer")
}

// Kill ends the server and its children at once.
func (s *Server) Kill() {
	if s.process == nil {
		return
	}
	// By SIGTERM it ends its children. Whatever is left after that is of its group.
	group := -s.process.Process.Pid
	_ = s.process.Process.Signal(syscall.SIGTERM) // it may have ended
	timer := time.AfterFunc(5*time.Second, func() { _ = syscall.Kill(group, syscall.SIGKILL) })
	_ = s.process.Wait() // ended by a signal
	timer.Stop()
	_ = syscall.Kill(group, syscall.SIGKILL)
	s.process = nil
}

// KillRunners ends the processes that hold models, and not the server. The test is skipped where there is no /proc.
func (s *Server) KillRunners() {
	s.t.Helper()
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil || len(stats) == 0 {
		s.t.Skip("no /proc to find processes in")
	}
	killed := 0
	for _, stat := range stats {
		var pid, parent, group int
		var name, state string
		text, err := os.ReadFile(stat)
		if err != nil {
			continue // it has ended
		}
		if _, err := fmt.Sscan(string(text), &pid, &name, &state, &parent, &group); err == nil && group == s.process.Process.Pid && pid != group {
			_ = syscall.Kill(pid, syscall.SIGKILL) // it may have ended
			killed++
		}
	}
	if killed == 0 {
		s.t.Fatal("there is no runner to kill")
	}
}

// Model gives the server a model, from a file in GGUF. A model of that name is replaced.
func (s *Server) Model(name string, gguf []byte) {
	s.t.Helper()
	s.create(name, gguf, nil)
}

// ToolModel is Model for one that calls tools, as far as its server can tell: its template shows them.
func (s *Server) ToolModel(name string, gguf []byte) {
	s.t.Helper()
	s.create(name, gguf, map[string]any{"template": toolTemplate})
}

const toolTemplate = `{{ range .Tools }}{{ .Function }}
{{ end }}{{ range .Messages }}{{ .Role }}: {{ .Content }}{{ range .ToolCalls }}
{"name": "{{ .Function.Name }}", "arguments": {{ .Function.Arguments }}}{{ end }}
{{ end }}assistant: `

func (s *Server) create(name string, gguf []byte, more map[string]any) {
	s.t.Helper()
	digest := fmt.Sprintf("sha256:%x", sha256.Sum256(gguf))
	// A server that has the file answers without reading it, and resets the connection.
	if status, _, err := s.do(http.MethodHead, "/api/blobs/"+digest, nil); err != nil || status != http.StatusOK {
		s.must(http.MethodPost, "/api/blobs/"+digest, gguf)
	}
	request := map[string]any{
		"model": name, "stream": false, "files": map[string]string{"model.gguf": digest},
		// The threads of llama.cpp wait for each other in a loop: with other tests beside it, two would be slower by far.
		"parameters": map[string]any{"num_thread": 1},
	}
	maps.Copy(request, more)
	create, err := json.Marshal(request)
	if err != nil {
		s.t.Fatal(err)
	}
	s.must(http.MethodPost, "/api/create", create)
}

func (s *Server) must(method, path string, body []byte) {
	s.t.Helper()
	status, answer, err := s.do(method, path, body)
	if err != nil || status >= 300 {
		s.t.Fatalf("%s %s: %d %s %v", method, path, status, answer, err)
	}
}

// do makes one call on a connection of its own, so that none is left open.
func (s *Server) do(method, path string, body []byte) (status int, answer []byte, err error) {
	request, err := http.NewRequestWithContext(s.t.Context(), method, s.URL+path, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	request.Close = true
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer response.Body.Close()
	answer, err = io.ReadAll(response.Body)
	return response.StatusCode, answer, err
}

// output is what a server has said.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) tail(most int) []byte {
	o.mu.Lock()
	defer o.mu.Unlock()
	all := o.b.Bytes()
	return all[max(0, len(all)-most):]
}
