package rpctest_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"app/platform/callctx"
	"app/platform/identity"
	"app/platform/money/moneyv1"
	"app/platform/rpc"
	"app/platform/rpc/rpctest"
	"app/platform/rpc/rpctest/parityv1"
)

// BenchmarkPlace is row 7 of the performance goals: a call with a deadline, an order of
// ten lines both ways.
func BenchmarkPlace(b *testing.B) {
	for _, way := range rpctest.Ways() {
		b.Run(string(way), func(b *testing.B) {
			var client parityv1.ParityClient
			handler := &fake{place: func(_ context.Context, req *parityv1.PlaceRequest) (*parityv1.PlaceResponse, error) {
				return &parityv1.PlaceResponse{Order: req.GetOrder()}, nil
			}}
			rpctest.Connect(b, way, rpc.Options{}, "orders", parityv1.NeedParity(&client), serve(handler))
			ctx, cancel := context.WithTimeout(requestContext(), time.Hour)
			defer cancel()
			request := &parityv1.PlaceRequest{Order: order(10)}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := client.Place(ctx, request); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// requestContext is what a request of a signed-in buyer carries.
func requestContext() context.Context {
	ctx := identity.NewContext(context.Background(), identity.Principal{UserID: "usr_1", Method: identity.Bearer})
	return callctx.WithRequestID(ctx, "req_1")
}

func order(lines int) *parityv1.Order {
	o := &parityv1.Order{
		Id: "ord_01kan4v6e8fx2s1gq0vj5t3x7c", BuyerId: "usr_01kan4v6e8fx2s1gq0vj5t3x7c", Email: "buyer@example.com",
		Total: &moneyv1.Money{Amount: 19900, Currency: "EUR"}, PlacedAt: timestamppb.New(time.Unix(1_800_000_000, 0)),
	}
	for i := range lines {
		o.Lines = append(o.Lines, &parityv1.Line{
			ProductId: fmt.Sprintf("prd_01kan4v6e8fx2s1gq0vj5t3x%02d", i), MerchantId: "mrc_01kan4v6e8fx2s1gq0vj5t3x7c",
			Title: "A teapot of blue glass", Sku: fmt.Sprintf("TEA-%d", i), Quantity: 2,
			Price: &moneyv1.Money{Amount: 1990, Currency: "EUR"},
		})
	}
	return o
}
