package checkout

import (
	"context"
	"log/slog"

	"google.golang.org/protobuf/types/known/timestamppb"

	"app/modules/orders/internal/order"
	"app/modules/payments/paymentsv1"
	"app/platform/database"
	"app/platform/fault"
	"app/platform/money/moneyv1"
)

// startPayment asks payments for the money of an order just placed. A refusal of the
// method cancels the order; any other error leaves it to Reconcile, since the payment
// may well have begun.
func (s *Service) startPayment(ctx context.Context, o order.Order) (order.Order, error) {
	status, err := s.requestPayment(ctx, o)
	if isRefusal(err) {
		return o, fault.Invalid(unknownMethod()).Because(err)
	}
	if err != nil {
		s.Logger.WarnContext(ctx, "payment was not started and will be asked for again", slog.String("order", o.ID), slog.Any("error", err))
		return o, nil
	}
	o.PaymentStatus = o.PaymentStatus.Later(status)
	return o, nil
}

// requestPayment asks payments for the money of an order and notes that it answered.
// Only a pending payment needs a note: any other outcome arrives as an event, which
// does the rest, and until then the reconciler keeps an eye on the order.
func (s *Service) requestPayment(ctx context.Context, o order.Order) (order.PaymentStatus, error) {
	answer, err := s.Payments.Start(ctx, startRequest(o))
	if isRefusal(err) {
		return order.PaymentFailed, s.cancelRefused(ctx, o.ID, err)
	}
	if err != nil {
		return order.PaymentPending, err
	}
	status := paymentStatus(answer.GetStatus())
	if status != order.PaymentPending {
		return status, nil
	}
	return status, s.DB.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		return order.PutOff(ctx, tx, o.ID, o.ExpiresAt)
	})
}

// isRefusal reports whether payments will never accept what it was asked.
func isRefusal(err error) bool { return err != nil && fault.CodeOf(err) == fault.InvalidArgument }

// cancelRefused cancels an order whose payment can never begin, and answers with the refusal.
func (s *Service) cancelRefused(ctx context.Context, orderID string, refusal error) error {
	err := s.DB.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		o, err := order.Lock(ctx, tx, orderID)
		if err != nil || o.Status != order.PendingPayment {
			return err
		}
		return s.Orders.CancelLocked(ctx, tx, &o, order.PaymentFailed, order.CancelledPaymentFailed)
	})
	if err != nil {
		return err
	}
	return refusal
}

func startRequest(o order.Order) *paymentsv1.StartRequest {
	req := &paymentsv1.StartRequest{
		PaymentId: o.PaymentID, OrderId: o.ID, Amount: moneyv1.Of(o.Total), Method: o.PaymentMethod, Email: o.Email,
		BuyerId: o.BuyerID, GuestTokenHash: o.TokenHash, ExpiresAt: timestamppb.New(o.ExpiresAt), Locale: o.Locale,
	}
	for _, p := range o.Parts() {
		req.Shares = append(req.Shares, &paymentsv1.Share{MerchantId: p.MerchantID, Amount: moneyv1.Of(p.Total)})
	}
	return req
}

func paymentStatus(s paymentsv1.Status) order.PaymentStatus {
	switch s {
	case paymentsv1.Status_STATUS_SUCCEEDED:
		return order.PaymentSucceeded
	case paymentsv1.Status_STATUS_FAILED:
		return order.PaymentFailed
	case paymentsv1.Status_STATUS_REFUNDED:
		return order.PaymentRefunded
	default:
		return order.PaymentPending
	}
}
