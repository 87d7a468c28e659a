// Package catalogv1 is what other modules may ask catalog: the contract, and the reasons
// for which it refuses.
package catalogv1

import "app/platform/fault"

// The reasons for which Reserve holds nothing. What a checkout says about them to its
// buyer is the word of orders.
var (
	// ProductGone has the detail Gone.
	ProductGone = fault.Reason{
		Kind: fault.FailedPrecondition, Code: "product_gone", Detail: "Some products are not sold any more.",
	}
	// PriceChanged has the detail PriceChange.
	PriceChanged = fault.Reason{
		Kind: fault.FailedPrecondition, Code: "price_changed", Detail: "Some prices have changed.",
	}
	// QuantityRefused has the detail Quantities.
	QuantityRefused = fault.Reason{
		Kind: fault.FailedPrecondition, Code: "quantity_refused", Detail: "Some products are not sold in this quantity.",
	}
	// StockShort has the detail Shortage. A correction of stock is refused with it as
	// well.
	StockShort = fault.Reason{
		Kind: fault.FailedPrecondition, Code: "stock_short", Detail: "There is not enough of some products.",
		Title: "Not enough stock", Help: "The units are not there, or they are held or sold. Read the stock and ask for less.",
	}
	// TooManyUnpaid says when to come back, unless waiting does not help.
	TooManyUnpaid = fault.Reason{
		Kind: fault.ResourceExhausted, Code: "too_many_unpaid", Detail: "Too much is held that is not paid for yet.",
	}
	// HoldReleased refuses an order whose hold was given back before.
	HoldReleased = fault.Reason{
		Kind: fault.FailedPrecondition, Code: "hold_released", Detail: "The stock held for this order was given back.",
	}
	// HoldDiffers refuses other lines than those that are held for the order.
	HoldDiffers = fault.Reason{
		Kind: fault.FailedPrecondition, Code: "hold_differs", Detail: "Other lines are held for this order.",
	}
)

// HoldSold refuses to release what an order has paid for.
var HoldSold = fault.Reason{
	Kind: fault.FailedPrecondition, Code: "hold_sold", Detail: "The order has been paid.",
}
