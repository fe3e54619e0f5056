package serve

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"llm4rec/llm/agent"
	"llm4rec/llm/llmtest"
)

// raw sends bytes over a connection of its own, and reads the answer and whether the connection ends after it.
func raw(t *testing.T, base string, pieces []string, pause time.Duration) (got reader, closed bool) {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(base, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	go func() {
		for _, piece := range pieces {
			if _, err := io.WriteString(conn, piece); err != nil {
				return // the server has had enough
			}
			time.Sleep(pause)
		}
	}()
	_ = conn.SetReadDeadline(time.Now().Add(20 * time.Second))
	in := bufio.NewReader(conn)
	r, err := http.ReadResponse(in, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	got = reader{Status: r.StatusCode, Body: string(body)}
	_ = json.Unmarshal(body, &got) // or it is not ours
	_ = conn.SetReadDeadline(time.Now().Add(5 * time.Second))
	_, err = in.ReadByte()
	return got, err != nil && !errors.Is(err, os.ErrDeadlineExceeded)
}

func header(more string) string {
	return "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n" + more + "\r\n"
}

// TestLargeBodies: ten megabytes, announced and not.
func TestLargeBodies(t *testing.T) {
	base, _ := start(t, newServer(t, echo, config()))
	for name, first := range map[string]string{
		"announced": header("Content-Length: 10485760\r\n"),
		"in chunks": header("Transfer-Encoding: chunked\r\n") + "A00000\r\n",
		"expects":   header("Content-Length: 10485760\r\nExpect: 100-continue\r\n"),
	} {
		t.Run(name, func(t *testing.T) {
			pieces := []string{first}
			if name != "expects" {
				for range 160 {
					pieces = append(pieces, strings.Repeat(" ", 1<<16))
				}
			}
			got, closed := raw(t, base, pieces, 0)
			if got.Status != http.StatusRequestEntityTooLarge || got.Error.Code != "request_too_large" || !closed {
				t.Errorf("%d %s, closed: %v", got.Status, got.Body, closed)
			}
		})
	}
}

// TestLargeBodyOfAClient: an ordinary client reads the error, and does not see a broken connection alone.
func TestLargeBodyOfAClient(t *testing.T) {
	base, _ := start(t, newServer(t, echo, config()))
	if got := post(llmtest.Client(t), base, messages(strings.Repeat("a", 10<<20))); got.err == nil && got.status != http.StatusRequestEntityTooLarge {
		t.Errorf("%d", got.status)
	} else if got.err != nil {
		t.Errorf("the client saw %v", got.err)
	}
}

func TestSlowBodies(t *testing.T) {
	c := config()
	c.Limits.Read = 200 * time.Millisecond
	base, _ := start(t, newServer(t, echo, c))
	body := messages("a")
	slow := []string{header(fmt.Sprintf("Content-Length: %d\r\n", len(body)))}
	for _, b := range []byte(body) {
		slow = append(slow, string(b))
	}
	for name, pieces := range map[string][]string{"drips": slow, "stops": {slow[0] + body[:5]}, "never comes": {slow[0]}} {
		t.Run(name, func(t *testing.T) {
			begin := time.Now()
			got, closed := raw(t, base, pieces, 20*time.Millisecond)
			if got.Status != http.StatusRequestTimeout || got.Error.Code != "request_timeout" || !closed {
				t.Errorf("%d %s, closed: %v", got.Status, got.Body, closed)
			}
			if wait := time.Since(begin); wait > 5*time.Second {
				t.Errorf("it took %v", wait)
			}
		})
	}
}

// TestBodyOfARefusedRequest has no more time than others.
func TestBodyOfARefusedRequest(t *testing.T) {
	c := config()
	c.Limits.Read = 100 * time.Millisecond
	base, _ := start(t, newServer(t, echo, c))
	got, closed := raw(t, base, []string{strings.Replace(header("Content-Length: 9\r\n"), "application/json", "text/plain", 1) + "a"}, 0)
	if got.Status != http.StatusUnsupportedMediaType || !closed {
		t.Errorf("%d, closed: %v", got.Status, closed)
	}
}

func TestSlowHeaders(t *testing.T) {
	c := config()
	c.Limits.Header = 100 * time.Millisecond
	base, _ := start(t, newServer(t, echo, c))
	conn, err := net.Dial("tcp", strings.TrimPrefix(base, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, _ = io.WriteString(conn, "POST /v1/chat/completions HTTP/1.1\r\nHost: loc")
	_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	if _, err := io.ReadAll(conn); err != nil {
		t.Errorf("the connection is still open: %v", err)
	}
}

// TestReadTimeIsNotTurnTime: the deadline for the body does not end the wait for the answer, nor that of an answer the next
// request on its connection.
func TestReadTimeIsNotTurnTime(t *testing.T) {
	host, _, finish := waiting()
	c := config()
	c.Limits.Read, c.Limits.Write = 100*time.Millisecond, 100*time.Millisecond
	base, _ := start(t, newServer(t, host, c))
	time.AfterFunc(400*time.Millisecond, func() { close(finish) })
	client := llmtest.Client(t)
	for _, fields := range []string{"", `,"stream":true`, "", `,"stream":true`} {
		if got := post(client, base, with(fields, "a")); got.status != 200 || !strings.Contains(got.body, "You said:") {
			t.Errorf("%+v", got)
		}
		time.Sleep(150 * time.Millisecond)
	}
}

// TestClientThatDoesNotRead: who asks for a long answer and reads none of it holds nothing for long.
func TestClientThatDoesNotRead(t *testing.T) {
	c := config()
	c.Limits.Write = 100 * time.Millisecond
	for fields, size := range map[string]int{"": 16 << 20, `,"stream":true`: 2 << 20} { // more than what systems take in advance; events are ten times their text
		long := strings.Repeat("a film, ", size/8)
		s := newServer(t, script(func(context.Context, agent.Visitor, []string) (agent.Turn, error) { return agent.Turn{Text: long}, nil }), c)
		base, _ := start(t, s)
		conn, err := net.Dial("tcp", strings.TrimPrefix(base, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		body := with(fields, "a")
		if _, err := io.WriteString(conn, header(fmt.Sprintf("Content-Length: %d\r\n", len(body)))+body); err != nil {
			t.Fatal(err)
		}
		for opened := 0; opened == 0 || len(s.turns) > 0; time.Sleep(time.Millisecond) {
			_, opened, _, _ = s.sessions.open()
		}
		conn.Close()
	}
}

func TestHostOverTheWire(t *testing.T) {
	base, _ := start(t, newServer(t, echo, config()))
	body := messages("a")
	got, _ := raw(t, base, []string{strings.Replace(header(fmt.Sprintf("Connection: close\r\nContent-Length: %d\r\n", len(body))), "localhost", "evil.example", 1) + body}, 0)
	if got.Status != http.StatusForbidden || got.Error.Code != "host_not_allowed" {
		t.Errorf("%d %s", got.Status, got.Body)
	}
}
