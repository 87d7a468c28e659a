package operation_test

import (
	"context"
	"log/slog"
	"os"
	"testing"
	"time"

	"app/platform/fault"
	"app/platform/money"
	"app/platform/operation"
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
	operation.Tagged
	Body product
}

type listInput struct {
	operation.Paging
	Query    string    `query:"q" maxLength:"50"`
	Public   bool      `query:"public"`
	Merchant []string  `query:"merchant,explode" maxItems:"3"`
	Since    time.Time `query:"since"`
}

type listOutput struct {
	Body operation.Page[product]
}

type createInput struct {
	Body productInput
}

type createOutput struct {
	Location string `header:"Location"`
	Body     product
}

type changeInput struct {
	operation.Conditional
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
func catalog(o operation.Options) *operation.API {
	a := operation.NewAPI("catalog", o)
	operation.Register(a, operation.Operation{Method: "GET", Path: "/v1/products", ID: "list-products", Access: operation.Public, Rate: operation.RateDefault},
		func(_ context.Context, in *listInput) (*listOutput, error) {
			if _, err := operation.DecodeCursor(in.After, 1); err != nil {
				return nil, err
			}
			rows := []product{chair(), chair()}
			return &listOutput{operation.NewPage(rows, in.Limit, func(p product) []string { return []string{p.ID} })}, nil
		})
	operation.Register(a, operation.Operation{Method: "GET", Path: "/v1/products/{id}", ID: "get-product", Access: operation.Public, Rate: operation.RateDefault},
		func(_ context.Context, in *getInput) (*productOutput, error) {
			if in.ID != "prd_1" {
				return nil, fault.Missing("product")
			}
			return &productOutput{operation.Tagged{ETag: operation.ETag(7)}, chair()}, nil
		})
	operation.Register(a, operation.Operation{Method: "POST", Path: "/v1/products", ID: "create-product", Access: operation.Public, Rate: operation.RateDefault, Idempotency: operation.KeyNone, Status: 201, MaxBody: 4096},
		func(_ context.Context, in *createInput) (*createOutput, error) {
			p := chair()
			p.Title, p.Price = in.Body.Title, in.Body.Price
			return &createOutput{"/v1/products/prd_1", p}, nil
		})
	operation.Register(a, operation.Operation{Method: "PATCH", Path: "/v1/products/{id}", ID: "change-product", Access: operation.Public, Rate: operation.RateDefault},
		func(_ context.Context, in *changeInput) (*productOutput, error) {
			if err := in.Match(7); err != nil {
				return nil, err
			}
			return &productOutput{operation.Tagged{ETag: operation.ETag(8)}, chair()}, nil
		})
	operation.Register(a, operation.Operation{Method: "DELETE", Path: "/v1/products/{id}", ID: "delete-product", Access: operation.User, Rate: operation.RateDefault},
		func(_ context.Context, in *struct {
			operation.Conditional
			ID string `path:"id"`
		}) (*struct{}, error) {
			return nil, in.Need(7)
		})
	return a
}
