package database_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"app/platform/database"
	"app/platform/database/dbtest"
)

// Connections are encrypted as the location says, and the server is verified where it
// says so.
func TestMySQLOverTLS(t *testing.T) {
	t.Parallel()
	cert, key := certificate(t, t.TempDir())
	secure := dbtest.Start(t, "--ssl-cert="+cert, "--ssl-key="+key).Account(t, "orders", grants)
	plain := dbtest.Start(t).Account(t, "orders", grants)
	for name, c := range map[string]struct {
		location  string
		encrypted bool
		refused   string // part of the error; empty: it opens
	}{
		"verified":                {secure + "?tls=true&ca=" + cert, true, ""},
		"authority alone":         {secure + "?ca=" + cert, true, ""},
		"unknown authority":       {secure + "?tls=true", false, "certificate"},
		"another name":            {strings.Replace(secure, "127.0.0.1", "localhost", 1) + "?tls=true&ca=" + cert, false, "certificate"},
		"not verified":            {secure + "?tls=skip-verify", true, ""},
		"preferred, and offered":  {secure + "?tls=preferred", true, ""},
		"preferred, not offered":  {plain + "?tls=preferred", false, ""},
		"demanded, not offered":   {plain + "?tls=true&ca=" + cert, false, "TLS"},
		"not asked for":           {secure, false, ""},
		"authority without a PEM": {secure + "?tls=true&ca=" + key, false, "holds no certificate"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db, err := database.Open(t.Context(), database.Options{Module: "orders", URL: c.location})
			if c.refused != "" {
				if err == nil || !strings.Contains(err.Error(), c.refused) {
					t.Errorf("opened with %v, want it refused for its %s", err, c.refused)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = db.Close() }()
			var variable, cipher string
			err = db.Read(t.Context(), func(ctx context.Context, q *database.Tx) error {
				return q.QueryRow(ctx, "SHOW STATUS LIKE 'Ssl_cipher'").Scan(&variable, &cipher)
			})
			if err != nil || (cipher != "") != c.encrypted {
				t.Errorf("cipher %q, %v; encrypted: want %t", cipher, err, c.encrypted)
			}
		})
	}
}

// certificate makes one that signs itself, for 127.0.0.1, and gives the paths of it and
// of its key.
func certificate(t *testing.T, dir string) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	signed, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for path, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: signed}, key: {Type: "PRIVATE KEY", Bytes: secret}} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return cert, key
}
