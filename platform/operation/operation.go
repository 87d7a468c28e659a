package operation

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"app/platform/exchange"
	"app/platform/fault"
	"app/platform/identity"
)

// Access says who may call an operation. The gateway enforces it, and the operation's
// own module again.
type Access string

// The kinds of access. An operation must name one.
const (
	// Public is open to everyone. A handler may show more to whoever is signed in; a
	// credential that is not valid counts as not sent.
	Public Access = "public"
	// Optional is open to everyone, and the handler decides by the principal or by the
	// credential of a guest (identity.GuestHeader).
	Optional Access = "optional"
	// User needs somebody who is signed in.
	User Access = "user"
	// Member needs somebody who is signed in and has a role with whom the thing belongs
	// to, which the service checks.
	Member Access = "member"
	// Admin needs an administrator of the shop.
	Admin Access = "admin"
	// Loopback is for development pages: only on a loopback listener, or where they are
	// switched on.
	Loopback Access = "loopback"
)

// RateClass names the limit an operation counts against at the gateway.
type RateClass string

// The classes. An operation must name one.
const (
	RateDefault RateClass = "default"
	RateAuth    RateClass = "auth"     // sign-in, codes, registration
	RateCostly  RateClass = "checkout" // what costs a call of a provider; the name is public
	RateWebhook RateClass = "webhook"  // called by providers, not by people
)

// KeyPolicy says what an operation does with the header Idempotency-Key.
type KeyPolicy string

// The policies. A POST that names none accepts keys; other methods take none.
const (
	KeyNone     KeyPolicy = "none"     // the header is ignored
	KeyAccepted KeyPolicy = "accepted" // honoured when sent
	KeyRequired KeyPolicy = "required" // 400 idempotency_key_missing without one
)

// FormField is one field of a form that a raw handler reads.
type FormField struct {
	Name, Doc string
	Required  bool
}

// Operation declares one operation of the public API.
type Operation struct {
	// Method and Path are what it answers to. Path holds parameters as whole segments
	// only: "/v1/orders/{id}".
	Method, Path string
	// ID is the operation id of the OpenAPI document, unique over all modules:
	// "get-order". Empty: made from method and path.
	ID string
	// Summary is a few words, Description as much as it needs; both are for the
	// document.
	Summary, Description string
	Tags                 []string
	// Access and Rate are required: start-up fails without them.
	Access Access
	Rate   RateClass
	// Scope is what an API key needs for the operation: the module and a kind of work,
	// such as "catalog:write". Empty: keys are refused, unless the operation is Public.
	Scope identity.Scope
	// Revokes tells that the operation may end a session or a key: its gateway refuses
	// it from the reply on, the others within seconds.
	Revokes bool
	// Lenient is for operations that sign people in or out and are Optional: a bearer
	// credential that is not valid counts as none there instead of being refused.
	Lenient bool
	// Idempotency is KeyAccepted for a POST that does not say otherwise.
	Idempotency KeyPolicy
	// Status of success. Zero: 200 with a body, 204 without.
	Status int
	// Also are further statuses of success, with a body as that of Status, or redirects.
	Also []int
	// MaxBody bounds the request body in bytes. Zero: 1 MiB.
	MaxBody int64
	// Errors are statuses to document besides those that follow from the declaration.
	Errors []int
	// Timeout bounds the handler through its context. Zero: 15 s. Negative: no bound.
	Timeout time.Duration
	// Headers are request headers that a raw handler may see besides the usual ones,
	// such as a webhook's signature.
	Headers []string
	// Form documents the fields of the form that a raw handler reads
	// (application/x-www-form-urlencoded), Reply the struct that it answers in JSON.
	// Neither is checked.
	Form  []FormField
	Reply any
	// Raw tells that the handler reads and writes HTTP itself. Set by API.Raw.
	Raw bool
	// Undocumented keeps the operation out of the OpenAPI document.
	Undocumented bool
}

const (
	defaultMaxBody = 1 << 20
	defaultTimeout = 15 * time.Second
)

var (
	pathShape = regexp.MustCompile(`^(/|(/([A-Za-z0-9._~-]+|\{[a-z][a-z0-9_]*\}))+)$`)
	idFiller  = strings.NewReplacer("/v1/", "-", "/", "-", "{", "", "}", "", ".", "", "_", "-")
)

// Passes reports whether a request header may cross to the operation's handler.
func (op Operation) Passes(header string) bool { return exchange.Passes(header, op.Headers) }

// withDefaults fills what the declaration leaves open. It panics, naming the operation,
// when the declaration is wrong: that is a defect of the program and must stop it at
// start.
func (op Operation) withDefaults() Operation {
	if problem := op.declarationError(); problem != "" {
		panic(fmt.Sprintf("operation %s %s: %s", op.Method, op.Path, problem))
	}
	if op.ID == "" {
		op.ID = strings.ToLower(op.Method) + idFiller.Replace(op.Path)
	}
	if op.MaxBody == 0 {
		op.MaxBody = defaultMaxBody
	}
	if op.Timeout == 0 {
		op.Timeout = defaultTimeout
	}
	if op.Idempotency == "" {
		op.Idempotency = KeyNone
		if op.Method == http.MethodPost && !op.Raw {
			op.Idempotency = KeyAccepted
		}
	}
	return op
}

// declarationError names what is wrong with the declaration, empty when nothing is.
func (op Operation) declarationError() string {
	methods := []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete}
	access := []Access{Public, Optional, User, Member, Admin, Loopback}
	rates := []RateClass{RateDefault, RateAuth, RateCostly, RateWebhook}
	switch {
	case !slices.Contains(methods, op.Method):
		return "method must be one of " + strings.Join(methods, ", ")
	case !pathShape.MatchString(op.Path):
		return "path must consist of plain segments and {parameters} without patterns"
	case !slices.Contains(access, op.Access):
		return "access is not declared"
	case !slices.Contains(rates, op.Rate):
		return "rate class is not declared"
	case op.Scope != "" && !op.Scope.Valid():
		return "the scope " + string(op.Scope) + " is not a module and a kind of work"
	case op.Scope != "" && (op.Access == Public || op.Access == Loopback):
		return "what is open to everyone has no scope"
	case op.Lenient && op.Access != Optional:
		return "only an optional operation can be lenient"
	case op.Idempotency != "" && op.Idempotency != KeyNone && (op.Method != http.MethodPost || op.Raw):
		return "idempotency keys belong to POST operations that are not raw"
	}
	return ""
}

// Admit decides whether a caller may call the operation at all: deny by default. It is
// asked at the gateway, and by the operation's own module should somebody get past it;
// roles with a merchant are the service's, who owns the data. What is open to everyone
// is open to whoever has an API key; everything else needs the scope that the operation
// declares. Errors: Unauthenticated, PermissionDenied.
func (op Operation) Admit(p identity.Principal) error {
	switch op.Access {
	case Public, Loopback:
		return nil
	case Optional, User, Member, Admin:
	default:
		return fault.New(fault.Unauthenticated, "unauthenticated", "You have to sign in.")
	}
	switch {
	case p.IsKey():
		return op.admitKey(p)
	case op.Access == Optional:
		return nil
	case !p.SignedIn():
		return fault.New(fault.Unauthenticated, "unauthenticated", "You have to sign in.")
	case op.Access == Admin && p.AdminWithheld:
		return identity.ErrSecondFactor() //nolint:wrapcheck // the error is what the client gets
	case op.Access == Admin && !p.Admin:
		return fault.New(fault.PermissionDenied, "permission_denied", "This is for administrators of the shop.")
	}
	return nil
}

func (op Operation) admitKey(p identity.Principal) error {
	switch {
	case op.Scope == "":
		return fault.New(fault.PermissionDenied, "api_key_refused", "This is not for API keys.")
	case !p.Has(op.Scope):
		return fault.New(fault.PermissionDenied, "scope_required", "The API key needs the scope "+string(op.Scope)+".")
	}
	return nil
}

// pathParameters lists the names of the path parameters in order.
func (op Operation) pathParameters() (names []string) {
	for segment := range strings.SplitSeq(op.Path, "/") {
		if strings.HasPrefix(segment, "{") {
			names = append(names, segment[1:len(segment)-1])
		}
	}
	return names
}
