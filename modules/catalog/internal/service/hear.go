package service

import (
	"app/platform/events"
)

// Subscriptions are what catalog subscribes to. The service is looked up when an event
// comes.
func Subscriptions(s **Service) []events.Subscription {
	return []events.Subscription{
		events.Hear("catalog.sell", events.On(s, (*Service).Paid)),
		events.Hear("catalog.cancel", events.On(s, (*Service).Cancelled)),
	}
}
