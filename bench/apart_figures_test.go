package main

import (
	"errors"
	"strings"
	"testing"
)

// apartLines are what BenchmarkApart prints.
const apartLines = `BenchmarkApart/rest-2 1 1 ns/op 10.0 one-ms 8.0 split/MariaDB-ms 4.0 split/RabbitMQ-ms 12 split/souk/orders-ms 6.0 split/souk/users-ms
BenchmarkApart/round-2 1 1 ns/op 400 one-us 7.0 one-p99-ms 1.0 one-p50-ms 500 split/MariaDB-us 100 split/RabbitMQ-us 300 split/souk/orders-us 200 split/souk/users-us 30 split-p99-ms 3.0 split-p50-ms
BenchmarkApart/round#01-2 1 1 ns/op 350 one-us 9.0 one-p99-ms 2.0 one-p50-ms 450 split/MariaDB-us 150 split/RabbitMQ-us 300 split/souk/orders-us 150 split/souk/users-us 20 split-p99-ms 4.0 split-p50-ms
BenchmarkApart/round#02-2 1 1 ns/op 450 one-us 8.0 one-p99-ms 3.0 one-p50-ms 600 split/MariaDB-us 100 split/RabbitMQ-us 300 split/souk/orders-us 200 split/souk/users-us 40 split-p99-ms 5.0 split-p50-ms
BenchmarkApart/after-2 1 1 ns/op 100 one-MB 150 split/MariaDB-MB 90 split/RabbitMQ-MB 30 split/souk/orders-MB 30 split/souk/users-MB
`

func TestApartFigures(t *testing.T) {
	t.Parallel()
	samples, err := parseBench(apartLines)
	if err != nil {
		t.Fatal(err)
	}
	figures, err := apartFigures(samples)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]float64{
		"processor time per request: one process":               350,
		"processor time per request: split, Souk's processes":   450,
		"processor time per request: split, MariaDB":            450,
		"processor time per request: split, RabbitMQ":           150,
		"processor time per request: split, all together":       1050,
		"processor time per request: so many times one process": 3,
		"p50, one process": 1,
		"p99, one process": 7,
		"p50, split":       4,
		"p99, split":       20,
		"processor time in a second at rest: split, all together":       30,
		"processor time in a second at rest: so many times one process": 3,
		"memory after the traffic: split, Souk's processes":             60,
		"memory after the traffic: split, all together":                 300,
	} {
		if got := value(t, figures, name); got.Value != want {
			t.Errorf("%s: %+v, want %v", name, got, want)
		}
	}
	if modules := value(t, figures, "processor time per request: split, Souk's processes").Note; modules != "orders 300, users 150" {
		t.Errorf("by module: %q", modules)
	}
	if note := value(t, figures, "processor time per request: split, all together").Note; !strings.HasSuffix(note, "rounds: 1,100, 1,050, 1,200") {
		t.Errorf("rounds: %q", note)
	}
	if _, err := apartFigures(samples[:4]); !errors.Is(err, errNoSample) {
		t.Errorf("without the last part: %v", err)
	}
}
