package rabbit

import "github.com/prometheus/client_golang/prometheus"

// Rejected is the counter of what a consumer could not read.
func Rejected(c *Consumer) *prometheus.CounterVec { return c.rejected }

// Returned is the counter of what came back to a publisher.
func Returned(p *Publisher) *prometheus.CounterVec { return p.returned }
