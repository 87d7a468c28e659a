// Package shop drives a running Souk from outside, over its public API only: a small
// client, the flows a buyer and a merchant go through, and the arrangements of
// processes (shapes) that a scenario runs in.
package shop

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

// Client calls the public API as one caller: anonymous, signed in, or holding a guest
// cart.
type Client struct {
	Base      string // such as "http://127.0.0.1:8080"
	Token     string // access token; empty for anonymous callers
	CartToken string // secret of a guest cart
	HTTP      *http.Client
	// Patience is how long a request that may be repeated is repeated while the shop is
	// down; 0 for not at all.
	Patience time.Duration
}

// Reply is a response, read whole.
type Reply struct {
	Status int
	Header http.Header
	Body   []byte
}

// Problem is the error shape of the API.
type Problem struct {
	Status    int    `json:"status"`
	Code      string `json:"code"`
	Detail    string `json:"detail"`
	RequestID string `json:"request_id"`
	Errors    []struct {
		Pointer string `json:"pointer"`
		Detail  string `json:"detail"`
	} `json:"errors"`
}

// Error is a reply that was not the expected one.
type Error struct {
	Call  string
	Reply Reply
}

// Error implements error.
func (e *Error) Error() string {
	return fmt.Sprintf("%s answered %d: %s", e.Call, e.Reply.Status, e.Reply.Body)
}

// Problem decodes the error's body.
func (e *Error) Problem() (p Problem) {
	_ = json.Unmarshal(e.Reply.Body, &p) // not a problem document: the zero value says so
	return p
}

// StatusOf reads the HTTP status of an error of this package, 0 for others.
func StatusOf(err error) int {
	var e *Error
	if errors.As(err, &e) {
		return e.Reply.Status
	}
	return 0
}

// Option changes a request before it is sent.
type Option func(*http.Request)

// Key sends an Idempotency-Key.
func Key(key string) Option { return Header("Idempotency-Key", key) }

// Header sends a header.
func Header(name, value string) Option {
	return func(r *http.Request) { r.Header.Set(name, value) }
}

// Do sends one request with a JSON body (nil for none) and reads the reply.
func (c *Client) Do(ctx context.Context, method, path string, body any, options ...Option) (Reply, error) {
	var raw []byte
	if body != nil {
		var err error
		if raw, err = json.Marshal(body); err != nil {
			return Reply{}, fmt.Errorf("encode request: %w", err)
		}
	}
	return c.Send(ctx, method, path, raw, options...)
}

// Send is Do with the bytes of the body as they are.
func (c *Client) Send(ctx context.Context, method, path string, body []byte, options ...Option) (Reply, error) {
	r, err := http.NewRequestWithContext(ctx, method, c.Base+path, bytes.NewReader(body))
	if err != nil {
		return Reply{}, fmt.Errorf("make request: %w", err)
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if c.Token != "" {
		r.Header.Set("Authorization", "Bearer "+c.Token)
	}
	if c.CartToken != "" {
		r.Header.Set("Cart-Token", c.CartToken)
	}
	for _, o := range options {
		o(r)
	}
	resp, err := c.http().Do(r)
	if err != nil {
		return Reply{}, fmt.Errorf("%s %s: %w", method, path, err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		return Reply{}, fmt.Errorf("%s %s: read reply: %w", method, path, err)
	}
	return Reply{Status: resp.StatusCode, Header: resp.Header, Body: raw}, nil
}

func (c *Client) http() *http.Client {
	if c.HTTP != nil {
		return c.HTTP
	}
	return http.DefaultClient
}

// Call sends a request and decodes the reply into out (nil to ignore it); any status
// but the wanted one is an *Error. While the shop cannot be reached, answers 429, 502,
// 503 or 504, or says that the same key is in flight, the request is repeated until the
// client's patience ends: it must be one that may be.
func (c *Client) Call(ctx context.Context, want int, method, path string, body, out any, options ...Option) error {
	deadline := time.Now().Add(c.Patience)
	for {
		reply, err := c.Do(ctx, method, path, body, options...)
		if err == nil && reply.Status == want {
			return decode(reply, out)
		}
		if err == nil {
			err = &Error{Call: method + " " + path, Reply: reply}
		}
		if !again(err) || time.Now().After(deadline) {
			return err
		}
		select {
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func decode(reply Reply, out any) error {
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(reply.Body, out); err != nil {
		return fmt.Errorf("decode %s: %w", reply.Body, err)
	}
	return nil
}

// again reports whether a failure is of the kind that a repetition may mend.
func again(err error) bool {
	var e *Error
	if !errors.As(err, &e) {
		var network *url.Error
		return errors.As(err, &network) || errors.Is(err, io.ErrUnexpectedEOF)
	}
	switch e.Reply.Status {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	case http.StatusConflict:
		return e.Problem().Code == "idempotency_in_flight"
	}
	return false
}
