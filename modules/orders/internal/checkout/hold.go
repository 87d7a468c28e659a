package checkout

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"app/modules/catalog/catalogv1"
	"app/modules/orders/internal/caller"
	"app/modules/orders/internal/cart"
	"app/modules/orders/internal/order"
	"app/platform/callctx"
	"app/platform/fault"
	"app/platform/money"
	"app/platform/money/moneyv1"
)

// held is what catalog answered: each line of the cart as it will be sold, and until
// when its stock is held.
type held struct {
	lines   []order.Line
	total   money.Money
	expires time.Time
}

// holdStock takes the stock of the cart aside under the cart's order id. What an
// earlier attempt at the same version of the cart left behind may have been given back,
// or be about to lapse: then the cart gets a new order id and one more try.
//
// The units of a hold that is about to lapse go into the new one in catalog's own
// write. Given back by a call of their own they would be neither here nor there for a
// moment, and another run of the same request would be refused for want of them.
func (s *Service) holdStock(ctx context.Context, c caller.Caller, ready cart.Cart) (cart.Cart, held, error) {
	answer, err := s.reserveStock(ctx, ready)
	stale := err == nil && answer.GetExpiresAt().AsTime().Sub(s.Now()) < s.Options.FreshHold
	if stale || fault.ReasonOf(err) == holdReleased {
		if ready, err = s.Carts.RenewOrderID(ctx, c, ready); err != nil {
			return ready, held{}, err
		}
		answer, err = s.reserveStock(ctx, ready)
	}
	if err != nil {
		return ready, held{}, s.refuseHold(ctx, ready, err)
	}
	h, err := heldFor(ready, answer)
	return ready, h, err
}

func (s *Service) reserveStock(ctx context.Context, ready cart.Cart) (*catalogv1.ReserveResponse, error) {
	client := callctx.ClientOf(ctx)
	buyer := &catalogv1.Buyer{AccountId: ready.BuyerID}
	if ready.BuyerID == "" {
		buyer.Mark, buyer.Network = client.Mark, client.Network
	}
	req := &catalogv1.ReserveRequest{
		OrderId: ready.OrderID, ReplacesOrderId: ready.ReplacedOrderID, Buyer: buyer,
		Lines: make([]*catalogv1.ReserveLine, len(ready.Lines)),
	}
	for i, l := range ready.Lines {
		req.Lines[i] = &catalogv1.ReserveLine{ProductId: l.ProductID, Quantity: l.Quantity, ExpectedPrice: moneyv1.Of(l.Price)}
	}
	return s.Catalog.Reserve(ctx, req)
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
func heldFor(ready cart.Cart, answer *catalogv1.ReserveResponse) (held, error) {
	if len(answer.GetProducts()) != len(ready.Lines) {
		return held{}, fmt.Errorf("catalog held %d lines of %d", len(answer.GetProducts()), len(ready.Lines))
	}
	h := held{expires: answer.GetExpiresAt().AsTime(), total: money.Money{Currency: ready.Currency}}
	for i, p := range answer.GetProducts() {
		line, err := order.LineOf(p, ready.Lines[i].Quantity, ready.Lines[i].Price)
		if err != nil {
			return held{}, fmt.Errorf("price of %s: %w", p.GetId(), err)
		}
		if h.total, err = h.total.Add(line.Total); err != nil {
			return held{}, fmt.Errorf("total with %s: %w", p.GetId(), err)
		}
		h.lines = append(h.lines, line)
	}
	return h, nil
}
