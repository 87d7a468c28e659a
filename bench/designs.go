package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync/atomic"

	"app/e2e/harness/load"
	"app/e2e/harness/shop"
)

// The two designs of row 13, each with the same eight users, who have signed in.

// admin is who sends letters in our design.
const admin = "admin@shop.example"

// openOurs fills a shop of one process with users and opens it again with letters that
// go to the sink.
func (b *bench) openOurs(ctx context.Context, core string, mail *sink) (*design, error) {
	data, err := os.MkdirTemp(b.work, "seed-")
	if err != nil {
		return nil, fmt.Errorf("make folder: %w", err)
	}
	tokens, err := b.signUsersUp(ctx, data)
	if err == nil {
		err = b.appoint(ctx, data)
	}
	if err != nil {
		return nil, err
	}
	s, err := b.launch(ctx, core, append(b.environment(data), "EMAIL_TRANSPORT=smtp", "EMAIL_FROM=Souk <no-reply@shop.example>",
		"EMAIL_SMTP_HOST=127.0.0.1", "EMAIL_SMTP_PORT="+mail.port(), "EMAIL_SMTP_TLS=none"), "--all")
	if err != nil {
		return nil, err
	}
	boss, err := (&shop.Client{Base: s.url, HTTP: http.DefaultClient}).SignIn(ctx, admin, shop.Password)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("sign the administrator in: %w", err), s.Stop())
	}
	return &design{name: "souk", address: s.address, parts: []part{{"souk", s.Process}}, tasks: ourTasks(tokens, boss.AccessToken), close: s.Stop}, nil
}

// signUsersUp serves the shop with its development mailbox, which the codes of new
// users are read from.
func (b *bench) signUsersUp(ctx context.Context, data string) (tokens []string, err error) {
	s, err := b.serve(ctx, data, "")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.Stop()) }()
	client := &shop.Client{Base: s.url, HTTP: http.DefaultClient}
	for i := range buyers {
		user, err := client.SignUp(ctx, buyer(i))
		if err != nil {
			return nil, fmt.Errorf("sign a user up: %w", err)
		}
		tokens = append(tokens, user.Token)
	}
	return tokens, nil
}

// appoint makes the administrator's account.
func (b *bench) appoint(ctx context.Context, data string) error {
	cmd := exec.CommandContext(ctx, b.binary, "admin", "--email", admin, "--password-stdin")
	cmd.Dir, cmd.Env, cmd.Stdin = b.work, b.environment(data), strings.NewReader(shop.Password+"\n")
	if said, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("make an administrator: %w: %s", err, said)
	}
	return nil
}

func ourTasks(tokens []string, boss string) map[string]task {
	var newcomers atomic.Int64
	return map[string]task{
		"register": {status: http.StatusAccepted, letters: 1, request: func(int) []byte {
			return post("/v1/auth/register", registration(newcomers.Add(1)))
		}},
		"sign in": {status: http.StatusOK, holds: "access_token", request: func(n int) []byte {
			return post("/v1/auth/login", map[string]any{"email": buyer(n % buyers), "password": shop.Password})
		}},
		"list": {status: http.StatusOK, holds: "@shop.example", request: func(n int) []byte {
			return load.Request(http.MethodGet, "/v1/users/me", nil, "Authorization", "Bearer "+tokens[n%buyers])
		}},
		"send mail": {status: http.StatusAccepted, letters: 1, request: func(n int) []byte {
			return post("/v1/emails", map[string]any{
				"template": "one_time_code", "to": buyer(n % buyers),
				"data": map[string]any{"first_name": "Ada", "code": "042137", "minutes": 10, "merchant": "The Bench"},
			}, "Authorization", "Bearer "+boss)
		}},
	}
}

// openTheirs starts the FastAPI design and fills it with users, over its gateway.
func (b *bench) openTheirs(ctx context.Context, core string, mail *sink) (*design, error) {
	f, err := b.startFastAPI(ctx, core, mail.port())
	if err != nil {
		return nil, err
	}
	c := load.NewConn(f.gateway.address)
	defer c.Close()
	tokens := make([]string, buyers)
	for i := range tokens {
		person := registration(0)
		person["email"] = buyer(i)
		_, err := expect(ctx, c, post("/users/register", person), http.StatusCreated)
		if err == nil {
			tokens[i], err = theirToken(ctx, c, buyer(i))
		}
		if err != nil {
			return nil, errors.Join(fmt.Errorf("sign a user up: %w", err), f.close())
		}
	}
	return &design{name: "FastAPI", address: f.gateway.address, parts: f.parts(), tasks: theirTasks(tokens), close: f.close}, nil
}

// theirToken signs a user in.
func theirToken(ctx context.Context, c *load.Conn, email string) (string, error) {
	body, err := expect(ctx, c, theirSignIn(email), http.StatusOK)
	if err != nil {
		return "", err
	}
	var reply struct {
		Token string `json:"access_token"`
	}
	err = json.Unmarshal(body, &reply)
	return reply.Token, err //nolint:wrapcheck // says what is wrong
}

// theirSignIn is the form of OAuth 2.0 that FastAPI has at hand.
func theirSignIn(email string) []byte {
	form := url.Values{"username": {email}, "password": {shop.Password}}.Encode()
	head := load.Request(http.MethodPost, "/users/token", nil, "Content-Type", "application/x-www-form-urlencoded", "Content-Length", strconv.Itoa(len(form)))
	return append(head, form...)
}

func theirTasks(tokens []string) map[string]task {
	var newcomers atomic.Int64
	return map[string]task{
		"register": {status: http.StatusCreated, request: func(int) []byte {
			return post("/users/register", registration(newcomers.Add(1)))
		}},
		"sign in": {status: http.StatusOK, holds: "access_token", request: func(n int) []byte { return theirSignIn(buyer(n % buyers)) }},
		"list": {status: http.StatusOK, holds: buyer(buyers - 1), request: func(n int) []byte {
			return load.Request(http.MethodGet, "/users", nil, "Authorization", "Bearer "+tokens[n%buyers])
		}},
		"send mail": {status: http.StatusOK, letters: 1, request: func(n int) []byte {
			letter := map[string]any{"email": buyer(n % buyers), "subject": "Your code", "otp": "042137", "user_id": "42"}
			return post("/emails/send", letter, "Authorization", "Bearer "+tokens[n%buyers])
		}},
	}
}

// registration is what newcomer number n sends; both designs ask for the same.
func registration(n int64) map[string]any {
	return map[string]any{
		"email": fmt.Sprintf("newcomer%d@shop.example", n), "password": shop.Password, "confirm_password": shop.Password,
		"first_name": "Ada", "middle_name": "", "last_name": "Lovelace",
	}
}

// post renders a request with a JSON body.
func post(path string, value map[string]any, headers ...string) []byte {
	body, _ := json.Marshal(value) // of strings and numbers: cannot fail
	return load.Request(http.MethodPost, path, body, headers...)
}
