package rpctest_test

import (
	"context"

	"app/platform/rpc"
	"app/platform/rpc/rpctest/parityv1"
)

// fake is a handler of which a test fills in what it needs.
type fake struct {
	act   func(context.Context, *parityv1.ActRequest) (*parityv1.ActResponse, error)
	put   func(context.Context, *parityv1.PutRequest) (*parityv1.PutResponse, error)
	look  func(context.Context, *parityv1.LookRequest) (*parityv1.LookResponse, error)
	place func(context.Context, *parityv1.PlaceRequest) (*parityv1.PlaceResponse, error)
}

func (f *fake) Act(ctx context.Context, r *parityv1.ActRequest) (*parityv1.ActResponse, error) {
	return f.act(ctx, r)
}

func (f *fake) Put(ctx context.Context, r *parityv1.PutRequest) (*parityv1.PutResponse, error) {
	return f.put(ctx, r)
}

func (f *fake) Look(ctx context.Context, r *parityv1.LookRequest) (*parityv1.LookResponse, error) {
	return f.look(ctx, r)
}

func (f *fake) Place(ctx context.Context, r *parityv1.PlaceRequest) (*parityv1.PlaceResponse, error) {
	return f.place(ctx, r)
}

func serve(h parityv1.ParityHandler) rpc.Service {
	return parityv1.ServeParity(func() parityv1.ParityHandler { return h })
}
