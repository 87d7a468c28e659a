package cart

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"app/modules/catalog/catalogv1"
	"app/modules/orders/internal/caller"
	"app/modules/orders/internal/reason"
	"app/platform/callctx"
	"app/platform/database"
	"app/platform/ids"
	"app/platform/money"
)

// Catalog is what carts ask of catalog; errors are those of its contract.
type Catalog interface {
	Products(context.Context, *catalogv1.ProductsRequest) (*catalogv1.ProductsResponse, error)
}

// Needs is what a Service works with.
type Needs struct {
	DB      *database.DB
	Catalog Catalog
	Now     func() time.Time
	// Currency of the zero total of an empty cart.
	Currency string
}

// Service serves carts. Each exported method without a transaction among its parameters
// is one use case and decides who may call it.
type Service struct {
	Needs
	secret []byte // makes a guest's token out of an idempotency key
}

// NewService makes a service on a migrated database. At the first start on a database
// it makes the secret of the tokens of guests.
func NewService(ctx context.Context, n Needs) (*Service, error) {
	text, err := n.DB.Secret(ctx, "orders_secrets", "cart_tokens")
	if err != nil {
		return nil, fmt.Errorf("secret of cart tokens: %w", err)
	}
	secret, err := hex.DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("secret of cart tokens: %w", err)
	}
	return &Service{Needs: n, secret: secret}, nil
}

// Create makes an empty cart: the caller's own when signed in, else a guest's, whose
// token is answered this once and for a repetition of the same request.
func (s *Service) Create(ctx context.Context, c caller.Caller) (cart Cart, token string, err error) {
	now := s.Now()
	cart = Cart{
		ID: ids.For(ctx, "crt", now), OrderID: ids.New("ord", now), BuyerID: c.Principal.UserID,
		State: Open, Version: 1, CreatedAt: now, UpdatedAt: now,
	}
	if cart.BuyerID == "" {
		token = s.newToken(ctx)
		cart.TokenHash = caller.HashToken(token)
	}
	err = s.DB.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		return insertCart(ctx, tx, cart)
	})
	if errors.Is(err, database.ErrDuplicate) { // the request was here before
		cart, err = s.Get(ctx, caller.Caller{Principal: c.Principal, TokenHash: cart.TokenHash}, cart.ID)
	}
	return cart, token, err
}

// newToken makes a guest's token: 256 bits in base64url. It follows from the request's
// idempotency key when there is one, so that a repeated request answers the same token
// although only its hash is kept.
func (s *Service) newToken(ctx context.Context) string {
	raw := make([]byte, 32)
	if k, ok := callctx.IdempotencyOf(ctx); ok {
		mac := hmac.New(sha256.New, s.secret)
		mac.Write([]byte("cart token\x00" + k.Key))
		raw = mac.Sum(nil)
	} else {
		_, _ = rand.Read(raw) // crypto/rand.Read never fails since Go 1.24
	}
	return base64.RawURLEncoding.EncodeToString(raw)
}

// Get reads a cart. cart_not_found: there is none, or it is another's.
func (s *Service) Get(ctx context.Context, c caller.Caller, id string) (Cart, error) {
	return database.Read(ctx, s.DB, func(ctx context.Context, q *database.Tx) (Cart, error) {
		return Find(ctx, q, c, id)
	})
}

// Find is Service.Get within a transaction.
func Find(ctx context.Context, q *database.Tx, c caller.Caller, id string) (Cart, error) {
	return findOwned(ctx, q, c, id, byID)
}

func findForUpdate(ctx context.Context, tx *database.Tx, c caller.Caller, id string) (Cart, error) {
	return findOwned(ctx, tx, c, id, lockCart)
}

// findOwned reads the cart and hides it from whoever it does not belong to.
func findOwned(ctx context.Context, tx *database.Tx, c caller.Caller, id string,
	read func(context.Context, *database.Tx, string) (Cart, error),
) (Cart, error) {
	if !ids.Valid("crt", id) {
		return Cart{}, reason.CartNotFound.New()
	}
	cart, err := read(ctx, tx, id)
	switch {
	case errors.Is(err, database.ErrNotFound):
		return Cart{}, reason.CartNotFound.New()
	case err != nil:
		return Cart{}, err
	case !c.Owns(cart.BuyerID, cart.TokenHash):
		return Cart{}, reason.CartNotFound.New()
	}
	return cart, nil
}

// Total is Cart.Total; that of an empty cart is zero in the shop's currency.
func (s *Service) Total(c Cart) (money.Money, error) {
	if len(c.Lines) == 0 {
		return money.Money{Currency: s.Currency}, nil
	}
	return c.Total()
}

// RenewOrderID gives a cart that was read another order id, provided that nobody
// changed it since, and remembers the one before: whoever holds stock for the new one
// gives back what is held under that. Errors: cart_changed, cart_already_ordered.
func (s *Service) RenewOrderID(ctx context.Context, c caller.Caller, read Cart) (Cart, error) {
	return database.Write(ctx, s.DB, func(ctx context.Context, tx *database.Tx) (Cart, error) {
		cart, err := findForUpdate(ctx, tx, c, read.ID)
		if err != nil {
			return Cart{}, err
		}
		if err := cart.CheckOpen(); err != nil {
			return Cart{}, err
		}
		if cart.Version != read.Version {
			return Cart{}, reason.CartChanged.New()
		}
		cart.ReplacedOrderID = cart.OrderID
		return s.storeNext(ctx, tx, cart)
	})
}

// Reprice takes over into the cart what its products cost now, and answers with what
// the buyer has to be told: price_changed, currency_mixed or total_too_high. A cart
// that was changed since it was read is left alone: whoever did it has seen newer
// prices or will be told.
func (s *Service) Reprice(ctx context.Context, read Cart, changes []PriceChange) error {
	var refusal error
	err := s.DB.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		refusal = priceChanged(changes)
		cart, err := lockCart(ctx, tx, read.ID)
		if err != nil || cart.Version != read.Version || cart.State != Open {
			return err
		}
		var after Cart
		after, refusal = cart.reprice(changes)
		return s.storePrices(ctx, tx, cart, after)
	})
	if err != nil {
		return err
	}
	return refusal
}

// storePrices stores the lines that differ. A cart that is as it was keeps its version.
func (s *Service) storePrices(ctx context.Context, tx *database.Tx, before, after Cart) error {
	changed := false
	for i, line := range after.Lines {
		if line == before.Lines[i] {
			continue
		}
		changed = true
		if err := updateLine(ctx, tx, after.ID, line); err != nil {
			return err
		}
	}
	if !changed {
		return nil
	}
	_, err := s.bumpVersion(ctx, tx, after)
	return err
}

// Reopen gives the buyer a cart back whose order came to nothing, with another order id
// for its next checkout. A cart that has moved on since is left alone.
func (s *Service) Reopen(ctx context.Context, tx *database.Tx, cartID, orderID string) error {
	cart, err := lockCart(ctx, tx, cartID)
	if err != nil {
		return fmt.Errorf("cart of order %s: %w", orderID, err)
	}
	if cart.State != Ordered || cart.OrderID != orderID {
		return nil
	}
	cart.State = Open
	_, err = s.bumpVersion(ctx, tx, cart)
	return err
}

// bumpVersion stores the cart under its next version and a new order id: stock held for
// the version before cannot serve this one.
func (s *Service) bumpVersion(ctx context.Context, tx *database.Tx, cart Cart) (Cart, error) {
	cart.ReplacedOrderID = ""
	return s.storeNext(ctx, tx, cart)
}

// storeNext is bumpVersion that keeps ReplacedOrderID as it is in the cart.
func (s *Service) storeNext(ctx context.Context, tx *database.Tx, cart Cart) (Cart, error) {
	before, now := cart.OrderID, s.Now()
	cart.OrderID, cart.UpdatedAt = ids.New("ord", now), now
	if err := Update(ctx, tx, cart, before); err != nil {
		return Cart{}, err
	}
	cart.Version++
	return cart, nil
}
