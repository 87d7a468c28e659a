package notice_test

import (
	"context"
	"errors"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"app/modules/emails/emailstest"
	"app/modules/emails/internal/notice"
)

func newVerifier(sns *emailstest.SNS) *notice.Verifier {
	return &notice.Verifier{
		Topics: []string{emailstest.SNSTopic}, Source: notice.NewSource(sns.Network, time.Now), MaxAge: time.Hour, Now: time.Now,
	}
}

func TestVerify(t *testing.T) {
	t.Parallel()
	sns := emailstest.NewSNS(t)
	v := newVerifier(sns)
	for name, change := range map[string]func(map[string]string){
		"Version2":      func(map[string]string) {},
		"WithSubject":   func(m map[string]string) { m["Subject"] = "Amazon SES Email Event Notification" },
		"EmptySubject":  func(m map[string]string) { m["Subject"] = "" },
		"UnknownFields": func(m map[string]string) { m["SequenceNumber"] = "10000000000000003000" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := sns.Notification("{}", time.Now())
			change(m)
			got, err := v.Verify(context.Background(), sns.Sign(m))
			if err != nil || got.Message != "{}" || got.MessageID != m["MessageId"] {
				t.Errorf("%+v, %v", got, err)
			}
		})
	}
	t.Cleanup(func() {
		if asked, _, fetches := sns.Seen(); len(asked) == 0 || asked[0] != emailstest.SNSHost+":443" || fetches > 5 {
			t.Errorf("asked %v, %d fetches", asked, fetches)
		}
	})
}

// SHA-1 has collisions that anybody can afford, so version 1 is refused though its
// signature holds, and before a certificate is fetched for it.
func TestFault32_SNSSignatureVersion1(t *testing.T) {
	t.Parallel()
	sns := emailstest.NewSNS(t)
	v := newVerifier(sns)
	for _, m := range []map[string]string{sns.Notification("{}", time.Now()), sns.Subscription(time.Now())} {
		m["SignatureVersion"] = "1"
		if _, err := v.Verify(context.Background(), sns.Sign(m)); !errors.Is(err, notice.ErrSignature) {
			t.Errorf("%s of version 1: %v", m["Type"], err)
		}
	}
	if _, _, fetches := sns.Seen(); fetches != 0 {
		t.Errorf("%d certificates were fetched", fetches)
	}
}

func TestFailure35_ForgedNotice(t *testing.T) {
	t.Parallel()
	sns := emailstest.NewSNS(t)
	v := newVerifier(sns)
	set := func(name, value string) func(map[string]string) { return func(m map[string]string) { m[name] = value } }
	for name, tc := range map[string]struct {
		before, after func(map[string]string) // the signature is made
		want          error
	}{
		"ForeignTopic":        {before: set("TopicArn", "arn:aws:sns:eu-central-1:666666666666:ses-events"), want: notice.ErrTopic},
		"TopicChanged":        {after: set("TopicArn", "arn:aws:sns:eu-central-1:666666666666:ses-events"), want: notice.ErrTopic},
		"NoTopic":             {before: set("TopicArn", ""), want: notice.ErrTopic},
		"MessageChanged":      {after: set("Message", `{"eventType":"Bounce"}`), want: notice.ErrSignature},
		"SubjectAdded":        {after: set("Subject", "x"), want: notice.ErrSignature},
		"IdChanged":           {after: set("MessageId", "another"), want: notice.ErrSignature},
		"NoId":                {before: set("MessageId", ""), want: notice.ErrMalformed},
		"LongId":              {before: set("MessageId", strings.Repeat("x", 101)), want: notice.ErrMalformed},
		"Stale":               {before: set("Timestamp", time.Now().Add(-61*time.Minute).UTC().Format(time.RFC3339)), want: notice.ErrStale},
		"FromTheFuture":       {before: set("Timestamp", time.Now().Add(10*time.Minute).UTC().Format(time.RFC3339)), want: notice.ErrStale},
		"NoTime":              {before: set("Timestamp", "yesterday"), want: notice.ErrMalformed},
		"UnknownType":         {before: set("Type", "Advertisement"), want: notice.ErrMalformed},
		"UnknownVersion":      {after: set("SignatureVersion", "3"), want: notice.ErrSignature},
		"VersionChanged":      {after: set("SignatureVersion", "1"), want: notice.ErrSignature},
		"NoSignature":         {after: set("Signature", ""), want: notice.ErrSignature},
		"NotBase64":           {after: set("Signature", "%%%"), want: notice.ErrSignature},
		"CertElsewhere":       {before: set("SigningCertURL", "https://evil.example/SimpleNotificationService-0123456789abcdef.pem"), want: notice.ErrSignature},
		"CertOfOtherRegion":   {before: set("SigningCertURL", "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem"), want: notice.ErrSignature},
		"CertBySuffix":        {before: set("SigningCertURL", "https://sns.eu-central-1.amazonaws.com.evil.example/SimpleNotificationService-0123456789abcdef.pem"), want: notice.ErrSignature},
		"CertByUser":          {before: set("SigningCertURL", "https://sns.eu-central-1.amazonaws.com@evil.example/SimpleNotificationService-0123456789abcdef.pem"), want: notice.ErrSignature},
		"CertByPort":          {before: set("SigningCertURL", "https://sns.eu-central-1.amazonaws.com:8443/SimpleNotificationService-0123456789abcdef.pem"), want: notice.ErrSignature},
		"CertInTheClear":      {before: set("SigningCertURL", "http://sns.eu-central-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem"), want: notice.ErrSignature},
		"CertAtAnotherPath":   {before: set("SigningCertURL", "https://sns.eu-central-1.amazonaws.com/mine.pem"), want: notice.ErrSignature},
		"CertByTraversal":     {before: set("SigningCertURL", "https://sns.eu-central-1.amazonaws.com/x/..%2fSimpleNotificationService-0123456789abcdef.pem"), want: notice.ErrSignature},
		"CertThatIsNotThere":  {before: set("SigningCertURL", "https://sns.eu-central-1.amazonaws.com/SimpleNotificationService-ffffffffffffffff.pem"), want: notice.ErrUnavailable},
		"ConfirmationPosing":  {after: set("Type", "SubscriptionConfirmation"), want: notice.ErrSignature},
		"SignedByAnybodyElse": {after: set("Signature", "c2lnbmF0dXJl"), want: notice.ErrSignature},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := maps.Clone(sns.Notification("{}", time.Now()))
			if tc.before != nil {
				tc.before(m)
			}
			body := sns.Sign(m)
			if tc.after != nil {
				tc.after(m)
				body = emailstest.Encode(m)
			}
			if _, err := v.Verify(context.Background(), body); !errors.Is(err, tc.want) {
				t.Errorf("got %v, want %v", err, tc.want)
			}
		})
	}
	t.Cleanup(func() {
		asked, _, _ := sns.Seen()
		for _, host := range asked {
			if host != emailstest.SNSHost+":443" {
				t.Errorf("%s was asked for a certificate", host)
			}
		}
	})
	for _, body := range []string{"", "null", "[]", "{", `{"Type":1}`} {
		if _, err := v.Verify(context.Background(), []byte(body)); !errors.Is(err, notice.ErrMalformed) && !errors.Is(err, notice.ErrTopic) {
			t.Errorf("%q: %v", body, err)
		}
	}
}

func TestCertificates(t *testing.T) {
	t.Parallel()
	ca := emailstest.NewCA(t)
	_, weak := ca.Signing(t, 1024, time.Now().Add(-time.Hour), time.Now().Add(time.Hour))
	_, old := ca.Signing(t, 2048, time.Now().Add(-2*time.Hour), time.Now().Add(-time.Hour))
	_, foreign := ca.Signing(t, 2048, time.Now().Add(-time.Hour), time.Now().Add(time.Hour))
	for name, pem := range map[string][]byte{"Weak": weak, "Expired": old, "Foreign": foreign, "None": []byte("hello"), "NotACertificate": ca.PEM[:40]} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sns := emailstest.NewSNS(t)
			sns.SetCertificate(pem)
			v := newVerifier(sns)
			body := sns.Sign(sns.Notification("{}", time.Now()))
			for range 3 {
				if _, err := v.Verify(context.Background(), body); !errors.Is(err, notice.ErrSignature) {
					t.Errorf("got %v", err)
				}
			}
			if _, _, fetches := sns.Seen(); fetches != 1 {
				t.Errorf("the certificate was fetched %d times", fetches)
			}
		})
	}
}

func TestConfirm(t *testing.T) {
	t.Parallel()
	sns := emailstest.NewSNS(t)
	v := newVerifier(sns)
	confirm := func(m map[string]string) error {
		verified, err := v.Verify(context.Background(), sns.Sign(m))
		if err != nil {
			return err
		}
		return v.Source.Confirm(context.Background(), verified)
	}
	if err := confirm(sns.Subscription(time.Now())); err != nil {
		t.Fatal(err)
	}
	for name, url := range map[string]string{
		"Elsewhere":    "https://evil.example/?Action=ConfirmSubscription&TopicArn=" + emailstest.SNSTopic + "&Token=1",
		"InTheClear":   "http://" + emailstest.SNSHost + "/?Action=ConfirmSubscription&TopicArn=" + emailstest.SNSTopic + "&Token=1",
		"OtherAction":  "https://" + emailstest.SNSHost + "/?Action=DeleteTopic&TopicArn=" + emailstest.SNSTopic + "&Token=1",
		"OtherTopic":   "https://" + emailstest.SNSHost + "/?Action=ConfirmSubscription&TopicArn=arn:aws:sns:eu-central-1:1:x&Token=1",
		"NoToken":      "https://" + emailstest.SNSHost + "/?Action=ConfirmSubscription&TopicArn=" + emailstest.SNSTopic,
		"OtherRegion":  "https://sns.us-east-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn=" + emailstest.SNSTopic + "&Token=1",
		"NotAnAddress": "::",
	} {
		m := sns.Subscription(time.Now())
		m["SubscribeURL"] = url
		if err := confirm(m); !errors.Is(err, notice.ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if asked, confirmed, _ := sns.Seen(); len(confirmed) != 1 || confirmed[0] != emailstest.SNSTopic || strings.Contains(strings.Join(asked, " "), "evil") {
		t.Errorf("asked %v, confirmed %v", asked, confirmed)
	}
}

func TestParseEvent(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		text string
		want notice.Event
	}{
		"ManyRecipients": {
			emailstest.Bounce("Permanent", "ltr_1", "a@example.com", "<b@example.com>", "Carl <c@example.com>", "not an address"),
			notice.Event{
				Kind: notice.Bounce, EmailID: "ltr_1", MessageID: "ses-ltr_1", Permanent: true, Detail: "smtp; 550 5.1.1 no such user",
				Recipients: []string{"a@example.com", "b@example.com", "c@example.com"},
			},
		},
		"Transient": {
			emailstest.Bounce("Transient", "ltr_1"),
			notice.Event{Kind: notice.Bounce, EmailID: "ltr_1", MessageID: "ses-ltr_1", Detail: "Transient General"},
		},
		"Complaint": {
			emailstest.Complaint("abuse", "ltr_1", "a@example.com"),
			notice.Event{Kind: notice.Complaint, EmailID: "ltr_1", MessageID: "ses-ltr_1", Permanent: true, Detail: "abuse", Recipients: []string{"a@example.com"}},
		},
		"NotSpamAfterAll": {
			emailstest.Complaint("not-spam", "ltr_1", "a@example.com"),
			notice.Event{Kind: notice.Complaint, EmailID: "ltr_1", MessageID: "ses-ltr_1", Detail: "not-spam", Recipients: []string{"a@example.com"}},
		},
		"Reject": {emailstest.Event("Reject", "ltr_1"), notice.Event{Kind: notice.Reject, EmailID: "ltr_1", MessageID: "ses-ltr_1", Detail: "Bad content"}},
		"OfAnIdentity": {
			`{"notificationType":"Bounce","bounce":{"bounceType":"Permanent","bouncedRecipients":[{"emailAddress":"a@example.com"}]},"mail":{"messageId":"m1"}}`,
			notice.Event{Kind: notice.Bounce, MessageID: "m1", Permanent: true, Detail: "Permanent", Recipients: []string{"a@example.com"}},
		},
		"UnknownKind": {`{"eventType":"Teleported","mail":{"messageId":"m1"}}`, notice.Event{Kind: notice.Other}},
		"NewTopic":    {"Successfully validated SNS topic for Amazon SES event publishing.", notice.Event{Kind: notice.Other}},
		"TwoTags":     {`{"eventType":"Send","mail":{"messageId":"m1","tags":{"letter_id":["a","b"]}}}`, notice.Event{Kind: notice.Send, MessageID: "m1"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := notice.ParseEvent(tc.text, "letter_id")
			if diff := cmp.Diff(tc.want, got); err != nil || diff != "" {
				t.Errorf("%v (-want +got)\n%s", err, diff)
			}
		})
	}
	if _, err := notice.ParseEvent(`{"eventType":{}}`, "letter_id"); !errors.Is(err, notice.ErrMalformed) {
		t.Errorf("an event that cannot be read: %v", err)
	}
}
