package service

import (
	"context"
	"errors"
	"slices"
	"time"

	"app/modules/merchants/merchantsv1"
	"app/modules/orders/internal/reason"
	"app/modules/orders/internal/store"
	"app/modules/orders/ordersevents"
	"app/platform/database"
	"app/platform/fault"
	"app/platform/identity"
	"app/platform/ids"
)

// View is an order as somebody may see it.
type View struct {
	store.Order // as the visitor may see it
	// Merchant reports that the order is seen by a merchant, who sees its own part
	// only: see seenBy.
	Merchant bool
}

// Order reads an order for its buyer, a guest with its token, an administrator, or a
// member of a merchant with lines in it. not_found: there is none, or it is none of the
// visitor's business.
func (s *Service) Order(ctx context.Context, v Visitor, id string) (View, error) {
	o, err := s.readOrder(ctx, id)
	if err != nil {
		return View{}, err
	}
	if v.Principal.Admin || v.isOwner(o.BuyerID, o.TokenHash) {
		return View{Order: o}, nil
	}
	access, err := s.accessTo(ctx, v, o)
	if err != nil {
		return View{}, err
	}
	sees := access.AtLeast(merchantsv1.Role_ROLE_VIEWER)
	if len(sees) == 0 {
		return View{}, reason.OrderNotFound.New()
	}
	return s.merchantOrderView(ctx, id, sees)
}

// merchantOrderView reads an order for merchants who may see it.
func (s *Service) merchantOrderView(ctx context.Context, id string, merchants []string) (v View, err error) {
	err = s.DB.Read(ctx, func(ctx context.Context, q *database.Tx) error {
		o, err := store.OrderFor(ctx, q, id, slices.Sorted(slices.Values(merchants)))
		v = seenBy(o, merchants)
		return err
	})
	return v, err
}

func (s *Service) readOrder(ctx context.Context, id string) (o store.Order, err error) {
	if !ids.Valid("ord", id) {
		return o, reason.OrderNotFound.New()
	}
	err = s.DB.Read(ctx, func(ctx context.Context, q *database.Tx) error {
		o, err = store.OrderByID(ctx, q, id)
		if errors.Is(err, store.ErrNotFound) {
			return reason.OrderNotFound.New()
		}
		return err
	})
	return o, err
}

// scopes are what an API key needs for what a viewer and a manager may do with orders.
var scopes = merchantsv1.Scopes{Read: identity.OrdersRead, Write: identity.OrdersWrite}

// accessTo asks what the visitor may do for the merchants with lines in the order.
func (s *Service) accessTo(ctx context.Context, v Visitor, o store.Order) (merchantsv1.Access, error) {
	var merchants []string
	for _, part := range o.Parts() {
		merchants = append(merchants, part.MerchantID)
	}
	return merchantsv1.AccessOf(ctx, s.Merchants, v.Principal, scopes, merchants...) //nolint:wrapcheck // the boundary translates it
}

// List says which orders to list, newest first.
type List struct {
	// MerchantID lists the orders with lines of a merchant, empty the visitor's own.
	MerchantID string
	// BeforeAt and BeforeID name the last order already seen.
	BeforeAt time.Time
	BeforeID string
	Limit    int
}

// Orders lists orders without their timelines. not_found: the visitor has no role with
// the merchant; permission_denied: the visitor is no buyer and names no merchant.
func (s *Service) Orders(ctx context.Context, v Visitor, in List) ([]View, error) {
	filter := store.Filter{MerchantID: in.MerchantID, BeforeAt: in.BeforeAt, BeforeID: in.BeforeID, Limit: in.Limit}
	if in.MerchantID == "" {
		if filter.BuyerID = v.Principal.UserID; filter.BuyerID == "" { // would be every guest's
			return nil, fault.NotAllowed.Newf("Name a merchant to list its orders.")
		}
	} else if err := s.mayList(ctx, v, in.MerchantID); err != nil {
		return nil, err
	}
	var orders []store.Order
	err := s.DB.Read(ctx, func(ctx context.Context, q *database.Tx) (err error) {
		orders, err = store.Orders(ctx, q, filter)
		return err
	})
	views := make([]View, len(orders))
	for i, o := range orders {
		views[i] = View{Order: o}
		if in.MerchantID != "" {
			views[i] = seenBy(o, []string{in.MerchantID})
		}
	}
	return views, err
}

func (s *Service) mayList(ctx context.Context, v Visitor, merchantID string) error {
	if !ids.Valid("mrc", merchantID) {
		return merchantsv1.MerchantNotFound.New()
	}
	if v.Principal.Admin {
		return nil
	}
	access, err := merchantsv1.AccessOf(ctx, s.Merchants, v.Principal, scopes, merchantID)
	if err == nil && access.Role(merchantID) < merchantsv1.Role_ROLE_VIEWER {
		return merchantsv1.MerchantNotFound.New()
	}
	return err //nolint:wrapcheck // the boundary translates it
}

// Cancel gives an order up for its buyer, or for a manager of the one merchant whose
// lines it has, or an administrator. An order cancelled before is answered as it is.
//
// not_found: as in Order; permission_denied: the member is no manager;
// failed_precondition: order_shared (it has other merchants' lines too),
// order_not_cancellable (it is refunded).
func (s *Service) Cancel(ctx context.Context, v Visitor, id string) (View, error) {
	o, err := s.readOrder(ctx, id)
	if err != nil {
		return View{}, err
	}
	why, sees, err := s.mayCancel(ctx, v, o)
	if err != nil {
		return View{}, err
	}
	err = s.DB.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		o, err := store.LockOrder(ctx, tx, id)
		switch {
		case err != nil:
			return err
		case o.Status == store.Cancelled:
			return nil
		case !Allowed(o.Status, store.Cancelled):
			return reason.OrderNotCancellable.Newf("The order is %s.", o.Status)
		}
		return s.cancelOrder(ctx, tx, &o, o.PaymentStatus, why)
	})
	if err != nil {
		return View{}, err
	}
	if sees != nil {
		return s.merchantOrderView(ctx, id, sees)
	}
	o, err = s.readOrder(ctx, id)
	return View{Order: o}, err
}

const byMerchant = ordersevents.CancelReason_CANCEL_REASON_BY_MERCHANT

// mayCancel says in whose name the visitor may cancel, and for which merchants it then
// sees the order; nil is the whole.
func (s *Service) mayCancel(ctx context.Context, v Visitor, o store.Order) (ordersevents.CancelReason, []string, error) {
	if v.isOwner(o.BuyerID, o.TokenHash) {
		return ordersevents.CancelReason_CANCEL_REASON_BY_BUYER, nil, nil
	}
	if v.Principal.Admin {
		return byMerchant, nil, nil
	}
	access, err := s.accessTo(ctx, v, o)
	if err != nil {
		return 0, nil, err
	}
	manages := access.AtLeast(merchantsv1.Role_ROLE_MANAGER)
	switch {
	case len(access.AtLeast(merchantsv1.Role_ROLE_VIEWER)) == 0:
		return 0, nil, reason.OrderNotFound.New()
	case len(manages) == 0:
		return 0, nil, access.ErrTooLow() //nolint:wrapcheck // it is what the client gets
	case len(manages) < len(o.Parts()):
		return 0, nil, reason.OrderShared.New()
	}
	return byMerchant, manages, nil
}
