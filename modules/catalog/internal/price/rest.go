package price

import (
	"context"
	"math"
	"net/http"
	"strconv"
	"time"

	"app/platform/fault"
	"app/platform/money"
	"app/platform/operation"
)

// Handlers serve the operations.
type Handlers struct{ service *Service }

// NewHandlers makes the handlers of a service.
func NewHandlers(s *Service) *Handlers { return &Handlers{s} }

// Register declares the operations. The handlers lie at the address by the time that a
// request comes.
func Register(api *operation.API, at **Handlers) {
	operation.Register(api, operation.Operation{
		Method: http.MethodGet, Path: "/v1/products/{id}/price-history", ID: "list-former-prices", Summary: "Read what a product cost before",
		Tags: []string{"Products"}, Description: "The last price that it had before its present one comes first.",
		Access: operation.Public, Rate: operation.RateDefault, Errors: []int{404},
	}, operation.On(at, (*Handlers).listFormerPrices))
}

// Body is a former price as anyone sees it.
type Body = formerPrice

// formerPrice has the name of its schema in the public document: clients are generated
// from it.
type formerPrice struct {
	Price money.Money `json:"price"`
	From  time.Time   `json:"from" doc:"When the product began to cost this"`
	To    time.Time   `json:"to" doc:"When it ceased to"`
}

func renderFormer(f Former) formerPrice { return formerPrice{Price: f.Price, From: f.From, To: f.To} }

type listInput struct {
	ID string `path:"id"`
	operation.Paging
}

type listOutput struct{ Body operation.Page[formerPrice] }

func (h *Handlers) listFormerPrices(ctx context.Context, in *listInput) (*listOutput, error) {
	before, err := placeOf(in.After)
	if err != nil {
		return nil, err
	}
	found, err := h.service.Former(ctx, in.ID, before, in.Want())
	if err != nil {
		return nil, err
	}
	page := operation.NewPage(found, in.Limit, keyOf)
	out := &listOutput{operation.Page[formerPrice]{Data: make([]formerPrice, len(page.Data)), HasMore: page.HasMore, Next: page.Next}}
	for i, f := range page.Data {
		out.Body.Data[i] = renderFormer(f)
	}
	return out, nil
}

// keyOf is a former price's place in the list: no two of a product end at once.
func keyOf(f Former) []string { return []string{strconv.FormatInt(f.To.UnixMicro(), 10)} }

// placeOf is the time before which a page begins: the end of time for the first one.
func placeOf(cursor string) (time.Time, error) {
	key, err := operation.DecodeCursor(cursor, 1)
	if err != nil || len(key) == 0 {
		return time.UnixMicro(math.MaxInt64), err
	}
	at, err := strconv.ParseInt(key[0], 10, 64)
	if err != nil {
		return time.Time{}, fault.Invalid(fault.Field{Pointer: "/after", Detail: "is not a cursor of this list"})
	}
	return time.UnixMicro(at), nil
}
