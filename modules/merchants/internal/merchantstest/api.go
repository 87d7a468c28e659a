package merchantstest

import (
	"testing"
	"time"

	"app/modules/merchants/internal/apikey"
	"app/modules/merchants/internal/invitation"
	"app/modules/merchants/internal/member"
	"app/modules/merchants/internal/merchant"
	"app/modules/merchants/internal/reason"
	"app/platform/database/dbtest"
	"app/platform/idempotency"
	"app/platform/operation"
	"app/platform/operation/operationtest"
)

// ServedAt is the time of every request to an API.
var ServedAt = Start.Add(123456 * time.Microsecond)

// API is the public API of the module on a database of its own.
type API struct {
	operationtest.API
	*Shop
}

// NewAPI makes an API. New merchants may sell at once unless a test says otherwise.
func NewAPI(t testing.TB) API {
	t.Helper()
	s := newShop(t, dbtest.Open(t, allMigrations()...), people{}, ServedAt)
	s.Merchants.Limits = merchant.Limits{PerAccount: 10, Pending: 3}
	a := operation.NewAPI("merchants", operation.Options{Now: s.Now})
	merchants, members := merchant.NewHandlers(s.Merchants), member.NewHandlers(s.Members)
	invitations, keys := invitation.NewHandlers(s.Invitations), apikey.NewHandlers(s.Keys)
	merchant.Register(a, &merchants)
	member.Register(a, &members)
	invitation.Register(a, &invitations)
	apikey.Register(a, &keys)
	a.Problems(reason.All()...)
	a.UseKeys(idempotency.New(s.DB, idempotency.Options{}))
	return API{operationtest.New(t, a), s}
}

// OpenMerchant opens the merchant of Owner with a manager and a viewer, and returns its
// path.
func (a API) OpenMerchant() string {
	a.Helper()
	m := operationtest.ReadStrict[merchant.Body](a, a.Must(201, Owner, "POST", "/v1/merchants", `{"name":"Lamps"}`))
	path := "/v1/merchants/" + m.ID
	a.JoinAt(path, Manager, "manager")
	a.JoinAt(path, Viewer, "viewer")
	return path
}

// JoinAt has Owner invite one of the people, who accepts.
func (a API) JoinAt(path, user, role string) member.Body {
	a.Helper()
	made := operationtest.ReadStrict[member.Body](a, a.Must(202, Owner, "POST", path+"/members", `{"email":"`+emailOf(user)+`","role":"`+role+`"}`))
	reply := a.Must(200, user, "POST", "/v1/invitations/"+made.InvitationID+"/accept", `{"token":"`+a.Token(made.InvitationID)+`"}`)
	return operationtest.ReadStrict[struct {
		MerchantID string `json:"merchant_id"`
		member.Body
	}](a, reply).Body
}
