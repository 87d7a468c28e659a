package service

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"app/modules/payments/internal/provider"
	"app/modules/payments/internal/store"
	"app/modules/payments/paymentsevents"
	"app/modules/payments/paymentsv1"
	"app/platform/database"
	"app/platform/events"
	"app/platform/fault"
	"app/platform/ids"
	"app/platform/money/moneyv1"
)

// Methods implements the contract.
func (s *Service) Methods(context.Context, *paymentsv1.MethodsRequest) (*paymentsv1.MethodsResponse, error) {
	out := &paymentsv1.MethodsResponse{}
	for method := range s.byMethod {
		out.Methods = append(out.Methods, method)
	}
	slices.Sort(out.Methods)
	return out, nil
}

// Start implements the contract: one write makes the payment, the provider is asked,
// one write records the answer. Without an answer the payment stays pending, and
// Reconcile finds out. A payment that the order has already is answered as it is,
// whoever may be working on it.
func (s *Service) Start(ctx context.Context, req *paymentsv1.StartRequest) (*paymentsv1.StartResponse, error) {
	p, err := s.newPayment(req)
	if err != nil {
		return nil, err
	}
	p, ask, err := s.insertPayment(ctx, p)
	if err != nil || !ask {
		return startResponse(p), err
	}
	// What has begun is recorded even if the caller has gone.
	p, err = s.chargePayment(context.WithoutCancel(ctx), p)
	return startResponse(p), err
}

// newPayment checks the request.
func (s *Service) newPayment(req *paymentsv1.StartRequest) (store.Payment, error) {
	now := s.Now()
	p := store.Payment{
		ID: req.GetPaymentId(), OrderID: req.GetOrderId(), Status: store.Pending, Method: req.GetMethod(), Email: req.GetEmail(), Locale: req.GetLocale(),
		Amount: req.GetAmount().GetAmount(), Currency: req.GetAmount().GetCurrency(), BuyerID: req.GetBuyerId(), TokenHash: req.GetGuestTokenHash(),
		ExpiresAt: req.GetExpiresAt().AsTime(), Attempt: store.AttemptSending, DueAt: now.Add(2 * s.Options.Timeout),
		Version: 1, CreatedAt: now, UpdatedAt: now,
	}
	sum := int64(0)
	for _, share := range req.GetShares() {
		p.Shares = append(p.Shares, store.Share{MerchantID: share.GetMerchantId(), Amount: share.GetAmount().GetAmount()})
		sum += share.GetAmount().GetAmount()
		if share.GetAmount().GetCurrency() != p.Currency || share.GetAmount().GetAmount() < 0 {
			sum = -1
			break
		}
	}
	port, known := s.byMethod[p.Method]
	switch {
	case !known:
		return p, fault.Invalid(fault.Field{Pointer: "/method", Detail: "is not a method of any provider"})
	case !ids.Valid("pay", p.ID) || !ids.Valid("ord", p.OrderID):
		return p, fault.Invalid(fault.Field{Pointer: "/payment_id", Detail: "payment or order id is not well formed"})
	case p.Amount < 0 || sum != p.Amount:
		return p, fault.Invalid(fault.Field{Pointer: "/shares", Detail: "do not sum to the amount"})
	}
	p.Provider = port.Name()
	return p, nil
}

// insertPayment stores the payment before anybody is asked for money. ask is false when
// there is nothing to ask: the order has its payment already, costs nothing, or its
// time is over.
func (s *Service) insertPayment(ctx context.Context, p store.Payment) (_ store.Payment, ask bool, err error) {
	ask = true
	switch {
	case p.Amount == 0:
		ask, p.Status, p.Attempt, p.DueAt = false, store.Succeeded, store.AttemptNone, time.Time{}
	case !p.CreatedAt.Before(p.ExpiresAt):
		ask, p.Status, p.Reason, p.Attempt, p.DueAt = false, store.Failed, reasonExpired, store.AttemptNone, time.Time{}
	}
	err = s.DB.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		if err := store.InsertPayment(ctx, tx, p); err != nil {
			return err
		}
		return emitPaymentOutcome(ctx, tx, p)
	})
	if errors.Is(err, store.ErrDuplicate) {
		p, err = s.existingPayment(ctx, p)
		return p, false, err
	}
	return p, ask, err
}

// Reasons of a failed payment that are not the provider's.
const (
	reasonExpired   = "expired"
	reasonCancelled = "order_cancelled"
)

// existingPayment reads the payment that the order has, or refuses an id that belongs
// to another order.
func (s *Service) existingPayment(ctx context.Context, p store.Payment) (have store.Payment, err error) {
	err = s.DB.Read(ctx, func(ctx context.Context, q *database.Tx) error {
		have, err = store.PaymentByOrder(ctx, q, p.OrderID)
		return err
	})
	if errors.Is(err, store.ErrNotFound) || err == nil && (have.Amount != p.Amount || have.Currency != p.Currency) {
		return have, paymentsv1.PaymentDiffers.New().Because(err)
	}
	return have, err
}

// providerOf is the provider that has the payment.
func (s *Service) providerOf(p store.Payment) (provider.Port, error) {
	if port, ok := s.byName[p.Provider]; ok {
		return port, nil
	}
	return nil, fmt.Errorf("payment %s is with provider %q, which this process does not have", p.ID, p.Provider)
}

// chargePayment asks the provider and records the answer.
func (s *Service) chargePayment(ctx context.Context, p store.Payment) (store.Payment, error) {
	port, err := s.providerOf(p)
	if err != nil {
		return p, err
	}
	asked, cancel := context.WithTimeout(ctx, s.Options.Timeout)
	defer cancel()
	c, err := port.Charge(asked, provider.ChargeRequest{
		Key: p.ID, Method: p.Method, Amount: p.Amount, Currency: p.Currency, Email: p.Email,
	})
	if err != nil {
		s.Logger.WarnContext(ctx, "provider did not answer, the charge is unknown", slog.String("payment", p.ID), slog.Any("error", err))
		return s.markChargeUnknown(ctx, p)
	}
	return s.recordCharge(ctx, p, c)
}

// recordCharge takes the step that the provider's word asks for, in a write of its own.
// As a rule nobody has touched the payment since it was read; else it is read again
// under its lock.
func (s *Service) recordCharge(ctx context.Context, read store.Payment, c provider.Charge) (p store.Payment, err error) {
	err = s.DB.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		p = read
		return s.applyCharge(ctx, tx, &p, c)
	})
	if !errors.Is(err, store.ErrChanged) {
		return p, err
	}
	err = s.DB.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		if p, err = store.LockPayment(ctx, tx, read.ID); err != nil {
			return err
		}
		return s.applyCharge(ctx, tx, &p, c)
	})
	return p, err
}

// markChargeUnknown notes that the provider's answer was lost; the reconciler asks
// soon.
func (s *Service) markChargeUnknown(ctx context.Context, read store.Payment) (p store.Payment, err error) {
	err = s.DB.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		p, err = store.LockPayment(ctx, tx, read.ID)
		if err != nil || p.Status != store.Pending || p.Attempt == store.AttemptDone {
			return err
		}
		p.Attempt, p.DueAt, p.UpdatedAt = store.AttemptUnknown, s.Now().Add(backoffDelay(s.Options.Retry, p.Tries)), s.Now()
		return store.UpdatePayment(ctx, tx, &p)
	})
	return p, err
}

var statuses = map[store.Status]paymentsv1.Status{
	store.Pending: paymentsv1.Status_STATUS_PENDING, store.Succeeded: paymentsv1.Status_STATUS_SUCCEEDED,
	store.Failed: paymentsv1.Status_STATUS_FAILED, store.Refunded: paymentsv1.Status_STATUS_REFUNDED,
}

func startResponse(p store.Payment) *paymentsv1.StartResponse {
	return &paymentsv1.StartResponse{PaymentId: p.ID, Status: statuses[p.Status]}
}

func keyOf(p store.Payment) events.Key {
	return events.Key{Aggregate: "payment", ID: p.ID, Version: p.Version}
}

// emitPaymentOutcome tells the outcome of a payment that has one; a pending one is no
// news.
func emitPaymentOutcome(ctx context.Context, tx *database.Tx, p store.Payment) error {
	switch p.Status {
	case store.Succeeded:
		return events.Emit(ctx, tx, keyOf(p), &paymentsevents.Succeeded{PaymentId: p.ID, OrderId: p.OrderID, Amount: moneyv1.Of(p.Money(p.Amount))})
	case store.Failed:
		return events.Emit(ctx, tx, keyOf(p), &paymentsevents.Failed{PaymentId: p.ID, OrderId: p.OrderID, Reason: p.Reason})
	case store.Pending, store.Refunded:
		return nil
	}
	return fmt.Errorf("payment %s is %q", p.ID, p.Status)
}
