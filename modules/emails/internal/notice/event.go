package notice

import (
	"encoding/json"
	"fmt"
	"net/mail"
	"strings"
)

// Kind is what an event tells.
type Kind string

// The kinds that matter here. Others, and those that SES may invent, are Other.
const (
	Other     Kind = "other"
	Send      Kind = "send"
	Delivery  Kind = "delivery"
	Delay     Kind = "delay"
	Bounce    Kind = "bounce"
	Complaint Kind = "complaint"
	Reject    Kind = "reject"
	Rendering Kind = "rendering_failure"
)

var kinds = map[string]Kind{
	"Send": Send, "Delivery": Delivery, "DeliveryDelay": Delay, "Bounce": Bounce, "Complaint": Complaint, "Reject": Reject,
	"Rendering Failure": Rendering,
}

// Event is what SES tells of one e-mail, about any number of its recipients.
type Event struct {
	Kind      Kind
	EmailID   string // from our tag; empty when the event has none
	MessageID string // of SES
	// Recipients are the addresses concerned, bare.
	Recipients []string
	// Permanent tells of a bounce that the mailbox will never take anything, and of a
	// complaint that it is one.
	Permanent bool
	Detail    string
}

// event is the part of SES's format that is read. Event destinations say eventType, the
// older notifications of an identity notificationType.
type event struct {
	EventType        string `json:"eventType"`
	NotificationType string `json:"notificationType"`
	Mail             struct {
		MessageID   string              `json:"messageId"`
		Destination []string            `json:"destination"`
		Tags        map[string][]string `json:"tags"`
	} `json:"mail"`
	Bounce struct {
		Type       string      `json:"bounceType"`
		SubType    string      `json:"bounceSubType"`
		Recipients []recipient `json:"bouncedRecipients"`
	} `json:"bounce"`
	Complaint struct {
		FeedbackType string      `json:"complaintFeedbackType"`
		Recipients   []recipient `json:"complainedRecipients"`
	} `json:"complaint"`
	Reject struct {
		Reason string `json:"reason"`
	} `json:"reject"`
	Failure struct {
		Error string `json:"errorMessage"`
	} `json:"failure"`
}

type recipient struct {
	Address    string `json:"emailAddress"`
	Diagnostic string `json:"diagnosticCode"`
	Status     string `json:"status"`
}

// ParseEvent reads the text of a notification. What is no event of SES, such as the
// message that tests a new topic, is of kind Other. emailTag is the tag that carries
// the e-mail's id. Error: ErrMalformed for a text that claims to be an event and cannot
// be read.
func ParseEvent(text, emailTag string) (Event, error) {
	if !strings.HasPrefix(strings.TrimSpace(text), "{") {
		return Event{Kind: Other}, nil
	}
	var in event
	if err := json.Unmarshal([]byte(text), &in); err != nil {
		return Event{}, fmt.Errorf("%w: its event: %w", ErrMalformed, err)
	}
	kind, ok := kinds[in.EventType+in.NotificationType]
	if !ok {
		return Event{Kind: Other}, nil
	}
	out := Event{Kind: kind, MessageID: in.Mail.MessageID}
	if ids := in.Mail.Tags[emailTag]; len(ids) == 1 {
		out.EmailID = ids[0]
	}
	switch kind {
	case Bounce:
		out.Permanent, out.Detail = in.Bounce.Type == "Permanent", strings.Trim(in.Bounce.Type+" "+in.Bounce.SubType, " ")
		out.addRecipients(in.Bounce.Recipients)
	case Complaint:
		out.Permanent, out.Detail = in.Complaint.FeedbackType != "not-spam", in.Complaint.FeedbackType
		out.addRecipients(in.Complaint.Recipients)
	case Reject:
		out.Detail = in.Reject.Reason
	case Rendering:
		out.Detail = in.Failure.Error
	}
	return out, nil
}

// addRecipients takes over the recipients that can be read; one that cannot must not
// keep the others from being suppressed.
func (e *Event) addRecipients(list []recipient) {
	for _, r := range list {
		if a, err := mail.ParseAddress(r.Address); err == nil {
			e.Recipients = append(e.Recipients, a.Address)
		}
		if e.Kind == Bounce && r.Diagnostic != "" {
			e.Detail = r.Diagnostic
		}
	}
}
