package events_test

import (
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"app/platform/events"
)

func TestRelay(t *testing.T) {
	t.Parallel()
	t.Run("OK", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			source, target := open(t), open(t)
			start(t, events.Options{
				Emitters:  []events.Emitter{{Module: "orders", DB: source, Routes: map[string][]string{said: {"emails"}}}},
				Listeners: []events.Listener{{Module: "emails", DB: target, Subscriptions: []events.Subscription{recorder("emails.a"), recorder("emails.b")}}},
			})
			for _, s := range numbered(10) {
				emit(t, source, "a1", s)
			}
			synctest.Wait()
			for _, consumer := range []string{"emails.a", "emails.b"} {
				if diff := cmp.Diff(numbered(10), bodies(t, target, consumer)); diff != "" {
					t.Errorf("%s: -want +got\n%s", consumer, diff)
				}
			}
		})
	})
}
