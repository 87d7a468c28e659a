//go:build !faults

package shop

// brokered are the shapes with a broker: none without the build tag faults.
var brokered []Shape
