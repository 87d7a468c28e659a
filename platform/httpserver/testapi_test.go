package httpserver_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"app/platform/fault"
	"app/platform/httpserver"
	"app/platform/identity"
	"app/platform/money"
)

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	os.Exit(m.Run())
}

type product struct {
	ID          string      `json:"id"`
	Title       string      `json:"title"`
	Price       money.Money `json:"price"`
	CreatedAt   time.Time   `json:"created_at"`
	Description string      `json:"description,omitempty"`
}

type productInput struct {
	Title       string            `json:"title" minLength:"1" maxLength:"200"`
	Description string            `json:"description,omitempty" maxLength:"5000"`
	Price       money.Money       `json:"price"`
	Stock       int32             `json:"stock,omitempty" minimum:"0"`
	Tags        []tag             `json:"tags,omitempty" maxItems:"5"`
	Labels      map[string]string `json:"labels,omitempty"`
	From        time.Time         `json:"from,omitzero"`
	Note        *string           `json:"note,omitempty" nullable:"true"`
	Public      bool              `json:"public,omitempty"`
}

type tag struct {
	Name string `json:"name" enum:"new,sale"`
	Rank int64  `json:"rank,omitempty"`
}

var moment = time.Date(2025, 11, 20, 9, 30, 0, 0, time.UTC)

type getInput struct {
	ID string `path:"id" maxLength:"64"`
}

type productOutput struct {
	httpserver.Tagged
	Body product
}

type listInput struct {
	httpserver.Paging
	Query    string    `query:"q" maxLength:"50"`
	Public   bool      `query:"public"`
	Merchant []string  `query:"merchant,explode" maxItems:"3"`
	Since    time.Time `query:"since"`
}

type listOutput struct {
	Body httpserver.Page[product]
}

type createInput struct {
	Body productInput
}

type createOutput struct {
	Location string `header:"Location"`
	Body     product
}

type changeInput struct {
	httpserver.Conditional
	ID        string `path:"id"`
	CartToken string `header:"Cart-Token"`
	Body      struct {
		Title string `json:"title,omitempty" maxLength:"200"`
	}
}

func chair() product {
	return product{ID: "prd_1", Title: "Chair", Price: money.Money{Amount: 1990, Currency: "EUR"}, CreatedAt: moment}
}

// catalog is a small API with input of all kinds.
func catalog(o httpserver.Options) *httpserver.API {
	a := httpserver.NewAPI("catalog", o)
	httpserver.Register(a, httpserver.Operation{Method: "GET", Path: "/v1/products", ID: "list-products", Access: httpserver.Public, Rate: httpserver.RateDefault},
		func(_ context.Context, in *listInput) (*listOutput, error) {
			if _, err := httpserver.DecodeCursor(in.After, 1); err != nil {
				return nil, err
			}
			rows := []product{chair(), chair()}
			return &listOutput{httpserver.NewPage(rows, in.Limit, func(p product) []string { return []string{p.ID} })}, nil
		})
	httpserver.Register(a, httpserver.Operation{Method: "GET", Path: "/v1/products/{id}", ID: "get-product", Access: httpserver.Public, Rate: httpserver.RateDefault},
		func(_ context.Context, in *getInput) (*productOutput, error) {
			if in.ID != "prd_1" {
				return nil, fault.Missing("product")
			}
			return &productOutput{httpserver.Tagged{ETag: httpserver.ETag(7)}, chair()}, nil
		})
	httpserver.Register(a, httpserver.Operation{Method: "POST", Path: "/v1/products", ID: "create-product", Access: httpserver.Public, Rate: httpserver.RateDefault, Idempotency: httpserver.KeyNone, Status: 201, MaxBody: 4096},
		func(_ context.Context, in *createInput) (*createOutput, error) {
			p := chair()
			p.Title, p.Price = in.Body.Title, in.Body.Price
			return &createOutput{"/v1/products/prd_1", p}, nil
		})
	httpserver.Register(a, httpserver.Operation{Method: "PATCH", Path: "/v1/products/{id}", ID: "change-product", Access: httpserver.Public, Rate: httpserver.RateDefault},
		func(_ context.Context, in *changeInput) (*productOutput, error) {
			if err := in.Match(7); err != nil {
				return nil, err
			}
			return &productOutput{httpserver.Tagged{ETag: httpserver.ETag(8)}, chair()}, nil
		})
	httpserver.Register(a, httpserver.Operation{Method: "DELETE", Path: "/v1/products/{id}", ID: "delete-product", Access: httpserver.User, Rate: httpserver.RateDefault},
		func(_ context.Context, in *struct {
			httpserver.Conditional
			ID string `path:"id"`
		}) (*struct{}, error) {
			return nil, in.Need(7)
		})
	return a
}

// reply is an answer read to its end.
type reply struct {
	Status int
	Header http.Header
	Body   string
}

func (r reply) problem(t *testing.T) httpserver.Problem {
	t.Helper()
	var p httpserver.Problem
	if err := json.Unmarshal([]byte(r.Body), &p); err != nil {
		t.Fatalf("status %d, not a problem: %q", r.Status, r.Body)
	}
	if got := r.Header.Get("Content-Type"); got != "application/problem+json" || p.Status != r.Status || p.Type != "/docs/problems#"+p.Code || p.Title == "" {
		t.Fatalf("content type %s, status %d, problem %+v", got, r.Status, p)
	}
	return p
}

// pointers lists where a problem points.
func (r reply) pointers(t *testing.T) []string {
	t.Helper()
	out := []string{}
	for _, f := range r.problem(t).Errors {
		out = append(out, f.Pointer)
	}
	return out
}

// send calls the handler as the principal, with headers in pairs.
func send(h http.Handler, who identity.Principal, method, target, body string, headers ...string) reply {
	var reader io.Reader
	if body != "" {
		reader = strings.NewReader(body)
	}
	r := httptest.NewRequestWithContext(identity.NewContext(context.Background(), who), method, target, reader)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
		if headers[i+1] == "" {
			r.Header.Del(headers[i])
		}
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return reply{w.Code, w.Header(), w.Body.String()}
}

var (
	nobody = identity.Principal{}
	alice  = identity.Principal{UserID: "usr_alice", Method: identity.Bearer}
	bob    = identity.Principal{UserID: "usr_bob", Method: identity.Bearer}
)
