package notice

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"sync"
	"time"
)

// Source fetches from SNS what a message points to. The hosts are pinned by Verifier
// before it is asked.
type Source struct {
	client *http.Client
	now    func() time.Time

	mu      sync.Mutex
	certs   map[string]fetched
	fetches []time.Time // of the last minute
}

// fetched is what came of fetching a certificate: kept either way, so that a message
// repeated a thousand times costs one request.
type fetched struct {
	key     *rsa.PublicKey
	err     error
	expires time.Time
}

// Bounds of what strangers can have this process fetch.
const (
	certLife     = 24 * time.Hour
	failureLife  = 10 * time.Second // SNS tries again after 20
	maxCerts     = 64
	maxFetches   = 30 // a minute
	maxCertBytes = 32 << 10
	patience     = 5 * time.Second
)

// NewSource makes a source over a round tripper: http.DefaultTransport, or in tests one
// that knows another network. No redirect is followed.
func NewSource(network http.RoundTripper, now func() time.Time) *Source {
	client := &http.Client{Transport: network, Timeout: patience, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}
	return &Source{client: client, now: now, certs: map[string]fetched{}}
}

// publicKey gives the public key of the certificate at an address.
func (s *Source) publicKey(ctx context.Context, address string) (*rsa.PublicKey, error) {
	s.mu.Lock()
	known, ok := s.certs[address]
	s.mu.Unlock()
	if ok && s.now().Before(known.expires) {
		return known.key, known.err
	}
	if !s.mayFetch() {
		return nil, ErrUnavailable
	}
	key, notAfter, err := s.fetchPublicKey(ctx, address)
	f := fetched{key, err, s.now().Add(certLife)}
	if err != nil {
		f.expires = s.now().Add(failureLife)
	} else if notAfter.Before(f.expires) {
		f.expires = notAfter
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.certs) >= maxCerts {
		clear(s.certs)
	}
	s.certs[address] = f
	return key, err
}

// mayFetch counts the requests of the last minute.
func (s *Source) mayFetch() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	since := s.now().Add(-time.Minute)
	for len(s.fetches) > 0 && s.fetches[0].Before(since) {
		s.fetches = s.fetches[1:]
	}
	if len(s.fetches) >= maxFetches {
		return false
	}
	s.fetches = append(s.fetches, s.now())
	return true
}

func (s *Source) fetchPublicKey(ctx context.Context, address string) (*rsa.PublicKey, time.Time, error) {
	body, err := s.downloadCertificate(ctx, address)
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	block, _ := pem.Decode(body)
	if block == nil || block.Type != "CERTIFICATE" {
		return nil, time.Time{}, fmt.Errorf("%w: no certificate", ErrSignature)
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("%w: %w", ErrSignature, err)
	}
	key, ok := cert.PublicKey.(*rsa.PublicKey)
	if !ok || key.Size() < 256 {
		return nil, time.Time{}, fmt.Errorf("%w: weak key", ErrSignature)
	}
	if now := s.now(); now.Before(cert.NotBefore) || now.After(cert.NotAfter) {
		return nil, time.Time{}, fmt.Errorf("%w: the certificate is not valid now", ErrSignature)
	}
	return key, cert.NotAfter, nil
}

func (s *Source) downloadCertificate(ctx context.Context, address string) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return nil, err
	}
	reply, err := s.client.Do(r)
	if err != nil {
		return nil, err
	}
	defer reply.Body.Close()
	if reply.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answered %d", r.URL.Host, reply.StatusCode)
	}
	return io.ReadAll(io.LimitReader(reply.Body, maxCertBytes))
}

var rootPath = regexp.MustCompile(`^/?$`)

// Confirm confirms a subscription that Verify accepted: its topic is pinned, and so is
// where its address may lead. Errors: ErrMalformed; ErrUnavailable.
func (s *Source) Confirm(ctx context.Context, m Message) error {
	region, ok := RegionOf(m.TopicARN)
	if !ok || m.Type != Subscribe {
		return ErrMalformed
	}
	if err := checkURL(m.SubscribeURL, region, rootPath); err != nil {
		return fmt.Errorf("%w: SubscribeURL: %w", ErrMalformed, err)
	}
	u, err := url.Parse(m.SubscribeURL)
	if err != nil {
		return ErrMalformed
	}
	q := u.Query()
	if q.Get("Action") != "ConfirmSubscription" || q.Get("TopicArn") != m.TopicARN || q.Get("Token") == "" {
		return fmt.Errorf("%w: SubscribeURL: %w", ErrMalformed, errors.New("does not confirm this subscription"))
	}
	if _, err := s.downloadCertificate(ctx, m.SubscribeURL); err != nil {
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return nil
}
