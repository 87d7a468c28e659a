// Package modules is the only place where the modules of the shop meet.
package modules

import (
	"app/modules/catalog"
	"app/modules/emails"
	"app/modules/gateway"
	"app/modules/merchants"
	"app/modules/orders"
	"app/modules/payments"
	"app/modules/seed"
	"app/modules/users"
	"app/platform/lifecycle"
)

// All makes every module of the shop, a callee before its callers.
func All() []lifecycle.Module {
	return []lifecycle.Module{
		users.New(),
		merchants.New(),
		catalog.New(),
		payments.New(),
		orders.New(),
		emails.New(),
		gateway.New(),
		seed.New(),
	}
}
