package teachertest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/big"
	"path/filepath"
	"strings"
	"time"

	"github.com/cubeset/cubeset/sdk/checklist"
)

// handshake is what the one line says.
type handshake struct {
	socket      string
	certificate *x509.Certificate
}

// readHandshake reads CORE|VERSION|unix|PATH|grpc|CERTIFICATE; folder is where
// the socket has to be.
func readHandshake(line, folder string) (handshake, error) {
	const print = "print 1|1|unix|PATH|grpc|CERTIFICATE, and nothing before it"
	f := strings.Split(line, "|")
	if len(f) != 6 {
		return handshake{}, checklist.Broke(print, "the handshake line has %d fields, want 6: %s", len(f), quoted(line))
	}
	for i, want := range []string{"1", "1", "unix", "", "grpc", ""} {
		if want != "" && f[i] != want {
			return handshake{}, checklist.Broke(print, "field %d of the handshake line is %s, want %s", i+1, quoted(f[i]), want)
		}
	}
	if !filepath.IsAbs(f[3]) || filepath.Dir(filepath.Clean(f[3])) != filepath.Clean(folder) {
		return handshake{}, checklist.Broke("make the socket in the folder that PLUGIN_UNIX_SOCKET_DIR names: it is private and is removed at the end",
			"the socket is %s, which is not in PLUGIN_UNIX_SOCKET_DIR", quoted(f[3]))
	}
	der, err := base64.RawStdEncoding.Strict().DecodeString(f[5])
	if err != nil {
		return handshake{}, checklist.Broke("encode the certificate as standard base64 without padding, on the same line", "the certificate is no base64: %v", err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		return handshake{}, checklist.Broke("put the certificate's DER on the line, not PEM, and not the key", "the certificate cannot be read: %s", quoted(err.Error()))
	}
	if err := c.VerifyHostname("localhost"); err != nil {
		return handshake{}, checklist.Broke("give the certificate the DNS name localhost", "the certificate is not for localhost")
	}
	return handshake{f[3], c}, nil
}

// identity is a certificate with its key, made for one connection.
type identity struct {
	tls.Certificate
	pem string
}

// newIdentity makes what a host makes: P-256, self-signed, for localhost.
func newIdentity() (identity, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return identity{}, err
	}
	now := time.Now()
	c := &x509.Certificate{
		Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"}, SerialNumber: big.NewInt(now.UnixNano()),
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth},
		IsCA:        true, BasicConstraintsValid: true,
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(24 * time.Hour), // a clock may step back
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		return identity{}, fmt.Errorf("certificate: %w", err)
	}
	return identity{
		tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key},
		string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})),
	}, nil
}

// config trusts the certificate of h alone and shows own, if it is not nil.
func (h handshake) config(own *identity) *tls.Config {
	c := &tls.Config{RootCAs: x509.NewCertPool(), ServerName: "localhost", MinVersion: tls.VersionTLS13}
	c.RootCAs.AddCert(h.certificate)
	if own != nil {
		c.Certificates = []tls.Certificate{own.Certificate}
	}
	return c
}
