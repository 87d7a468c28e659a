// Package harness is empty: its folder holds what the end-to-end scenarios and the
// benchmarks share. Package shop starts the shop in every shape and is its client,
// process runs a program and reads what it costs, load sends requests and takes their
// times, and invariants judges the databases afterwards. They import neither scenarios
// nor benchmarks; modules/boundaries_test.go holds that.
package harness
