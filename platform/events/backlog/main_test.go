package backlog_test

import (
	"testing"

	"app/platform/events/internal/eventstest"
)

func TestMain(m *testing.M) { eventstest.Main(m) }
