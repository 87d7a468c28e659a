package service

import (
	"context"
	"log/slog"

	"google.golang.org/protobuf/types/known/timestamppb"

	"app/modules/orders/internal/store"
	"app/modules/orders/ordersevents"
	"app/modules/payments/paymentsv1"
	"app/platform/database"
	"app/platform/fault"
	"app/platform/money/moneyv1"
)

// startPayment asks payments for the money of an order just placed. A refusal of the
// method cancels the order; any other error leaves it to Reconcile, since the payment
// may well have begun.
func (s *Service) startPayment(ctx context.Context, o store.Order) (store.Order, error) {
	status, err := s.requestPayment(ctx, o)
	if isRefusal(err) {
		return o, fault.Invalid(fault.Field{Pointer: "/payment_method", Detail: "is not a payment method of this shop"}).Because(err)
	}
	if err != nil {
		s.Logger.WarnContext(ctx, "payment was not started and will be asked for again", slog.String("order", o.ID), slog.Any("error", err))
		return o, nil
	}
	o.PaymentStatus = laterPaymentStatus(o.PaymentStatus, status)
	return o, nil
}

// requestPayment asks payments for the money of an order and notes that it answered.
// Only a pending payment needs a note: any other outcome arrives as an event, which
// does the rest, and until then the reconciler keeps an eye on the order.
func (s *Service) requestPayment(ctx context.Context, o store.Order) (store.PaymentStatus, error) {
	answer, err := s.Payments.Start(ctx, startOf(o))
	if isRefusal(err) {
		return store.PaymentFailed, s.giveUp(ctx, o.ID, err)
	}
	if err != nil {
		return store.PaymentPending, err //nolint:wrapcheck // the caller decides by it
	}
	status := heardStatus(answer.GetStatus())
	if status != store.PaymentPending {
		return status, nil
	}
	return status, s.DB.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		return store.PutOff(ctx, tx, o.ID, o.ExpiresAt)
	})
}

// isRefusal reports whether payments will never accept what it was asked.
func isRefusal(err error) bool { return err != nil && fault.CodeOf(err) == fault.InvalidArgument }

// giveUp cancels an order whose payment can never begin, and answers with the refusal.
func (s *Service) giveUp(ctx context.Context, orderID string, refusal error) error {
	err := s.DB.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		o, err := store.LockOrder(ctx, tx, orderID)
		if err != nil || o.Status != store.PendingPayment {
			return err
		}
		return s.cancelOrder(ctx, tx, &o, store.PaymentFailed, ordersevents.CancelReason_CANCEL_REASON_PAYMENT_FAILED)
	})
	if err != nil {
		return err
	}
	return refusal
}

func startOf(o store.Order) *paymentsv1.StartRequest {
	req := &paymentsv1.StartRequest{
		PaymentId: o.PaymentID, OrderId: o.ID, Amount: moneyv1.Of(o.Total), Method: o.PaymentMethod, Email: o.Email,
		BuyerId: o.BuyerID, GuestTokenHash: o.TokenHash, ExpiresAt: timestamppb.New(o.ExpiresAt), Locale: o.Locale,
	}
	for _, p := range o.Parts() {
		req.Shares = append(req.Shares, &paymentsv1.Share{MerchantId: p.MerchantID, Amount: moneyv1.Of(p.Total)})
	}
	return req
}

func heardStatus(s paymentsv1.Status) store.PaymentStatus {
	switch s {
	case paymentsv1.Status_STATUS_SUCCEEDED:
		return store.PaymentSucceeded
	case paymentsv1.Status_STATUS_FAILED:
		return store.PaymentFailed
	case paymentsv1.Status_STATUS_REFUNDED:
		return store.PaymentRefunded
	default:
		return store.PaymentPending
	}
}
