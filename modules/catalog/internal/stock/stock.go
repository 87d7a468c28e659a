// Package stock counts the units of products: what is on hand, held and sold, and a
// journal of why.
//
// Units move by conditional updates only. What was read before never decides, so the
// answer is right however many buyers, sweeps and processes are at work. Whoever moves
// the units of several products does so in the order of their ids, so that transactions
// wait for each other but never in a circle.
package stock

import (
	"fmt"
	"time"

	"app/platform/fault"
	"app/platform/text"
)

// MaxOnHand bounds the units of one product.
const MaxOnHand = 1_000_000_000

// maxReason is how long the reason of a correction may be, in characters.
const maxReason = 200

// Stock counts the units of one product.
type Stock struct {
	ProductID string
	// OnHand is all that was received, less corrections; Held waits for payments; Sold
	// is paid for.
	OnHand, Held, Sold int64
	// HeldGuests is what of Held is held for guests.
	HeldGuests int64
	// LowThreshold is the number of available units at which the merchant wants to know.
	LowThreshold int64
	// Version counts the changes, from 1.
	Version int64
}

// Available is how many units can be held now.
func (s Stock) Available() int64 { return s.OnHand - s.Held - s.Sold }

// crossedThreshold reports whether the last units that were taken brought the available
// ones down to the threshold.
func (s Stock) crossedThreshold(taken int64) bool {
	return s.Available() <= s.LowThreshold && s.Available()+taken > s.LowThreshold
}

// Share is what guests together may hold of a product: Percent of the units that are
// not sold, and in any case Floor units. The zero value bounds nothing.
type Share struct{ Percent, Floor int64 }

// Left is how many more units guests may hold of the stock.
func (s Share) Left(of Stock) int64 {
	if s == (Share{}) {
		return of.Available()
	}
	most := max(s.Floor, (of.OnHand-of.Sold)*s.Percent/100)
	return max(0, min(of.Available(), most-min(of.HeldGuests, of.Held)))
}

// Shift is a change of what is held and sold of one product. Units of both together
// have to be available.
type Shift struct {
	ProductID  string
	Held, Sold int64
	// Guests is what of Held is for guests.
	Guests int64
	// Share bounds what guests hold after the change.
	Share Share
}

// Item is a product as stock knows it.
type Item struct {
	MerchantID, SKU string
	Stock           Stock
}

// Kind is why units moved.
type Kind string

// The kinds. The first two change what is on hand, the others what is sold; KindSold is
// negative.
const (
	KindReceived  Kind = "received"
	KindCorrected Kind = "corrected"
	KindSold      Kind = "sold"
	KindReturned  Kind = "returned"
)

// Movement is one entry of a product's journal.
type Movement struct {
	ID        string
	ProductID string
	Kind      Kind
	Delta     int64 // never 0
	Reason    string
	// Actor is the user who did it, or the module.
	Actor string
	// OrderID is empty for what no order caused.
	OrderID   string
	CreatedAt time.Time
}

// Correction adds units to a product's stock or takes some away.
type Correction struct {
	ProductID string
	// Delta is not 0 and at most MaxOnHand either way.
	Delta int64
	// Reason is 1 to 200 characters for the journal.
	Reason string
	// Match checks the version that the correction is meant for; nil accepts every one.
	Match func(version int64) error
}

// movementKind is why the units move.
func (c *Correction) movementKind() Kind {
	if c.Delta < 0 {
		return KindCorrected
	}
	return KindReceived
}

func (c *Correction) matchVersion(version int64) error {
	if c.Match == nil {
		return nil
	}
	return c.Match(version)
}

// normaliseCorrection puts the reason in the form to keep and lists what is wrong.
func (c *Correction) normaliseCorrection() (wrong []fault.Field) {
	if c.Delta == 0 || c.Delta > MaxOnHand || c.Delta < -MaxOnHand {
		wrong = append(wrong, fault.Field{Pointer: "/delta", Detail: fmt.Sprintf("must not be 0, and at most %d either way", MaxOnHand)})
	}
	reason, err := text.Line(c.Reason, 1, maxReason)
	if err != nil {
		return append(wrong, fault.Field{Pointer: "/reason", Detail: err.Error()})
	}
	c.Reason = reason
	return wrong
}
