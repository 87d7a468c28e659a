package emailstest

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1" //nolint:gosec // as SNS does until a topic is told otherwise
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// SNSHost is where the SNS of SESRegion is, and SNSTopic a topic there.
const (
	SNSHost  = "sns." + SESRegion + ".amazonaws.com"
	SNSTopic = "arn:aws:sns:" + SESRegion + ":123456789012:ses-events"
	certPath = "/SimpleNotificationService-0123456789abcdef0123456789abcdef.pem"
)

// SNS is Amazon SNS as far as the receiver of its messages sees it: it signs them, and
// has the certificate and the confirmation of subscriptions at its own host name, over
// TLS of a private authority.
type SNS struct {
	// Network leads to it whatever host is asked for; Asked lists those hosts.
	Network http.RoundTripper
	*Signer

	mu        sync.Mutex
	cert      []byte
	asked     []string
	confirmed []string
	fetches   int
}

// NewSNS starts one; it ends with the test.
func NewSNS(t testing.TB) *SNS {
	t.Helper()
	ca := NewCA(t)
	key, cert := ca.Signing(t, 2048, time.Now().Add(-time.Hour), time.Now().Add(time.Hour))
	s := &SNS{Signer: &Signer{t: t, key: key}, cert: cert}
	server := httptest.NewUnstartedServer(http.HandlerFunc(s.serveSNS))
	server.TLS = &tls.Config{Certificates: []tls.Certificate{ca.Issue(t, SNSHost)}, MinVersion: tls.VersionTLS12}
	server.StartTLS()
	t.Cleanup(server.Close)
	network := &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: ca.Pool, MinVersion: tls.VersionTLS12},
		DialContext: func(ctx context.Context, kind, address string) (net.Conn, error) {
			s.mu.Lock()
			s.asked = append(s.asked, address)
			s.mu.Unlock()
			return (&net.Dialer{}).DialContext(ctx, kind, server.Listener.Addr().String())
		},
	}
	t.Cleanup(network.CloseIdleConnections)
	s.Network = network
	return s
}

func (s *SNS) serveSNS(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case r.URL.Path == certPath:
		s.fetches++
		_, _ = w.Write(s.cert)
	case r.URL.Query().Get("Action") == "ConfirmSubscription":
		s.confirmed = append(s.confirmed, r.URL.Query().Get("TopicArn"))
		_, _ = fmt.Fprint(w, "<ConfirmSubscriptionResponse/>")
	default:
		http.NotFound(w, r)
	}
}

// SetCertificate replaces what is served as certificate.
func (s *SNS) SetCertificate(pem []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cert = pem
}

// Seen tells which hosts were connected to, which topics were confirmed, and how often
// the certificate was fetched.
func (s *SNS) Seen() (asked, confirmed []string, fetches int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.asked), slices.Clone(s.confirmed), s.fetches
}

// Signer signs messages as SNS does. Any number of tests may use it at once.
type Signer struct {
	t       testing.TB
	key     *rsa.PrivateKey
	counter atomic.Int64
}

// NewSigner makes a signer with a key of the test's own, in PEM (PKCS #8).
func NewSigner(t testing.TB, pemKey []byte) *Signer {
	t.Helper()
	block, _ := pem.Decode(pemKey)
	if block == nil {
		t.Fatal("no PEM")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	key, ok := parsed.(*rsa.PrivateKey)
	if !ok {
		t.Fatalf("no RSA key: %v", err)
	}
	return &Signer{t: t, key: key}
}

// Notification makes a message about an e-mail, dated at, with an id of its own.
func (s *Signer) Notification(text string, at time.Time) map[string]string {
	return map[string]string{
		"Type": "Notification", "MessageId": fmt.Sprintf("22b80b92-fdea-4c2c-8f9d-bdfb0c7b%04d", s.counter.Add(1)), "TopicArn": SNSTopic,
		"Message": text, "Timestamp": at.UTC().Format("2006-01-02T15:04:05.000Z"), "SignatureVersion": "2",
		"SigningCertURL": "https://" + SNSHost + certPath, "UnsubscribeURL": "https://" + SNSHost + "/?Action=Unsubscribe",
	}
}

// Subscription makes the message that asks to confirm a subscription.
func (s *Signer) Subscription(at time.Time) map[string]string {
	m := s.Notification("You have chosen to subscribe.", at)
	m["Type"], m["Token"] = "SubscriptionConfirmation", "2336412f37"
	m["SubscribeURL"] = "https://" + SNSHost + "/?Action=ConfirmSubscription&TopicArn=" + SNSTopic + "&Token=2336412f37"
	return m
}

// Sign signs a message and gives the bytes that SNS posts: version 2, unless the
// message says that it is of version 1, as a topic's are that nobody has told
// otherwise. What is changed afterwards is forged.
func (s *Signer) Sign(m map[string]string) []byte {
	names := []string{"Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"}
	if m["Type"] != "Notification" {
		names = []string{"Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"}
	}
	var text strings.Builder
	for _, name := range names {
		if value, ok := m[name]; ok {
			text.WriteString(name + "\n" + value + "\n")
		}
	}
	sum, kind := sha256.Sum256([]byte(text.String())), crypto.SHA256
	digest := sum[:]
	if m["SignatureVersion"] == "1" {
		old := sha1.Sum([]byte(text.String())) //nolint:gosec // see the import
		digest, kind = old[:], crypto.SHA1
	}
	signature, err := rsa.SignPKCS1v15(rand.Reader, s.key, kind, digest)
	if err != nil {
		s.t.Fatal(err)
	}
	m["Signature"] = base64.StdEncoding.EncodeToString(signature)
	return Encode(m)
}

// Encode writes a message as it is, without signing it anew.
func Encode(m map[string]string) []byte {
	out, _ := json.Marshal(m) // strings always encode
	return out
}

// Bounce is the event of a bounce of the type ("Permanent", "Transient") of an e-mail,
// for the addresses. SES's own message id may be empty.
func Bounce(kind, emailID string, addresses ...string) string {
	var list []map[string]any
	for _, a := range addresses {
		list = append(list, map[string]any{"emailAddress": a, "action": "failed", "status": "5.1.1", "diagnosticCode": "smtp; 550 5.1.1 no such user"})
	}
	return sesEventJSON("Bounce", emailID, map[string]any{"bounce": map[string]any{
		"bounceType": kind, "bounceSubType": "General", "bouncedRecipients": list, "feedbackId": "0100", "reportingMTA": "dns; mx.example",
	}})
}

// Complaint is the event of a complaint about an e-mail.
func Complaint(feedback, emailID string, addresses ...string) string {
	var list []map[string]any
	for _, a := range addresses {
		list = append(list, map[string]any{"emailAddress": a})
	}
	return sesEventJSON("Complaint", emailID, map[string]any{"complaint": map[string]any{
		"complainedRecipients": list, "complaintFeedbackType": feedback, "userAgent": "Example Corp Feedback Loop (V0.01)",
	}})
}

// Event is another event of an e-mail: "Send", "Delivery", "Reject", "Rendering
// Failure".
func Event(kind, emailID string) string {
	return sesEventJSON(kind, emailID, map[string]any{"send": map[string]any{}, "reject": map[string]any{"reason": "Bad content"}})
}

func sesEventJSON(kind, emailID string, more map[string]any) string {
	m := map[string]any{"eventType": kind, "somethingNew": []int{1, 2}, "mail": map[string]any{
		"timestamp": "2026-03-01T12:00:00.000Z", "source": "shop@example.com", "messageId": "ses-" + emailID, "destination": []string{"ada@example.com"},
		"headersTruncated": false, "tags": map[string][]string{"letter_id": {emailID}, "ses:configuration-set": {"shop-events"}},
	}}
	for name, value := range more {
		m[name] = value
	}
	out, _ := json.Marshal(m) // plain data always encodes
	return string(out)
}
