// Package notice reads what Amazon SES tells about e-mails, as Amazon SNS delivers it:
// it checks that SNS signed the message and that it is of a topic of ours, and takes
// the event apart. Nothing in a message is believed before that.
//
// Sources: Amazon SNS Developer Guide, "Verifying the signatures of Amazon SNS
// messages"; Amazon SES Developer Guide, "Contents of event data that Amazon SES
// publishes to Amazon SNS".
package notice

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Errors of Verify. Everything but ErrUnavailable is final: the same message will not
// be accepted later.
var (
	ErrMalformed = errors.New("not an SNS message")
	ErrTopic     = errors.New("not a topic of ours")
	ErrSignature = errors.New("the signature does not hold")
	ErrStale     = errors.New("too old, or from the future")
	// ErrUnavailable: the certificate could not be fetched now.
	ErrUnavailable = errors.New("the certificate cannot be had")
)

// Types of messages.
const (
	Notification = "Notification"
	Subscribe    = "SubscriptionConfirmation"
	Unsubscribe  = "UnsubscribeConfirmation"
)

// Message is what SNS posts. Fields that are not here may come and are ignored, as SNS
// asks.
type Message struct {
	Type             string
	MessageID        string `json:"MessageId"`
	TopicARN         string `json:"TopicArn"`
	Subject          *string
	Message          string
	Timestamp        string
	Token            string
	SubscribeURL     string
	SignatureVersion string
	Signature        string
	SigningCertURL   string
}

// Verifier accepts messages of pinned topics.
type Verifier struct {
	// Topics are the ARNs accepted, "arn:aws:sns:eu-central-1:123456789012:ses-events".
	Topics []string
	// Source has the certificates, and confirms subscriptions.
	Source *Source
	// MaxAge is how old a message may be.
	MaxAge time.Duration
	Now    func() time.Time
}

// ahead is how far a message may be in the future, for clocks that differ.
const ahead = 5 * time.Minute

// Verify reads a message and checks topic, age and signature.
func (v *Verifier) Verify(ctx context.Context, body []byte) (Message, error) {
	var m Message
	if err := json.Unmarshal(body, &m); err != nil {
		return m, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	region, ok := v.pinnedTopicRegion(m.TopicARN)
	if !ok {
		return m, ErrTopic
	}
	if m.MessageID == "" || len(m.MessageID) > 100 {
		return m, fmt.Errorf("%w: MessageId", ErrMalformed)
	}
	at, err := time.Parse(time.RFC3339, m.Timestamp)
	if err != nil {
		return m, fmt.Errorf("%w: Timestamp", ErrMalformed)
	}
	if age := v.Now().Sub(at); age > v.MaxAge || age < -ahead {
		return m, ErrStale
	}
	signed, err := m.signedContent()
	if err != nil {
		return m, err
	}
	if m.SignatureVersion != signatureVersion {
		return m, fmt.Errorf("%w: version: set the topic's attribute SignatureVersion to %s", ErrSignature, signatureVersion)
	}
	if err := checkURL(m.SigningCertURL, region, certPath); err != nil {
		return m, fmt.Errorf("%w: SigningCertURL: %w", ErrSignature, err)
	}
	key, err := v.Source.publicKey(ctx, m.SigningCertURL)
	if err != nil {
		return m, err
	}
	return m, verifyRSASignature(key, m.Signature, signed)
}

// pinnedTopicRegion finds the region of a topic that is pinned.
func (v *Verifier) pinnedTopicRegion(topic string) (string, bool) {
	if !slices.Contains(v.Topics, topic) {
		return "", false
	}
	return RegionOf(topic)
}

var topicShape = regexp.MustCompile(`^arn:aws[a-z-]*:sns:([a-z]{2}[a-z0-9-]{3,30}):[0-9]{12}:[A-Za-z0-9_-]{1,256}$`)

// RegionOf reads the region of a topic's ARN; false when it is none.
func RegionOf(topic string) (string, bool) {
	parts := topicShape.FindStringSubmatch(topic)
	if parts == nil {
		return "", false
	}
	return parts[1], true
}

// signedContent is what the signature covers: names and values in the order of the
// names, one a line.
func (m Message) signedContent() ([]byte, error) {
	pairs := [][2]string{{"Message", m.Message}, {"MessageId", m.MessageID}}
	switch m.Type {
	case Notification:
		if m.Subject != nil {
			pairs = append(pairs, [2]string{"Subject", *m.Subject})
		}
	case Subscribe, Unsubscribe:
		pairs = append(pairs, [2]string{"SubscribeURL", m.SubscribeURL})
	default:
		return nil, fmt.Errorf("%w: Type", ErrMalformed)
	}
	pairs = append(pairs, [2]string{"Timestamp", m.Timestamp})
	if m.Type != Notification {
		pairs = append(pairs, [2]string{"Token", m.Token})
	}
	pairs = append(pairs, [2]string{"TopicArn", m.TopicARN}, [2]string{"Type", m.Type})
	var out bytes.Buffer
	for _, p := range pairs {
		out.WriteString(p[0] + "\n" + p[1] + "\n")
	}
	return out.Bytes(), nil
}

// signatureVersion is the only one accepted: RSA over SHA-256. SNS signs with version
// 1, over SHA-1, until the attribute SignatureVersion of the topic says otherwise
// (Amazon SNS Developer Guide, "Verifying the signatures of Amazon SNS messages").
const signatureVersion = "2"

// verifyRSASignature checks an RSA signature of version 2.
func verifyRSASignature(key *rsa.PublicKey, signature string, signed []byte) error {
	raw, err := base64.StdEncoding.Strict().DecodeString(signature)
	if err != nil {
		return ErrSignature
	}
	sum := sha256.Sum256(signed)
	if rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], raw) != nil {
		return ErrSignature
	}
	return nil
}

var certPath = regexp.MustCompile(`^/SimpleNotificationService-[0-9a-f]{16,64}\.pem$`)

// checkURL accepts only what the region's own SNS publishes, over TLS.
func checkURL(raw, region string, path *regexp.Regexp) error {
	u, err := url.Parse(raw)
	if err != nil || u.Scheme != "https" || u.User != nil || u.Fragment != "" || u.Opaque != "" || u.Port() != "" {
		return errors.New("not a plain https URL")
	}
	host := "sns." + region + ".amazonaws.com"
	if strings.HasPrefix(region, "cn-") {
		host += ".cn"
	}
	if u.Host != host {
		return errors.New("not the SNS of the topic's region")
	}
	if !path.MatchString(u.Path) || u.RawPath != "" {
		return errors.New("not a path that SNS uses")
	}
	return nil
}
