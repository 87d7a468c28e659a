package emailstest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// credentials are whom the fake Amazon knows.
type credentials struct{ id, secret, region, service string }

// verifySignature recomputes the Signature Version 4 of a request and compares (AWS
// General Reference, "Create a signed AWS API request"). Everything that decides what
// the request does has to be signed.
func (c credentials) verifySignature(r *http.Request, body []byte, now time.Time) error {
	fields, ok := strings.CutPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 ")
	if !ok {
		return errors.New("no Signature Version 4")
	}
	parts := map[string]string{}
	for field := range strings.SplitSeq(fields, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(field), "=")
		parts[name] = value
	}
	stamp := r.Header.Get("X-Amz-Date")
	at, err := time.Parse("20060102T150405Z", stamp)
	if err != nil || now.Sub(at).Abs() > 5*time.Minute {
		return fmt.Errorf("X-Amz-Date %q", stamp)
	}
	scope := strings.Join([]string{stamp[:8], c.region, c.service, "aws4_request"}, "/")
	if parts["Credential"] != c.id+"/"+scope {
		return fmt.Errorf("credential %q", parts["Credential"])
	}
	signed := strings.Split(parts["SignedHeaders"], ";")
	for _, name := range []string{"host", "x-amz-date"} {
		if !slices.Contains(signed, name) {
			return fmt.Errorf("%s is not signed", name)
		}
	}
	text := strings.Join([]string{"AWS4-HMAC-SHA256", stamp, scope, hexSHA256([]byte(canonicalRequest(r, signed, body)))}, "\n")
	key := []byte("AWS4" + c.secret)
	for part := range strings.SplitSeq(scope, "/") {
		key = hmacSHA256(key, part)
	}
	if want := hex.EncodeToString(hmacSHA256(key, text)); !hmac.Equal([]byte(want), []byte(parts["Signature"])) {
		return errors.New("the signature does not match")
	}
	return nil
}

// canonicalRequest is the request in the form that is signed.
func canonicalRequest(r *http.Request, signed []string, body []byte) string {
	var headers strings.Builder
	for _, name := range signed {
		value := strings.Join(r.Header.Values(name), ",")
		switch name {
		case "host":
			value = r.Host
		case "content-length":
			value = fmt.Sprint(r.ContentLength)
		}
		headers.WriteString(name + ":" + strings.Join(strings.Fields(value), " ") + "\n")
	}
	var path []string
	for segment := range strings.SplitSeq(r.URL.EscapedPath(), "/") {
		path = append(path, strings.ReplaceAll(url.QueryEscape(segment), "+", "%20")) // escaped a second time
	}
	return strings.Join([]string{
		r.Method, strings.Join(path, "/"), strings.ReplaceAll(r.URL.Query().Encode(), "+", "%20"), headers.String(), strings.Join(signed, ";"), hexSHA256(body),
	}, "\n")
}

func hexSHA256(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

func hmacSHA256(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}
