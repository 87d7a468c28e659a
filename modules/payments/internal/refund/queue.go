package refund

import (
	"context"
	"time"

	"app/modules/payments/internal/payment"
	"app/platform/database"
	"app/platform/ids"
)

// Queue takes refunds in; Service.Send sends them. It is what payments, which are below
// refunds, know of them.
type Queue struct {
	Now func() time.Time
	// Wake is called after there is new work for Service.Send.
	Wake func()
}

var _ payment.Refunds = (*Queue)(nil)

// NewQueue makes a queue that wakes nobody yet.
func NewQueue(now func() time.Time) *Queue { return &Queue{Now: now, Wake: func() {}} }

// reasonCancelled is why the shop gives back the money of a cancelled order.
const reasonCancelled = "order_cancelled"

// QueueRest implements payment.Refunds.
func (q *Queue) QueueRest(ctx context.Context, tx *database.Tx, p *payment.Payment) error {
	left := p.Left()
	if left == 0 {
		return nil
	}
	now := q.Now()
	return q.addRefund(ctx, tx, p, Refund{
		ID: ids.New("rfd", now), PaymentID: p.ID, Amount: p.Money(left), Reason: reasonCancelled,
		State: Queued, DueAt: now, CreatedAt: now, UpdatedAt: now,
	})
}

// addRefund counts a refund as under way and stores it; the caller stores p.
func (q *Queue) addRefund(ctx context.Context, tx *database.Tx, p *payment.Payment, r Refund) error {
	p.BeginRefund(r.Amount.Amount, r.CreatedAt)
	tx.AfterCommit(q.Wake)
	return insertRefund(ctx, tx, r)
}
