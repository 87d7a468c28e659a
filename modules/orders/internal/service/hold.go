package service

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"google.golang.org/protobuf/proto"

	"app/modules/catalog/catalogv1"
	"app/modules/orders/internal/reason"
	"app/modules/orders/internal/store"
	"app/platform/callctx"
	"app/platform/database"
	"app/platform/fault"
	"app/platform/money"
	"app/platform/money/moneyv1"
)

// held is what catalog answered: each line of the cart as it will be sold, and until
// when its stock is held.
type held struct {
	lines   []store.Line
	total   money.Money
	expires time.Time
}

// holdStock takes the stock of the cart aside under the cart's order id. What an
// earlier attempt at the same version of the cart left behind may have been given back,
// or be about to lapse: then the cart gets a new order id and one more try.
func (s *Service) holdStock(ctx context.Context, v Visitor, cart store.Cart) (store.Cart, held, error) {
	answer, err := s.reserveStock(ctx, cart)
	stale := err == nil && answer.GetExpiresAt().AsTime().Sub(s.Now()) < s.Options.FreshHold
	if stale || fault.ReasonOf(err) == holdReleased {
		old := cart.OrderID
		if cart, err = s.renewOrderID(ctx, v, cart); err != nil {
			return cart, held{}, err
		}
		if stale {
			s.releaseStock(ctx, old)
		}
		answer, err = s.reserveStock(ctx, cart)
	}
	if err != nil {
		return cart, held{}, s.handleReserveError(ctx, cart, err)
	}
	h, err := heldFor(cart, answer)
	return cart, h, err
}

func (s *Service) reserveStock(ctx context.Context, cart store.Cart) (*catalogv1.ReserveResponse, error) {
	client := callctx.ClientOf(ctx)
	buyer := &catalogv1.Buyer{AccountId: cart.BuyerID}
	if cart.BuyerID == "" {
		buyer.Mark, buyer.Network = client.Mark, client.Network
	}
	req := &catalogv1.ReserveRequest{OrderId: cart.OrderID, Buyer: buyer, Lines: make([]*catalogv1.ReserveLine, len(cart.Lines))}
	for i, l := range cart.Lines {
		req.Lines[i] = &catalogv1.ReserveLine{ProductId: l.ProductID, Quantity: l.Quantity, ExpectedPrice: moneyv1.Of(l.Price)}
	}
	return s.Catalog.Reserve(ctx, req) //nolint:wrapcheck // the caller decides by it
}

// renewOrderID gives the cart another order id, provided that nobody changed it
// meanwhile.
func (s *Service) renewOrderID(ctx context.Context, v Visitor, read store.Cart) (cart store.Cart, err error) {
	err = s.DB.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		if cart, err = cartOf(ctx, tx, v, read.ID, store.LockCart); err != nil {
			return err
		}
		if cart.State != store.CartOpen {
			return alreadyOrdered(cart.OrderID)
		}
		if cart.Version != read.Version {
			return reason.CartChanged.New()
		}
		return s.bumpCartVersion(ctx, tx, &cart)
	})
	return cart, err
}

// releaseStock gives back what a checkout that came to nothing has held. It is a
// courtesy: an unused hold lapses.
func (s *Service) releaseStock(ctx context.Context, orderID string) {
	if _, err := s.Catalog.Release(ctx, &catalogv1.ReleaseRequest{OrderId: orderID}); err != nil {
		s.Logger.WarnContext(ctx, "hold was not released and will lapse", slog.String("order", orderID), slog.Any("error", err))
	}
}

// heldFor takes over what catalog answered, one product for each line in the same
// order. The price is the one the buyer saw: catalog has held the stock at it.
func heldFor(cart store.Cart, answer *catalogv1.ReserveResponse) (held, error) {
	if len(answer.GetProducts()) != len(cart.Lines) {
		return held{}, fmt.Errorf("catalog held %d lines of %d", len(answer.GetProducts()), len(cart.Lines))
	}
	h := held{expires: answer.GetExpiresAt().AsTime(), total: money.Money{Currency: cart.Currency}}
	for i, p := range answer.GetProducts() {
		line := cart.Lines[i]
		total, err := line.Price.Times(line.Quantity)
		if err != nil {
			return held{}, fmt.Errorf("price of %s: %w", p.GetId(), err)
		}
		if h.total, err = h.total.Add(total); err != nil {
			return held{}, fmt.Errorf("total with %s: %w", p.GetId(), err)
		}
		h.lines = append(h.lines, store.Line{
			ProductID: line.ProductID, MerchantID: p.GetMerchantId(), Title: p.GetTitle(), SKU: p.GetSku(),
			Quantity: line.Quantity, Price: line.Price, Total: total,
		})
	}
	return h, nil
}

// What catalog says of a hold, beside the codes that a buyer sees too.
const (
	holdReleased    = "hold_released"
	holdDiffers     = "hold_differs"
	quantityRefused = "quantity_refused"
)

// handleReserveError turns catalog's refusal into the answer of the checkout. Changed
// prices are taken over into the cart first.
func (s *Service) handleReserveError(ctx context.Context, cart store.Cart, err error) error {
	switch {
	case reason.PriceChanged.Matches(err):
		return s.repriceCart(ctx, cart, errorDetail[*catalogv1.PriceChange](err).GetLines())
	case reason.StockShort.Matches(err):
		return stockShort(errorDetail[*catalogv1.Shortage](err).GetLines())
	case fault.ReasonOf(err) == quantityRefused:
		return outOfBounds(errorDetail[*catalogv1.Quantities](err).GetLines())
	case fault.ReasonOf(err) == holdDiffers: // another checkout of the cart has held other lines
		return reason.CartChanged.New()
	case reason.TooManyUnpaid.Matches(err):
		return tooManyUnpaid(err)
	case reason.ProductGone.Matches(err):
		return productGone(errorDetail[*catalogv1.Gone](err).GetProductIds())
	default:
		return err // the boundary translates it
	}
}

// errorDetail finds the typed detail of a call's refusal, nil when there is none.
func errorDetail[M proto.Message](err error) M {
	var none M
	var call *fault.CallError
	if errors.As(err, &call) {
		for _, d := range call.Details {
			if m, ok := d.(M); ok {
				return m
			}
		}
	}
	return none
}

func stockShort(lines []*catalogv1.Short) error {
	e := reason.StockShort.New()
	for _, l := range lines {
		left := fmt.Sprintf("%d wanted, %d available", l.GetRequested(), l.GetAvailable())
		if l.GetGuests() {
			left += " to guests; more when you sign in"
		}
		e.Fields = append(e.Fields, fault.Field{Pointer: "/lines/" + l.GetProductId() + "/quantity", Detail: left})
	}
	return e
}

func outOfBounds(lines []*catalogv1.Bounds) error {
	e := reason.QuantityOutOfBounds.New()
	for _, l := range lines {
		e.Fields = append(e.Fields, fault.Field{
			Pointer: "/lines/" + l.GetProductId() + "/quantity", Detail: fmt.Sprintf("must be %d to %d", l.GetMinQuantity(), l.GetMaxQuantity()),
		})
	}
	return e
}

// tooManyUnpaid takes over catalog's refusal, and when to come back.
func tooManyUnpaid(err error) error {
	e := reason.TooManyUnpaid.New()
	var call *fault.CallError
	if errors.As(err, &call) {
		e.RetryAfter = call.RetryAfter
	}
	return e
}

func productGone(products []string) error {
	e := reason.ProductGone.New()
	for _, id := range products {
		e.Fields = append(e.Fields, fault.Field{Pointer: "/lines/" + id, Detail: "is no longer sold"})
	}
	return e
}

func fromWire(m *moneyv1.Money) money.Money {
	return money.Money{Amount: m.GetAmount(), Currency: m.GetCurrency()}
}
