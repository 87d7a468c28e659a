// Package reason declares the public codes of the module, each once.
package reason

import (
	"app/modules/catalog/catalogv1"
	"app/modules/merchants/merchantsv1"
	"app/platform/fault"
)

// Of carts.
var (
	// CartNotFound hides a cart from whoever it does not belong to.
	CartNotFound = fault.Reason{
		Kind: fault.NotFound, Code: "cart_not_found", Detail: "There is no such cart.",
		Title: "No such cart", Help: "The cart does not exist, or the Cart-Token or account is not the one it belongs to.",
	}
	CartAlreadyOrdered = fault.Reason{
		Kind: fault.FailedPrecondition, Code: "cart_already_ordered",
		Title: "Cart already ordered", Help: "The cart has become the order that errors names. Make a new cart to buy more.",
	}
	CartEmpty = fault.Reason{
		Kind: fault.FailedPrecondition, Code: "cart_empty", Detail: "There is nothing in this cart.",
		Title: "Cart empty", Help: "Put something in the cart first.",
	}
	CartFull = fault.Reason{
		Kind: fault.FailedPrecondition, Code: "cart_full",
		Title: "Cart full", Help: "A cart holds 200 different products.",
	}
	// CartChanged is the answer to a checkout that lost against a change of its cart.
	CartChanged = fault.Reason{
		Kind: fault.Aborted, Code: "cart_changed", Detail: "The cart was changed during the checkout. Read it and try again.",
		Title: "Cart changed",
		Help:  "The cart was changed while it was checked out. Read it and check out again; the same Idempotency-Key may be used.",
	}
	CurrencyMixed = fault.Reason{
		Kind: fault.FailedPrecondition, Code: "currency_mixed",
		Title: "Two currencies",
		Help: "All products of a cart are sold in one currency. errors names the lines that are not, " +
			"and the cart shows what they are sold in: take them out, or use a second cart.",
	}
	TotalTooHigh = fault.Reason{
		Kind: fault.FailedPrecondition, Code: "total_too_high",
		Title: "Too much for one order",
		Help:  "One order can cost 9,007,199,254,740,991 minor units of its currency. Put less into the cart.",
	}
)

// Of checkouts: what catalog says about the lines of a cart, in words for its buyer.
var (
	PriceChanged = catalogv1.PriceChanged.Worded(
		"Prices have changed since they were put in the cart. The cart shows the new ones.",
		"Prices changed",
		"Prices are not those the cart showed; errors lists them. The cart has the new ones now: "+
			"show them, and check out again with a new Idempotency-Key.")
	// QuantityOutOfBounds stands for catalog's QuantityRefused, under a code of its own.
	QuantityOutOfBounds = fault.Reason{
		Kind: fault.FailedPrecondition, Code: "quantity_out_of_bounds",
		Detail: "Some products of this cart are not sold in this quantity.",
		Title:  "Not sold in this quantity",
		Help: "errors names the products and how many of each one order may have. " +
			"Change the cart, and check out again with a new Idempotency-Key.",
	}
	TooManyUnpaid = catalogv1.TooManyUnpaid.Worded(
		"Too much is held for you, or for guests of your network, that is not paid for yet.",
		"Too much unpaid",
		"Orders that wait for their payment hold stock, and one buyer, and one network of guests, may hold so much of it. "+
			"Pay or cancel them, or come back after Retry-After seconds; without that header the cart alone is too large: "+
			"sign in, or put less into it.")
	StockShort = catalogv1.StockShort.Worded(
		"There is not enough stock for this cart.",
		"Not enough stock",
		"errors lists what is left. Change the cart, and check out again with a new Idempotency-Key.")
	ProductGone = catalogv1.ProductGone.Worded(
		"Products of this cart are no longer sold.",
		"No longer sold",
		"errors lists the products. Take them out of the cart.")
)

// Of orders.
var (
	// OrderNotFound hides an order from whoever may not see it.
	OrderNotFound = fault.Reason{
		Kind: fault.NotFound, Code: "order_not_found", Detail: "There is no such order.",
		Title: "No such order", Help: "The order does not exist, or you may not see it.",
	}
	// OrderShared refuses one merchant the cancellation of other merchants' lines.
	OrderShared = fault.Reason{
		Kind: fault.FailedPrecondition, Code: "order_shared",
		Detail: "The order has lines of other merchants too: refund your own instead.",
		Title:  "Other merchants' lines",
		Help:   "The order has lines of other merchants: refund your own part instead of cancelling it.",
	}
	OrderNotCancellable = fault.Reason{
		Kind: fault.FailedPrecondition, Code: "order_not_cancellable",
		Title: "Too late to cancel", Help: "The order has been refunded.",
	}
)

// All lists the module's reasons for the page of problems, those of merchants that it
// passes on with them.
func All() []fault.Reason {
	return []fault.Reason{
		CartNotFound, CartAlreadyOrdered, CartEmpty, CartFull, CartChanged, CurrencyMixed, TotalTooHigh,
		PriceChanged, QuantityOutOfBounds, TooManyUnpaid, StockShort, ProductGone,
		OrderNotFound, OrderShared, OrderNotCancellable,
		merchantsv1.MerchantNotFound, merchantsv1.RoleTooLow,
	}
}
