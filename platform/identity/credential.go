package identity

// SessionCookie is the cookie that carries a browser's session. Browsers take a cookie
// with this prefix only with Secure, for the path / and from the very host that set it,
// so that no page of another subdomain can plant one (RFC 6265bis section 4.1.3.2). It
// never reaches a module: the gateway turns it into a principal.
const SessionCookie = "__Host-souk"

// GuestHeader is the request header with the credential of a caller without an account.
// Like SessionCookie there is one for the whole API: it decides what caches may keep and
// whose an idempotency key is, it crosses to modules, and assertions bind it.
const GuestHeader = "Cart-Token"

// GuestScheme is the name of that credential in the public document.
const GuestScheme = "cartToken"
