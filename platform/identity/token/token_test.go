package token_test

import (
	"context"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"app/platform/fault"
	"app/platform/identity"
	"app/platform/identity/token"
)

var moment = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func at(t time.Time) func() time.Time { return func() time.Time { return t } }

// key makes the same key for the same number.
func key(n byte) ed25519.PrivateKey {
	seed := sha256.Sum256([]byte{n})
	return ed25519.NewKeyFromSeed(seed[:])
}

// source answers with the public keys of the given private ones.
func source(t testing.TB, keys ...ed25519.PrivateKey) *token.Keys {
	t.Helper()
	public := []ed25519.PublicKey{}
	for _, k := range keys {
		public = append(public, token.Public(k))
	}
	encoded, err := token.EncodeSet(public...)
	if err != nil {
		t.Fatal(err)
	}
	return token.NewKeys(func(context.Context) ([]byte, error) { return encoded, nil }, at(moment))
}

func claims() token.Claims {
	return token.Claims{
		UserID: "usr_01kan4v6e8fx2s1gq0vj5t3x7c", SessionID: "ses_01kan4v6e8fx2s1gq0vj5t3x7c", TokenID: "tok_1", Admin: true,
		IssuedAt: moment, Expires: moment.Add(15 * time.Minute),
	}
}

func sign(t testing.TB, k ed25519.PrivateKey, c token.Claims) string {
	t.Helper()
	s, err := token.NewSigner(k)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := s.Sign(c)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

type object = map[string]any

// parts are the header and claims of a valid token, to be spoilt.
func parts() (header, body object) {
	header = object{"alg": "EdDSA", "typ": token.Type, "kid": token.KeyID(token.Public(key(1)))}
	body = object{
		"iss": token.Issuer, "aud": token.Audience, "sub": claims().UserID, "sid": claims().SessionID, "jti": "tok_1",
		"iat": moment.Unix(), "nbf": moment.Unix(), "exp": moment.Add(15 * time.Minute).Unix(),
	}
	return header, body
}

func segment(t testing.TB, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

// forge signs any header and claims with a real key.
func forge(t testing.TB, k ed25519.PrivateKey, header, body object) string {
	t.Helper()
	text := segment(t, header) + "." + segment(t, body)
	return text + "." + base64.RawURLEncoding.EncodeToString(ed25519.Sign(k, []byte(text)))
}

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	for name, now := range map[string]time.Time{
		"Fresh":                moment,
		"AtItsLastSecond":      moment.Add(15*time.Minute - time.Second),
		"WithinLeewayAfter":    moment.Add(15*time.Minute + token.Leeway - time.Second),
		"WithinLeewayBefore":   moment.Add(-token.Leeway),
		"SignerAheadByASecond": moment.Add(-time.Second),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			raw := sign(t, key(1), claims())
			got, err := token.NewVerifier(source(t, key(2), key(1)), at(now)).Verify(context.Background(), raw)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(claims(), got); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
			if len(raw) > token.MaxLength/3 {
				t.Errorf("%d bytes", len(raw))
			}
		})
	}
}

func TestPrincipal(t *testing.T) {
	t.Parallel()
	want := identity.Principal{UserID: claims().UserID, Method: identity.Bearer, Admin: true, SessionID: claims().SessionID}
	if diff := cmp.Diff(want, claims().Principal()); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

// A token that is forged as the tests below do, but not spoilt, has to pass: else they
// would prove nothing.
func TestForgedUnspoiltPasses(t *testing.T) {
	t.Parallel()
	header, body := parts()
	if _, err := token.NewVerifier(source(t, key(1)), at(moment)).Verify(context.Background(), forge(t, key(1), header, body)); err != nil {
		t.Fatal(err)
	}
}

func TestFailure29_TokenTricks(t *testing.T) {
	t.Parallel()
	public := token.Public(key(1))
	spoil := func(change func(header, body object)) string {
		header, body := parts()
		change(header, body)
		return forge(t, key(1), header, body)
	}
	// jwkOf is a key that a token would like to be verified with.
	jwkOf := func(k ed25519.PrivateKey) object {
		return object{"kty": "OKP", "crv": "Ed25519", "x": base64.RawURLEncoding.EncodeToString(token.Public(k))}
	}
	good := spoil(func(object, object) {})
	head, rest, _ := strings.Cut(good, ".")
	middle, tail, _ := strings.Cut(rest, ".")
	unsigned := func(alg string) string {
		header, body := parts()
		header["alg"] = alg
		return segment(t, header) + "." + segment(t, body) + "."
	}
	hs256 := func(secret []byte) string {
		header, body := parts()
		header["alg"] = "HS256"
		text := segment(t, header) + "." + segment(t, body)
		mac := hmac.New(sha256.New, secret)
		mac.Write([]byte(text))
		return text + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
	}
	foreign := func(change func(header, body object)) string {
		header, body := parts()
		change(header, body)
		return forge(t, key(9), header, body)
	}
	secondsOf := func(d time.Duration) int64 { return moment.Add(d).Unix() }

	for name, raw := range map[string]string{
		"Empty":                "",
		"NotAToken":            "hello",
		"TwoParts":             head + "." + middle,
		"FourParts":            good + ".x",
		"FiveParts":            good + ".x.y",
		"TooLong":              head + "." + middle + strings.Repeat("A", token.MaxLength) + "." + tail,
		"LineBreak":            head + "." + middle + "\n." + tail,
		"LineBreakInSignature": good[:len(good)-9] + "\n" + good[len(good)-9:],
		"Padding":              good + "=",
		"SpaceInFront":         " " + good,
		"OtherLastBits":        good[:len(good)-1] + nextLetter(good[len(good)-1]),
		"HeaderNotJSON":        "aGVsbG8." + middle + "." + tail,
		"HeaderNull":           segment(t, nil) + "." + middle + "." + tail,
		"BodyNull":             nullBody(t),
		"ClaimsChanged":        head + "." + segment(t, object{"adm": true}) + "." + tail,
		"NoSignature":          head + "." + middle + ".",
		"AlgNone":              unsigned("none"),
		"AlgNoneShouted":       unsigned("NONE"),
		"AlgNoneMixed":         unsigned("nOnE"),
		"AlgEmpty":             unsigned(""),
		"AlgAbsent":            spoil(func(h, _ object) { delete(h, "alg") }),
		"AlgNumber":            spoil(func(h, _ object) { h["alg"] = 1 }),
		"AlgLowerCase":         spoil(func(h, _ object) { h["alg"] = "eddsa" }),
		"AlgEd25519":           spoil(func(h, _ object) { h["alg"] = "Ed25519" }),
		"HS256PublicKey":       hs256(public),
		"HS256PublicText":      hs256([]byte(base64.RawURLEncoding.EncodeToString(public))),
		"HS256Empty":           hs256(nil),
		"KidForeign":           foreign(func(h, _ object) { h["kid"] = token.KeyID(token.Public(key(9))) }),
		"KidBorrowed":          foreign(func(object, object) {}),
		"KidAbsent":            spoil(func(h, _ object) { delete(h, "kid") }),
		"KidEmpty":             spoil(func(h, _ object) { h["kid"] = "" }),
		"KidArray":             spoil(func(h, _ object) { h["kid"] = []string{token.KeyID(public)} }),
		"KidPath":              spoil(func(h, _ object) { h["kid"] = "../../dev/null" }),
		"JwkOfAttacker":        foreign(func(h, _ object) { h["jwk"] = jwkOf(key(9)) }),
		"JwkOwn":               spoil(func(h, _ object) { h["jwk"] = jwkOf(key(1)) }),
		"Jku":                  spoil(func(h, _ object) { h["jku"] = "https://attacker.example/jwks.json" }),
		"X5u":                  spoil(func(h, _ object) { h["x5u"] = "https://attacker.example/cert.pem" }),
		"X5c":                  spoil(func(h, _ object) { h["x5c"] = []string{"AAAA"} }),
		"Crit":                 spoil(func(h, _ object) { h["crit"] = []string{"b64"}; h["b64"] = false }),
		"TypJWT":               spoil(func(h, _ object) { h["typ"] = "JWT" }),
		"TypAbsent":            spoil(func(h, _ object) { delete(h, "typ") }),
		"TypOther":             spoil(func(h, _ object) { h["typ"] = "rt+jwt" }),
		"AudOther":             spoil(func(_, b object) { b["aud"] = "admin-console" }),
		"AudAbsent":            spoil(func(_, b object) { delete(b, "aud") }),
		"AudEmptyList":         spoil(func(_, b object) { b["aud"] = []string{} }),
		"IssOther":             spoil(func(_, b object) { b["iss"] = "https://attacker.example" }),
		"IssAbsent":            spoil(func(_, b object) { delete(b, "iss") }),
		"IssLookalike":         spoil(func(_, b object) { b["iss"] = "souk." }),
		"Expired":              spoil(func(_, b object) { b["exp"] = secondsOf(-31 * time.Second); b["iat"] = secondsOf(-15 * time.Minute) }),
		"ExpAbsent":            spoil(func(_, b object) { delete(b, "exp") }),
		"ExpText":              spoil(func(_, b object) { b["exp"] = "2099-01-01" }),
		"ExpFarAway":           spoil(func(_, b object) { b["exp"] = secondsOf(24 * time.Hour) }),
		"ExpBeforeIat":         spoil(func(_, b object) { b["exp"], b["iat"] = secondsOf(-10*time.Second), secondsOf(10*time.Second) }),
		"NbfInTheFuture":       spoil(func(_, b object) { b["nbf"] = secondsOf(31 * time.Second) }),
		"NbfAbsent":            spoil(func(_, b object) { delete(b, "nbf") }),
		"IatInTheFuture":       spoil(func(_, b object) { b["iat"] = secondsOf(31 * time.Second) }),
		"IatAbsent":            spoil(func(_, b object) { delete(b, "iat") }),
		"SubAbsent":            spoil(func(_, b object) { delete(b, "sub") }),
		"SubOtherKind":         spoil(func(_, b object) { b["sub"] = "mrc_01kan4v6e8fx2s1gq0vj5t3x7c" }),
		"SidAbsent":            spoil(func(_, b object) { delete(b, "sid") }),
		"ForeignEverything":    foreign(func(h, _ object) { maps.Copy(h, object{"kid": "k", "jku": "https://attacker.example"}) }),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := token.NewVerifier(source(t, key(1), key(2)), at(moment)).Verify(context.Background(), raw)
			if !errors.Is(err, token.ErrInvalid) || got != (token.Claims{}) {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
}

// nextLetter changes only bits of the last letter that a lenient decoder ignores.
func nextLetter(c byte) string {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	return string(letters[strings.IndexByte(letters, c)+1])
}

func nullBody(t *testing.T) string {
	header, _ := parts()
	text := segment(t, header) + "." + segment(t, nil)
	return text + "." + base64.RawURLEncoding.EncodeToString(ed25519.Sign(key(1), []byte(text)))
}

func TestKeys(t *testing.T) {
	t.Parallel()
	ctx := context.Background()

	t.Run("AskedOnceForKnownKeys", func(t *testing.T) {
		t.Parallel()
		f := newFetcher(t, key(1))
		f.knows(t, key(1), true)
		f.knows(t, key(1), true)
		f.asked(t, 1)
	})
	t.Run("NewKeyIsFoundAtOnce", func(t *testing.T) {
		t.Parallel()
		f := newFetcher(t, key(1))
		f.knows(t, key(1), true)
		f.publish(t, key(2), key(1))
		f.now = f.now.Add(time.Second)
		f.knows(t, key(2), true)
		f.asked(t, 2)
	})
	t.Run("Fault22_TheClockGoesBack", func(t *testing.T) {
		t.Parallel()
		f := newFetcher(t, key(1))
		f.knows(t, key(1), true)
		f.knows(t, key(2), false)
		f.publish(t, key(2))
		f.now = f.now.Add(-time.Hour)
		f.knows(t, key(2), true) // whoever signs in now has a token of this key
		f.publish(t, key(3))
		f.now = f.now.Add(-time.Hour)
		f.knows(t, key(2), false)
	})
	t.Run("MadeUpKidsCostOneQuestionASecond", func(t *testing.T) {
		t.Parallel()
		f := newFetcher(t, key(1))
		f.knows(t, key(1), true)
		for n := byte(10); n < 60; n++ {
			f.knows(t, key(n), false)
		}
		f.asked(t, 1)
	})
	t.Run("RetiredKeyIsForgotten", func(t *testing.T) {
		t.Parallel()
		f := newFetcher(t, key(2), key(1))
		f.knows(t, key(1), true)
		f.publish(t, key(2))
		f.now = f.now.Add(5 * time.Minute)
		f.knows(t, key(1), false)
	})
	t.Run("DroppedKeyStaysAway", func(t *testing.T) {
		t.Parallel()
		f := newFetcher(t, key(2), key(1))
		f.knows(t, key(1), true)
		f.keys.Drop(token.KeyID(token.Public(key(1))))
		f.knows(t, key(1), false)
		f.knows(t, key(2), true)
		f.now = f.now.Add(5 * time.Minute)
		f.knows(t, key(2), true) // fetched again, from somebody who still has the other
		f.knows(t, key(1), false)
	})
	t.Run("KnownKeyOutlivesAnOutage", func(t *testing.T) {
		t.Parallel()
		f := newFetcher(t, key(1))
		f.knows(t, key(1), true)
		f.err = errors.New("down")
		f.now = f.now.Add(time.Hour)
		f.knows(t, key(1), true)
	})
	t.Run("UnavailableWithoutAnyKeyAndAskedAgainLater", func(t *testing.T) {
		t.Parallel()
		f := newFetcher(t, key(1))
		f.err = errors.New("down")
		verifier := token.NewVerifier(f.keys, at(moment))
		raw := sign(t, key(1), claims())
		for range 3 {
			if _, err := verifier.Verify(ctx, raw); fault.CodeOf(err) != fault.Unavailable || errors.Is(err, token.ErrInvalid) {
				t.Fatalf("got %v", err)
			}
		}
		f.asked(t, 1)
		f.err, f.now = nil, f.now.Add(time.Second)
		if _, err := verifier.Verify(ctx, raw); err != nil {
			t.Errorf("after recovery: %v", err)
		}
	})
}

// fetcher plays the module that signs.
type fetcher struct {
	keys    *token.Keys
	now     time.Time
	encoded []byte
	err     error
	calls   int
}

func newFetcher(t *testing.T, published ...ed25519.PrivateKey) *fetcher {
	f := &fetcher{now: moment}
	f.publish(t, published...)
	f.keys = token.NewKeys(func(context.Context) ([]byte, error) {
		f.calls++
		return f.encoded, f.err
	}, func() time.Time { return f.now })
	return f
}

func (f *fetcher) publish(t *testing.T, keys ...ed25519.PrivateKey) {
	t.Helper()
	public := []ed25519.PublicKey{}
	for _, k := range keys {
		public = append(public, token.Public(k))
	}
	var err error
	if f.encoded, err = token.EncodeSet(public...); err != nil {
		t.Fatal(err)
	}
}

func (f *fetcher) knows(t *testing.T, k ed25519.PrivateKey, want bool) {
	t.Helper()
	got, err := f.keys.Key(context.Background(), token.KeyID(token.Public(k)))
	if (err == nil) != want || want && !got.Equal(token.Public(k)) {
		t.Errorf("got %x, %v", got, err)
	}
}

func (f *fetcher) asked(t *testing.T, want int) {
	t.Helper()
	if f.calls != want {
		t.Errorf("asked %d times, want %d", f.calls, want)
	}
}

func TestParseSet(t *testing.T) {
	t.Parallel()
	encoded, err := token.EncodeSet(token.Public(key(1)), token.Public(key(2)))
	if err != nil {
		t.Fatal(err)
	}
	set, err := token.ParseSet(encoded)
	if err != nil || len(set) != 2 {
		t.Fatalf("%d keys, %v", len(set), err)
	}
	x := base64.RawURLEncoding.EncodeToString(token.Public(key(1)))
	kid := token.KeyID(token.Public(key(1)))
	for name, text := range map[string]string{
		"NotJSON":        `keys`,
		"Empty":          `{"keys":[]}`,
		"OnlyOtherKinds": `{"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB","kid":"a"},{"kty":"oct","k":"c2VjcmV0","kid":"b"}]}`,
		"ForOtherUse":    `{"keys":[{"kty":"OKP","crv":"Ed25519","x":"` + x + `","kid":"` + kid + `","use":"enc"}]}`,
		"ChosenKid":      `{"keys":[{"kty":"OKP","crv":"Ed25519","x":"` + x + `","kid":"mine"}]}`,
		"ShortKey":       `{"keys":[{"kty":"OKP","crv":"Ed25519","x":"AAAA","kid":"` + kid + `"}]}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if set, err := token.ParseSet([]byte(text)); err == nil {
				t.Errorf("got %d keys", len(set))
			}
		})
	}
}

// The example of RFC 8037 appendix A.3.
func TestKeyID(t *testing.T) {
	t.Parallel()
	public, err := base64.RawURLEncoding.DecodeString("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")
	if err != nil {
		t.Fatal(err)
	}
	if got := token.KeyID(public); got != "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k" {
		t.Errorf("got %s", got)
	}
}

func TestNewSignerRefusesShortKeys(t *testing.T) {
	t.Parallel()
	if _, err := token.NewSigner(make(ed25519.PrivateKey, 32)); err == nil {
		t.Error("a seed passed for a key")
	}
}

func FuzzVerify(f *testing.F) {
	header, body := parts()
	f.Add(forge(f, key(1), header, body))
	f.Add("")
	f.Add("..")
	f.Add(segment(f, object{"alg": "none"}) + "." + segment(f, body) + ".")
	f.Add(segment(f, header) + "." + segment(f, object{"exp": 1e300, "aud": []any{1}}) + ".AAAA")
	verifier := token.NewVerifier(source(f, key(2)), at(moment)) // which has signed none of what it will see
	f.Fuzz(func(t *testing.T, raw string) {
		if got, err := verifier.Verify(context.Background(), raw); !errors.Is(err, token.ErrInvalid) || got != (token.Claims{}) {
			t.Fatalf("got %+v, %v", got, err)
		}
	})
}

func BenchmarkVerify(b *testing.B) {
	raw := sign(b, key(1), claims())
	verifier := token.NewVerifier(source(b, key(1)), at(moment))
	for b.Loop() {
		if _, err := verifier.Verify(context.Background(), raw); err != nil {
			b.Fatal(err)
		}
	}
}
