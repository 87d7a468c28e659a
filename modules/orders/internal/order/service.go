package order

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"app/modules/merchants/merchantsv1"
	"app/modules/orders/internal/caller"
	"app/modules/orders/internal/reason"
	"app/platform/database"
	"app/platform/fault"
	"app/platform/ids"
)

// Carts is what orders need of the carts they were made of.
type Carts interface {
	// Reopen gives the buyer the cart of an order back that came to nothing.
	Reopen(ctx context.Context, tx *database.Tx, cartID, orderID string) error
}

// Needs is what a Service works with. Errors of Merchants are those of its contract.
type Needs struct {
	DB        *database.DB
	Merchants merchantsv1.Authorizer
	Carts     Carts
	Logger    *slog.Logger
	Now       func() time.Time
}

// Service serves orders that were placed. Each exported method without a transaction
// among its parameters is one use case and decides who may call it.
type Service struct{ Needs }

// NewService makes a service on a migrated database.
func NewService(n Needs) *Service { return &Service{Needs: n} }

// Get reads an order for its buyer, a guest with its token, an administrator, or a
// member of a merchant with lines in it. order_not_found: there is none, or it is none
// of the caller's business.
func (s *Service) Get(ctx context.Context, c caller.Caller, id string) (View, error) {
	o, err := s.readOrder(ctx, id)
	if err != nil {
		return View{}, err
	}
	if c.Principal.Admin || c.Owns(o.BuyerID, o.TokenHash) {
		return View{Order: o}, nil
	}
	access, err := s.accessTo(ctx, c, o)
	if err != nil {
		return View{}, err
	}
	sees := access.AtLeast(merchantsv1.Role_ROLE_VIEWER)
	if len(sees) == 0 {
		return View{}, reason.OrderNotFound.New()
	}
	return s.readPart(ctx, id, sees)
}

func (s *Service) readOrder(ctx context.Context, id string) (Order, error) {
	if !ids.Valid("ord", id) {
		return Order{}, reason.OrderNotFound.New()
	}
	o, err := database.Read(ctx, s.DB, func(ctx context.Context, q *database.Tx) (Order, error) {
		return ByID(ctx, q, id)
	})
	if errors.Is(err, database.ErrNotFound) {
		return Order{}, reason.OrderNotFound.New()
	}
	return o, err
}

// readPart reads an order for merchants who may see it.
func (s *Service) readPart(ctx context.Context, id string, merchants []string) (View, error) {
	return database.Read(ctx, s.DB, func(ctx context.Context, q *database.Tx) (View, error) {
		o, err := byIDFor(ctx, q, id, slices.Sorted(slices.Values(merchants)))
		return o.SeenBy(merchants), err
	})
}

// scopes are what an API key needs for what a viewer and a manager may do with orders.
var scopes = merchantsv1.Scopes{Read: "orders:read", Write: "orders:write"}

// accessTo asks what the caller may do for the merchants with lines in the order, in
// one call.
func (s *Service) accessTo(ctx context.Context, c caller.Caller, o Order) (merchantsv1.Access, error) {
	var merchants []string
	for _, part := range o.Parts() {
		merchants = append(merchants, part.MerchantID)
	}
	return merchantsv1.AccessOf(ctx, s.Merchants, c.Principal, scopes, merchants...)
}

// List lists orders without their timelines, newest first: those with lines of the
// filter's merchant, or the caller's own when it names none. Its buyer is not looked
// at. merchant_not_found: the caller has no role with the merchant; permission_denied:
// the caller is no buyer and names no merchant.
func (s *Service) List(ctx context.Context, c caller.Caller, f Filter) ([]View, error) {
	f.BuyerID = ""
	if f.MerchantID == "" {
		if f.BuyerID = c.Principal.UserID; f.BuyerID == "" { // would be every guest's
			return nil, fault.NotAllowed.Newf("Name a merchant to list its orders.")
		}
	} else if err := s.checkMayList(ctx, c, f.MerchantID); err != nil {
		return nil, err
	}
	orders, err := database.Read(ctx, s.DB, func(ctx context.Context, q *database.Tx) ([]Order, error) {
		return list(ctx, q, f)
	})
	views := make([]View, len(orders))
	for i, o := range orders {
		views[i] = View{Order: o}
		if f.MerchantID != "" {
			views[i] = o.SeenBy([]string{f.MerchantID})
		}
	}
	return views, err
}

func (s *Service) checkMayList(ctx context.Context, c caller.Caller, merchantID string) error {
	if !ids.Valid("mrc", merchantID) {
		return merchantsv1.MerchantNotFound.New()
	}
	if c.Principal.Admin {
		return nil
	}
	access, err := merchantsv1.AccessOf(ctx, s.Merchants, c.Principal, scopes, merchantID)
	if err == nil && access.Role(merchantID) < merchantsv1.Role_ROLE_VIEWER {
		return merchantsv1.MerchantNotFound.New()
	}
	return err
}

// Cancel gives an order up for its buyer, or for a manager of the one merchant whose
// lines it has, or an administrator. An order cancelled before is answered as it is.
//
// not_found: as in Get; permission_denied: the member is no manager;
// failed_precondition: order_shared (it has other merchants' lines too),
// order_not_cancellable (it is refunded).
func (s *Service) Cancel(ctx context.Context, c caller.Caller, id string) (View, error) {
	o, err := s.readOrder(ctx, id)
	if err != nil {
		return View{}, err
	}
	why, sees, err := s.authorizeCancel(ctx, c, o)
	if err != nil {
		return View{}, err
	}
	err = s.DB.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		o, err := Lock(ctx, tx, id)
		switch {
		case err != nil:
			return err
		case o.Status == Cancelled:
			return nil
		case !o.Status.CanBecome(Cancelled):
			return reason.OrderNotCancellable.Newf("The order is %s.", o.Status)
		}
		return s.CancelLocked(ctx, tx, &o, o.PaymentStatus, why)
	})
	if err != nil {
		return View{}, err
	}
	if sees != nil {
		return s.readPart(ctx, id, sees)
	}
	o, err = s.readOrder(ctx, id)
	return View{Order: o}, err
}

// authorizeCancel says in whose name the caller may cancel, and for which merchants it
// then sees the order; nil is the whole.
func (s *Service) authorizeCancel(ctx context.Context, c caller.Caller, o Order) (CancelReason, []string, error) {
	if c.Owns(o.BuyerID, o.TokenHash) {
		return CancelledByBuyer, nil, nil
	}
	if c.Principal.Admin {
		return CancelledByMerchant, nil, nil
	}
	access, err := s.accessTo(ctx, c, o)
	if err != nil {
		return "", nil, err
	}
	manages := access.AtLeast(merchantsv1.Role_ROLE_MANAGER)
	switch {
	case len(access.AtLeast(merchantsv1.Role_ROLE_VIEWER)) == 0:
		return "", nil, reason.OrderNotFound.New()
	case len(manages) == 0:
		return "", nil, access.ErrTooLow()
	case len(manages) < len(o.Parts()):
		return "", nil, reason.OrderShared.New()
	}
	return CancelledByMerchant, manages, nil
}
