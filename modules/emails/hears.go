package emails

import (
	"context"

	"google.golang.org/protobuf/proto"

	"app/modules/emails/internal/service"
	"app/platform/database"
	"app/platform/events"
)

// bindLateService binds a listener to a service that is made after the subscription is
// declared.
func bindLateService[M proto.Message](s **service.Service, handle func(*service.Service, context.Context, *database.Tx, events.Event[M]) error) func(context.Context, *database.Tx, events.Event[M]) error {
	return func(ctx context.Context, tx *database.Tx, e events.Event[M]) error { return handle(*s, ctx, tx, e) }
}
