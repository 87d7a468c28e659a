package identity

// SessionCookie is the cookie that carries a browser's session. Browsers take a cookie
// with this prefix only with Secure, for the path / and from the very host that set it,
// so that no page of another subdomain can plant one (RFC 6265bis section 4.1.3.2). It
// never reaches a module: the gateway turns it into a principal.
const SessionCookie = "__Host-souk"
