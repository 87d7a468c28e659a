// Package service is what catalog does: it keeps products, and it keeps stock so that
// no unit is ever promised twice.
//
// Stock is changed by conditional updates only. What was read before never decides, so
// the answer is right however many buyers, sweeps and processes are at work. Every
// exported method but the listeners is one transaction of its own.
package service

import (
	"cmp"
	"fmt"
	"log/slog"
	"time"

	"app/modules/catalog/catalogv1"
	"app/modules/catalog/internal/store"
	"app/modules/merchants/merchantsv1"
	"app/platform/database"
	"app/platform/fault"
)

// What the service reads and writes.
type (
	// Product is what a merchant sells, with its stock.
	Product = store.Product
	// Stock counts the units of one product.
	Stock = store.Stock
)

// Members is what catalog asks of merchants.
type Members = merchantsv1.Authorizer

// Options put a service together. All are required.
type Options struct {
	DB      *database.DB
	Members Members
	Logger  *slog.Logger
	Now     func() time.Time
	// HoldTTL is how long a hold waits for the payment of its order.
	HoldTTL time.Duration
	// HoldGuest is the same for the order of a guest; HoldTTL when it is longer or not
	// set.
	HoldGuest time.Duration
	// Unpaid bounds what may be held without being paid for.
	Unpaid Unpaid
}

// Service is catalog at work. It is safe for concurrent use.
type Service struct {
	db      *database.DB
	members Members
	logger  *slog.Logger
	now     func() time.Time
	ttl     time.Duration
	guest   time.Duration // ttl of guests
	unpaid  Unpaid
}

var _ catalogv1.CatalogHandler = (*Service)(nil)

// New makes a service on a migrated database.
func New(o Options) *Service {
	return &Service{db: o.DB, members: o.Members, logger: o.Logger, now: o.Now, ttl: o.HoldTTL, guest: min(cmp.Or(o.HoldGuest, o.HoldTTL), o.HoldTTL), unpaid: o.Unpaid}
}

// Match checks the version that a change is meant for, as operation.Conditional does.
// Nil accepts every version.
type Match func(version int64) error

func (m Match) matchVersion(version int64) error {
	if m == nil {
		return nil
	}
	return m(version)
}

// errRace is a row that others kept changing while we tried to.
func errRace(what string) error {
	return fault.New(fault.Aborted, "aborted", fmt.Sprintf("The %s was changed by others at the same time. Try again.", what))
}
