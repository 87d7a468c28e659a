package emailstest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// What a fake SES knows its callers by.
const (
	SESRegion = "eu-central-1"
	SESKey    = "AKIDEXAMPLE"
	SESSecret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
)

// Answer is what SES does with an e-mail.
type Answer string

// The answers. Those with a code are errors of the API.
const (
	Take        Answer = "take"
	TakeAndLose Answer = "take and close the connection without a reply"
	TakeAndHang Answer = "take and never reply"
	Throttle    Answer = "TooManyRequestsException"
	DayIsOver   Answer = "LimitExceededException"
	Refuse      Answer = "MessageRejected"
	Unverified  Answer = "MessageRejected: Email address is not verified. The following identities failed the check in region EU-CENTRAL-1: shop@example.com"
	Malformed   Answer = "BadRequestException"
	Paused      Answer = "SendingPausedException"
	Suspended   Answer = "AccountSuspendedException"
	NoSuchSet   Answer = "NotFoundException"
	Broken      Answer = "InternalServiceErrorException"
	BadGateway  Answer = "502 of something on the way"
)

var statuses = map[Answer]int{Throttle: 429, Broken: 500}

// Taken is an e-mail that SES took.
type Taken struct {
	EmailID, MessageID, To, ConfigurationSet string
	Raw                                      []byte // of an e-mail rendered by its sender
	Template, Data                           string // of one that SES renders
}

// SES is Amazon SES, version 2 of its API, as far as the emails module asks for it. It
// verifies the signature of each request and answers as it is told.
type SES struct {
	URL string

	mu         sync.Mutex
	answer     func(n int) Answer
	requests   int
	taken      []Taken
	templates  map[string]json.RawMessage
	identities map[string]bool // verified or not
	quota      Quota
	sending    bool
	hanging    chan struct{}
	forged     int
	sent       []time.Time // of the last second, where the quota is enforced
}

// Quota is what an account may send.
type Quota struct {
	MaxSendRate, Max24HourSend, SentLast24Hours float64
	Enforced                                    bool // more than MaxSendRate e-mails in a second are throttled
}

// NewSES starts one; it ends with the test. It takes every e-mail, and knows
// example.com as verified.
func NewSES(t testing.TB) *SES {
	t.Helper()
	s := &SES{
		answer: func(int) Answer { return Take }, templates: map[string]json.RawMessage{}, identities: map[string]bool{"example.com": true},
		quota: Quota{MaxSendRate: 1000, Max24HourSend: 1e6}, sending: true, hanging: make(chan struct{}),
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v2/email/outbound-emails", s.handleSend)
	mux.HandleFunc("GET /v2/email/account", s.serveAccount)
	mux.HandleFunc("GET /v2/email/identities/{name}", s.serveIdentity)
	mux.HandleFunc("POST /v2/email/identities", s.createIdentity)
	mux.HandleFunc("POST /v2/email/templates", s.createTemplate)
	mux.HandleFunc("PUT /v2/email/templates/{name}", s.updateTemplate)
	server := httptest.NewServer(s.requireSignature(mux))
	t.Cleanup(func() {
		close(s.hanging)
		server.Close()
	})
	s.URL = server.URL
	return s
}

// Answer has the n-th request to send an e-mail, counted from 1, answered in this way.
func (s *SES) Answer(by func(n int) Answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answer = by
}

// Set changes the account.
func (s *SES) Set(q Quota, sending bool, identities map[string]bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.quota, s.sending, s.identities = q, sending, identities
}

// Taken lists the e-mails that SES took, in order.
func (s *SES) Taken() []Taken {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Taken(nil), s.taken...)
}

// Requests counts the requests to send an e-mail whose signature was right, Forged all
// whose signature was not.
func (s *SES) Requests() (sends, forged int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.requests, s.forged
}

// Template gives what is stored under a name.
func (s *SES) Template(name string) (content map[string]string, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	raw, ok := s.templates[name]
	_ = json.Unmarshal(raw, &content) // what is not text shows by its absence
	return content, ok
}

// requireSignature lets only signed requests through.
func (s *SES) requireSignature(next http.Handler) http.Handler {
	known := credentials{SESKey, SESSecret, SESRegion, "ses"}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err == nil {
			err = known.verifySignature(r, body, time.Now())
		}
		if err != nil {
			s.mu.Lock()
			s.forged++
			s.mu.Unlock()
			writeAWSError(w, 403, "InvalidSignatureException", err.Error())
			return
		}
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		next.ServeHTTP(w, r)
	})
}

func writeAWSError(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("X-Amzn-Errortype", code)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"message": message})
}

func writeJSON(w http.ResponseWriter, body any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(body)
}

type sendRequest struct {
	ConfigurationSetName string
	FromEmailAddress     string
	Destination          struct{ ToAddresses []string }
	EmailTags            []struct{ Name, Value string }
	Content              struct {
		Raw      *struct{ Data []byte }
		Template *struct{ TemplateName, TemplateData string }
	}
}

func (s *SES) handleSend(w http.ResponseWriter, r *http.Request) {
	var in sendRequest
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil || len(in.Destination.ToAddresses) != 1 {
		writeAWSError(w, 400, string(Malformed), fmt.Sprint("cannot be read: ", err))
		return
	}
	answer, id := s.processSend(in)
	code, message, _ := strings.Cut(string(answer), ": ")
	switch answer {
	case Take:
		writeJSON(w, map[string]string{"MessageId": id})
	case TakeAndLose:
		if h, ok := w.(http.Hijacker); ok {
			if conn, _, err := h.Hijack(); err == nil {
				_ = conn.Close()
			}
		}
	case TakeAndHang:
		<-s.hanging
	case BadGateway:
		w.WriteHeader(http.StatusBadGateway)
		_, _ = io.WriteString(w, "<html>Bad Gateway</html>")
	default:
		status := statuses[answer]
		if status == 0 {
			status = 400
		}
		writeAWSError(w, status, code, message)
	}
}

// processSend decides and, when it takes the e-mail, keeps it.
func (s *SES) processSend(in sendRequest) (Answer, string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests++
	answer := s.answer(s.requests)
	if s.tooFast() {
		answer = Throttle
	}
	if answer != Take && answer != TakeAndLose && answer != TakeAndHang {
		return answer, ""
	}
	l := Taken{MessageID: fmt.Sprintf("0100-%06d", len(s.taken)+1), To: in.Destination.ToAddresses[0], ConfigurationSet: in.ConfigurationSetName}
	for _, tag := range in.EmailTags {
		if tag.Name == "letter_id" {
			l.EmailID = tag.Value
		}
	}
	if in.Content.Raw != nil {
		l.Raw = in.Content.Raw.Data
	}
	if t := in.Content.Template; t != nil {
		l.Template, l.Data = t.TemplateName, t.TemplateData
	}
	s.taken = append(s.taken, l)
	return answer, l.MessageID
}

func (s *SES) tooFast() bool {
	if !s.quota.Enforced {
		return false
	}
	now := time.Now()
	for len(s.sent) > 0 && now.Sub(s.sent[0]) > time.Second {
		s.sent = s.sent[1:]
	}
	if float64(len(s.sent)) >= s.quota.MaxSendRate {
		return true
	}
	s.sent = append(s.sent, now)
	return false
}
