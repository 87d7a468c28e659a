package faults

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"sync"
	"time"
)

// Entry is one request as its sender saw it: a line of the client's log.
type Entry struct {
	At     time.Duration `json:"at_ns"` // since the run began
	Took   time.Duration `json:"took_ns"`
	Method string        `json:"method"`
	Path   string        `json:"path"`
	Key    string        `json:"key,omitempty"`
	Status int           `json:"status,omitempty"` // 0 when there was no answer
	Code   string        `json:"code,omitempty"`   // of a problem
	ID     string        `json:"id,omitempty"`     // of what was answered
	State  string        `json:"state,omitempty"`  // its status
	// Replayed tells that the answer is a stored one.
	Replayed bool   `json:"replayed,omitempty"`
	Error    string `json:"error,omitempty"`

	send func(ctx context.Context) (*http.Request, error) // makes the request once more
}

// record is the client's log. It is an http.RoundTripper that writes down every request
// it carries.
type record struct {
	next  http.RoundTripper
	began time.Time

	mu      sync.Mutex
	entries []Entry
	file    *os.File
}

func newRecord(path string) (*record, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, err
	}
	next := &http.Transport{MaxIdleConnsPerHost: 2 * Buyers, IdleConnTimeout: 30 * time.Second}
	return &record{next: next, began: time.Now(), file: file}, nil
}

// RoundTrip implements http.RoundTripper. The answer is read whole, so that one which
// breaks off is none.
func (r *record) RoundTrip(request *http.Request) (*http.Response, error) {
	begun := time.Now()
	e := Entry{
		At: begun.Sub(r.began), Method: request.Method, Path: request.URL.RequestURI(), Key: request.Header.Get("Idempotency-Key"),
	}
	if e.send = copied(request); e.Key == "" {
		e.send = nil
	}
	response, body, err := r.carry(request)
	e.Took = time.Since(begun)
	if err != nil {
		e.Error = err.Error()
		return nil, r.write(e, err)
	}
	response.Body = io.NopCloser(bytes.NewReader(body))
	e.Status, e.Replayed = response.StatusCode, response.Header.Get("Idempotent-Replayed") != ""
	var told struct{ ID, Code string }
	var state struct{ Status any }
	if json.Unmarshal(body, &told) == nil && json.Unmarshal(body, &state) == nil {
		e.ID, e.Code = told.ID, told.Code
		if text, ok := state.Status.(string); ok {
			e.State = text
		}
	}
	return response, r.write(e, nil)
}

// copied keeps what is needed to send a request again.
func copied(request *http.Request) func(context.Context) (*http.Request, error) {
	return func(ctx context.Context) (*http.Request, error) {
		body, err := request.GetBody()
		if err != nil {
			return nil, err
		}
		again, err := http.NewRequestWithContext(ctx, request.Method, request.URL.String(), body)
		if err != nil {
			return nil, err
		}
		again.ContentLength, again.Header = request.ContentLength, request.Header.Clone()
		return again, nil
	}
}

func (r *record) carry(request *http.Request) (*http.Response, []byte, error) {
	response, err := r.next.RoundTrip(request)
	if err != nil {
		return nil, nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, nil, fmt.Errorf("the answer %d broke off: %w", response.StatusCode, err)
	}
	return response, body, nil
}

// write adds an entry and returns the error it was given.
func (r *record) write(e Entry, err error) error {
	line, broken := json.Marshal(e)
	if broken != nil {
		return broken
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.entries = append(r.entries, e)
	if _, broken := r.file.Write(append(line, '\n')); broken != nil {
		return broken
	}
	return err
}

// all gives the entries so far.
func (r *record) all() []Entry {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]Entry(nil), r.entries...)
}

func (r *record) close() { _ = r.file.Close() }
