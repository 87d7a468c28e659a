//go:build faults

package shop

// brokered are the shapes with a broker.
var brokered = []Shape{RabbitMQ}
