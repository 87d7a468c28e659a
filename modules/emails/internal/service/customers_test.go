package service_test

import (
	"context"
	"testing"

	"app/modules/emails/internal/service"
	"app/modules/merchants/merchantsv1"
	"app/modules/orders/ordersevents"
	"app/modules/users/usersevents"
	"app/platform/database"
	"app/platform/fault"
)

// merchants is a merchants module in which all are approved but mrc_pending, and have
// an owner of their own but mrc_a and mrc_b.
type merchants struct{}

func (merchants) Profile(_ context.Context, req *merchantsv1.ProfileRequest) (*merchantsv1.ProfileResponse, error) {
	out := &merchantsv1.ProfileResponse{Name: "Lamps", Approved: true, OwnerId: "usr_of_" + req.GetMerchantId()}
	switch req.GetMerchantId() {
	case "mrc_pending":
		out.Approved = false
	case "mrc_a", "mrc_b":
		out.OwnerId = "usr_of_two"
	case "mrc_none":
		return nil, &fault.CallError{Module: "merchants", Method: "Profile", Code: fault.NotFound, Reason: "merchant_not_found"}
	}
	return out, nil
}

// handle lets the service hear an event.
func handle(t *testing.T, s *service.Service, work func(ctx context.Context, tx *database.Tx) error) {
	t.Helper()
	if err := s.DB.Write(context.Background(), work); err != nil {
		t.Error(err)
	}
}

// paid tells of an order that was paid; buyer is empty for a guest.
func paid(t *testing.T, s *service.Service, orderID, merchant, buyer, email string) {
	t.Helper()
	handle(t, s, func(ctx context.Context, tx *database.Tx) error {
		e := event("evt_"+orderID, &clock{}, &ordersevents.Paid{Order: orderOf(orderID, merchant, buyer, email)})
		e.OccurredAt = s.Now()
		return s.Paid(ctx, tx, e)
	})
}

func orderOf(orderID, merchant, buyer, email string) *ordersevents.Order {
	return &ordersevents.Order{
		Id: orderID, BuyerId: buyer, Email: email, Total: eur(0), Locale: "en",
		Lines: []*ordersevents.Line{{MerchantId: merchant, Title: "Cards", Quantity: 1, Price: eur(0), Total: eur(0)}},
	}
}

// cancelled tells of an order that was given up, unpaid.
func cancelled(t *testing.T, s *service.Service, orderID, buyer, email string, wasPaid bool) {
	t.Helper()
	handle(t, s, func(ctx context.Context, tx *database.Tx) error {
		return s.Cancelled(ctx, tx, event("evt_cancelled_"+orderID, &clock{}, &ordersevents.Cancelled{Order: orderOf(orderID, "mrc_1", buyer, email), WasPaid: wasPaid}))
	})
}

// registered tells of an account, whose owner has shown that the address is theirs.
func registered(t *testing.T, s *service.Service, user, email string) {
	t.Helper()
	handle(t, s, func(ctx context.Context, tx *database.Tx) error {
		e := event("evt_"+user, &clock{}, &usersevents.Registered{UserId: user, Email: email})
		e.OccurredAt = s.Now()
		return s.Registered(ctx, tx, e)
	})
}
