package events_test

import (
	"strings"
	"testing"

	"app/platform/events"
	"app/platform/events/internal/eventstest"
)

func TestSensitiveIsNotShown(t *testing.T) {
	t.Parallel()
	secret := events.Envelope{ID: "one", Type: eventstest.Type, Schema: 1, Payload: []byte("\x0a\x06123456"), Sensitive: true}
	text, err := secret.JSON()
	if err != nil || strings.Contains(string(text), "123456") {
		t.Errorf("shown as %s, %v", text, err)
	}
}
