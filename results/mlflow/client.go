package mlflow

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// Server is a tracking server, spoken to by its REST API.
type Server struct {
	URL    string
	Token  string       // sent as a bearer token; empty: none
	Client *http.Client // nil: [http.DefaultClient]
}

// Error is the server's answer to a request that it did not grant.
type Error struct {
	Call    string
	Status  int
	Code    string // MLflow's, empty where something else answered
	Message string
}

func (e *Error) Error() string {
	return fmt.Sprintf("mlflow: %s: status %d: %s", e.Call, e.Status, strings.TrimSpace(e.Code+" "+e.Message))
}

// notThere is the code of what does not exist.
const notThere = "RESOURCE_DOES_NOT_EXIST"

// longestAnswer bounds what is read of an answer.
const longestAnswer = 16 << 20

// post makes a call and decodes its answer, unless into is nil.
func (s Server) post(ctx context.Context, call string, body, into any) error {
	b, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("mlflow: %s: %w", call, err)
	}
	return s.do(ctx, http.MethodPost, call, "", bytes.NewReader(b), into)
}

func (s Server) get(ctx context.Context, call string, query url.Values, into any) error {
	return s.do(ctx, http.MethodGet, call, "?"+query.Encode(), nil, into)
}

func (s Server) do(ctx context.Context, method, call, query string, body io.Reader, into any) (err error) {
	req, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(s.URL, "/")+"/api/2.0/mlflow/"+call+query, body)
	if err != nil {
		return fmt.Errorf("mlflow: %s: %w", call, err)
	}
	req.Header.Set("Content-Type", "application/json")
	if s.Token != "" {
		req.Header.Set("Authorization", "Bearer "+s.Token)
	}
	client := s.Client
	if client == nil {
		client = http.DefaultClient
	}
	resp, err := client.Do(req)
	if err != nil {
		return fmt.Errorf("mlflow: %s: %w", call, err)
	}
	defer func() { _ = resp.Body.Close() }() // it was read
	answer, err := io.ReadAll(io.LimitReader(resp.Body, longestAnswer))
	if err != nil {
		return fmt.Errorf("mlflow: %s: %w", call, err)
	}
	if resp.StatusCode != http.StatusOK {
		e := &Error{Call: call, Status: resp.StatusCode}
		var said struct {
			Code    string `json:"error_code"`
			Message string `json:"message"`
		}
		if json.Unmarshal(answer, &said) == nil {
			e.Code, e.Message = said.Code, said.Message
		} else {
			e.Message = fmt.Sprintf("no answer of MLflow's: %.80q", answer)
		}
		return e
	}
	if into == nil {
		return nil
	}
	if err := json.Unmarshal(answer, into); err != nil {
		return fmt.Errorf("mlflow: %s: no answer of MLflow's: %.80q: %w", call, answer, err)
	}
	return nil
}
