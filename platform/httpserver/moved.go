package httpserver

import (
	"context"

	"app/platform/exchange"
	"app/platform/fault"
	"app/platform/httpheader"
	"app/platform/idempotency"
	"app/platform/identity"
	"app/platform/operation"
	"app/platform/problem"
)

// What has packages of its own and is still called by its old name, until its callers
// have been rewritten.
type (
	API          = operation.API
	Access       = operation.Access
	Conditional  = operation.Conditional
	FormField    = operation.FormField
	KeyPolicy    = operation.KeyPolicy
	Operation    = operation.Operation
	Options      = operation.Options
	Page[T any]  = operation.Page[T]
	Paging       = operation.Paging
	Problem      = problem.Problem
	ProblemField = problem.Field
	ProblemInfo  = fault.Reason
	RateClass    = operation.RateClass
	Tagged       = operation.Tagged
)

// Likewise.
const (
	Admin                     = operation.Admin
	ClientHeader              = exchange.ClientHeader
	KeyAccepted               = operation.KeyAccepted
	KeyNone                   = operation.KeyNone
	KeyRequired               = operation.KeyRequired
	Loopback                  = operation.Loopback
	Member                    = operation.Member
	NetworkHeader             = exchange.NetworkHeader
	Optional                  = operation.Optional
	PagePolicy                = httpheader.PagePolicy
	Public                    = operation.Public
	RateAuth                  = operation.RateAuth
	RateCheckout              = operation.RateCostly
	RateDefault               = operation.RateDefault
	RateWebhook               = operation.RateWebhook
	SessionCookie             = identity.SessionCookie
	StatusClientClosedRequest = problem.StatusClientClosedRequest
	User                      = operation.User
)

// Likewise.
var (
	BodyError             = problem.BodyError
	DecodeCursor          = operation.DecodeCursor
	ETag                  = operation.ETag
	EncodeCursor          = operation.EncodeCursor
	Fence                 = exchange.Fence
	IdempotencyMigrations = idempotency.Migrations
	Merge                 = operation.Merge
	NewAPI                = operation.NewAPI
	NewProblem            = problem.New
	ParseForm             = operation.ParseForm
	PathID                = operation.PathID
	ProblemOf             = problem.Of
	ProblemsPage          = operation.ProblemsPage
	ReadBody              = operation.ReadBody
	SecurityHeaders       = httpheader.SecurityHeaders
	SetOperation          = operation.Note
	Uncached              = httpheader.Uncached
	Whole                 = problem.Whole
	WriteProblem          = problem.Write
)

// NewPage is operation.NewPage.
func NewPage[T any](rows []T, limit int, cursor func(last T) []string) Page[T] {
	return operation.NewPage(rows, limit, cursor)
}

// On is operation.On.
func On[T comparable, I, O any](at *T, method func(T, context.Context, *I) (*O, error)) func(context.Context, *I) (*O, error) {
	return operation.On(at, method)
}

// Register is operation.Register.
func Register[I, O any](a *API, op Operation, handler func(context.Context, *I) (*O, error)) {
	operation.Register(a, op, handler)
}
