package checkout

import (
	"context"
	"errors"
	"fmt"

	"google.golang.org/protobuf/proto"

	"app/modules/catalog/catalogv1"
	"app/modules/orders/internal/cart"
	"app/modules/orders/internal/reason"
	"app/platform/fault"
)

// What catalog says of a hold, beside the codes that a buyer sees too.
const (
	holdReleased    = "hold_released"
	holdDiffers     = "hold_differs"
	quantityRefused = "quantity_refused"
)

// refuseHold turns catalog's refusal into the answer of the checkout. Changed prices are
// taken over into the cart first.
func (s *Service) refuseHold(ctx context.Context, ready cart.Cart, err error) error {
	switch {
	case reason.PriceChanged.Matches(err):
		return s.Carts.Reprice(ctx, ready, priceChanges(errorDetail[*catalogv1.PriceChange](err).GetLines()))
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

func priceChanges(lines []*catalogv1.NewPrice) []cart.PriceChange {
	changes := make([]cart.PriceChange, len(lines))
	for i, l := range lines {
		changes[i] = cart.PriceChange{ProductID: l.GetProductId(), Expected: l.GetExpected().Value(), Current: l.GetCurrent().Value()}
	}
	return changes
}

func stockShort(lines []*catalogv1.Short) error {
	refusal := reason.StockShort.New()
	for _, l := range lines {
		left := fmt.Sprintf("%d wanted, %d available", l.GetRequested(), l.GetAvailable())
		if l.GetGuests() {
			left += " to guests; more when you sign in"
		}
		refusal.Fields = append(refusal.Fields, fault.Field{Pointer: "/lines/" + l.GetProductId() + "/quantity", Detail: left})
	}
	return refusal
}

func outOfBounds(lines []*catalogv1.Bounds) error {
	refusal := reason.QuantityOutOfBounds.New()
	for _, l := range lines {
		refusal.Fields = append(refusal.Fields, fault.Field{
			Pointer: "/lines/" + l.GetProductId() + "/quantity", Detail: fmt.Sprintf("must be %d to %d", l.GetMinQuantity(), l.GetMaxQuantity()),
		})
	}
	return refusal
}

// tooManyUnpaid takes over catalog's refusal, and when to come back.
func tooManyUnpaid(err error) error {
	refusal := reason.TooManyUnpaid.New()
	var call *fault.CallError
	if errors.As(err, &call) {
		refusal.RetryAfter = call.RetryAfter
	}
	return refusal
}

func productGone(products []string) error {
	refusal := reason.ProductGone.New()
	for _, id := range products {
		refusal.Fields = append(refusal.Fields, fault.Field{Pointer: "/lines/" + id, Detail: "is no longer sold"})
	}
	return refusal
}
