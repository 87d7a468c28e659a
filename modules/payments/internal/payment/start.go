package payment

import (
	"context"
	"errors"
	"log/slog"

	"app/modules/payments/internal/provider"
	"app/modules/payments/paymentsv1"
	"app/platform/database"
	"app/platform/fault"
	"app/platform/ids"
)

// Methods implements the contract.
func (s *Service) Methods(context.Context, *paymentsv1.MethodsRequest) (*paymentsv1.MethodsResponse, error) {
	return &paymentsv1.MethodsResponse{Methods: s.Providers.Methods()}, nil
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
func (s *Service) newPayment(req *paymentsv1.StartRequest) (Payment, error) {
	now := s.Now()
	p := Payment{
		ID: req.GetPaymentId(), OrderID: req.GetOrderId(), Status: Pending, Method: req.GetMethod(), Email: req.GetEmail(), Locale: req.GetLocale(),
		Amount: req.GetAmount().GetAmount(), Currency: req.GetAmount().GetCurrency(), BuyerID: req.GetBuyerId(), TokenHash: req.GetGuestTokenHash(),
		ExpiresAt: req.GetExpiresAt().AsTime(), Attempt: AttemptSending, DueAt: now.Add(s.Schedule.Claim()),
		Version: 1, CreatedAt: now, UpdatedAt: now,
	}
	port, known := s.Providers.ByMethod(p.Method)
	switch {
	case !known:
		return p, fault.Invalid(fault.Field{Pointer: "/method", Detail: "is not a method of any provider"})
	case !ids.Valid("pay", p.ID) || !ids.Valid("ord", p.OrderID):
		return p, fault.Invalid(fault.Field{Pointer: "/payment_id", Detail: "payment or order id is not well formed"})
	case p.Amount < 0 || !p.addShares(req.GetShares()):
		return p, fault.Invalid(fault.Field{Pointer: "/shares", Detail: "do not sum to the amount"})
	}
	p.Provider = port.Name()
	return p, nil
}

// addShares adds the merchants' shares and reports whether together they are the
// amount.
func (p *Payment) addShares(shares []*paymentsv1.Share) bool {
	left := p.Amount
	for _, share := range shares {
		amount := share.GetAmount().GetAmount()
		if share.GetAmount().GetCurrency() != p.Currency || amount < 0 {
			return false
		}
		p.Shares = append(p.Shares, Share{MerchantID: share.GetMerchantId(), Amount: amount})
		left -= amount
	}
	return left == 0
}

// insertPayment stores the payment before anybody is asked for money. ask is false when
// there is nothing to ask: the order has its payment already, costs nothing, or its
// time is over.
func (s *Service) insertPayment(ctx context.Context, p Payment) (_ Payment, ask bool, err error) {
	ask = !p.settleWithoutProvider()
	err = s.DB.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		if err := insertRows(ctx, tx, p); err != nil {
			return err
		}
		return emitOutcome(ctx, tx, p)
	})
	if errors.Is(err, database.ErrDuplicate) {
		p, err = s.existingPayment(ctx, p)
		return p, false, err
	}
	return p, ask, err
}

// existingPayment reads the payment that the order has, or refuses an id that belongs
// to another order.
func (s *Service) existingPayment(ctx context.Context, asked Payment) (Payment, error) {
	have, err := database.Read(ctx, s.DB, func(ctx context.Context, q *database.Tx) (Payment, error) {
		return byOrder(ctx, q, asked.OrderID)
	})
	if errors.Is(err, database.ErrNotFound) || err == nil && !have.sameAs(asked) {
		return have, paymentsv1.PaymentDiffers.New().Because(err)
	}
	return have, err
}

// chargePayment asks the provider and records the answer.
func (s *Service) chargePayment(ctx context.Context, p Payment) (Payment, error) {
	port, err := ProviderOf(s.Providers, p)
	if err != nil {
		return p, err
	}
	asked, cancel := context.WithTimeout(ctx, s.Schedule.Timeout)
	defer cancel()
	c, err := port.Charge(asked, provider.ChargeRequest{
		Key: p.ID, Method: p.Method, Amount: p.Amount, Currency: p.Currency, Email: p.Email,
	})
	if err != nil {
		s.Logger.WarnContext(ctx, "provider did not answer, the charge is unknown", slog.String("payment", p.ID), slog.Any("error", err))
		return s.markChargeUnknown(ctx, p.ID)
	}
	return s.recordCharge(ctx, p, c)
}

// markChargeUnknown notes that the provider's answer was lost; the reconciler asks
// soon.
func (s *Service) markChargeUnknown(ctx context.Context, id string) (Payment, error) {
	return database.Write(ctx, s.DB, func(ctx context.Context, tx *database.Tx) (Payment, error) {
		p, err := Lock(ctx, tx, id)
		if err != nil || p.Status != Pending || p.Attempt == AttemptDone {
			return p, err
		}
		p.loseAnswer(s.Now().Add(s.Schedule.Backoff(p.Tries)), s.Now())
		err = Update(ctx, tx, &p)
		return p, err
	})
}

var statuses = map[Status]paymentsv1.Status{
	Pending: paymentsv1.Status_STATUS_PENDING, Succeeded: paymentsv1.Status_STATUS_SUCCEEDED,
	Failed: paymentsv1.Status_STATUS_FAILED, Refunded: paymentsv1.Status_STATUS_REFUNDED,
}

func startResponse(p Payment) *paymentsv1.StartResponse {
	return &paymentsv1.StartResponse{PaymentId: p.ID, Status: statuses[p.Status]}
}
