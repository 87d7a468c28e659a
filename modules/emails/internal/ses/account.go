package ses

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/aws/aws-sdk-go-v2/service/sesv2/types"
)

// Check implements email.Checker: it learns the account's quota and asks whether
// the sender is verified.
func (t *Transport) Check(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, t.Timeout)
	defer cancel()
	account, err := t.client.getAccount(ctx, &sesv2.GetAccountInput{})
	if err != nil {
		return fmt.Errorf("read the SES account: %w", err)
	}
	if q := account.SendQuota; q != nil {
		t.pace.updateQuota(q.MaxSendRate, q.Max24HourSend, q.SentLast24Hours)
	}
	if !account.SendingEnabled {
		return fmt.Errorf("the SES account may not send: %s", aws.ToString(account.EnforcementStatus))
	}
	return t.checkSender(ctx)
}

// checkSender looks for a verified identity that covers the sender: its address, its
// domain, or a domain above.
func (t *Transport) checkSender(ctx context.Context) error {
	for _, identity := range identityCandidates(t.Sender.From.Address) {
		found, err := t.client.getEmailIdentity(ctx, &sesv2.GetEmailIdentityInput{EmailIdentity: aws.String(identity)})
		var missing *types.NotFoundException
		switch {
		case errors.As(err, &missing):
		case err != nil:
			return fmt.Errorf("read the SES identity %s: %w", identity, err)
		case found.VerifiedForSendingStatus:
			return nil
		default:
			return fmt.Errorf("SES has not verified %s yet (%s); `app emails verify-identity` prints the DNS records", identity, found.VerificationStatus)
		}
	}
	return fmt.Errorf("SES knows no identity for %s; `app emails verify-identity` creates it", t.Sender.From.Address)
}

// identityCandidates are those that cover an address, the closest first.
func identityCandidates(address string) []string {
	domain := address[strings.LastIndexByte(address, '@')+1:]
	out := []string{address}
	for strings.Contains(domain, ".") {
		out = append(out, domain)
		_, domain, _ = strings.Cut(domain, ".")
	}
	return out
}

// Record is a DNS record.
type Record struct{ Name, Type, Value string }

// Identity is the sender's domain as SES sees it.
type Identity struct {
	Domain   string
	Verified bool
	Records  []Record // to be put into the domain's zone, for DKIM
}

// VerifyIdentity creates the identity of the sender's domain, unless it is there, and
// tells what is to be done for it.
func (t *Transport) VerifyIdentity(ctx context.Context) (Identity, error) {
	domain := t.Sender.Domain()
	created, err := t.client.createEmailIdentity(ctx, &sesv2.CreateEmailIdentityInput{EmailIdentity: aws.String(domain)})
	var exists *types.AlreadyExistsException
	if errors.As(err, &exists) {
		found, err := t.client.getEmailIdentity(ctx, &sesv2.GetEmailIdentityInput{EmailIdentity: aws.String(domain)})
		if err != nil {
			return Identity{}, fmt.Errorf("read the SES identity %s: %w", domain, err)
		}
		return Identity{domain, found.VerifiedForSendingStatus, dkimRecords(domain, found.DkimAttributes)}, nil
	}
	if err != nil {
		return Identity{}, fmt.Errorf("create the SES identity %s: %w", domain, err)
	}
	return Identity{domain, created.VerifiedForSendingStatus, dkimRecords(domain, created.DkimAttributes)}, nil
}

// dkimRecords are the CNAMEs of Easy DKIM.
func dkimRecords(domain string, dkim *types.DkimAttributes) (out []Record) {
	if dkim == nil {
		return nil
	}
	zone := aws.ToString(dkim.SigningHostedZone)
	if zone == "" {
		zone = "dkim.amazonses.com"
	}
	for _, token := range dkim.Tokens {
		out = append(out, Record{token + "._domainkey." + domain, "CNAME", token + "." + zone})
	}
	return out
}
