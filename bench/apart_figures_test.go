package main

import (
	"errors"
	"strings"
	"testing"
)

// apartLines are what BenchmarkApart prints.
const apartLines = `BenchmarkApart/rest-2 1 1 ns/op 10.0 one-ms 8.0 split/MariaDB-ms 4.0 split/RabbitMQ-ms 12 split/souk/orders-ms 6.0 split/souk/users-ms
BenchmarkApart/round-2 1 1 ns/op 200 one-achieved/s 199 split-achieved/s 400 one-us 7.0 one-p99-ms 1.0 one-p50-ms 500 split/MariaDB-us 100 split/RabbitMQ-us 300 split/souk/orders-us 200 split/souk/users-us 30 split-p99-ms 3.0 split-p50-ms
BenchmarkApart/round#01-2 1 1 ns/op 200 one-achieved/s 200 split-achieved/s 350 one-us 9.0 one-p99-ms 2.0 one-p50-ms 450 split/MariaDB-us 150 split/RabbitMQ-us 300 split/souk/orders-us 150 split/souk/users-us 20 split-p99-ms 4.0 split-p50-ms
BenchmarkApart/round#02-2 1 1 ns/op 200 one-achieved/s 198 split-achieved/s 450 one-us 8.0 one-p99-ms 3.0 one-p50-ms 600 split/MariaDB-us 100 split/RabbitMQ-us 300 split/souk/orders-us 200 split/souk/users-us 40 split-p99-ms 5.0 split-p50-ms
BenchmarkApart/after-2 1 1 ns/op 100 one-MB 150 split/MariaDB-MB 90 split/RabbitMQ-MB 30 split/souk/orders-MB 30 split/souk/users-MB
`

// Figures are of the round in which a shop takes least, its parts of the same one;
// rounds behind the rate do not count.
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
		"time per request: one process":                      350,
		"time per request: split, Souk's processes":          450,
		"time per request: split, MariaDB":                   450,
		"time per request: split, RabbitMQ":                  150,
		"time per request: split, all together":              1050,
		"time per request: so many times one process":        3,
		"p50, one process":                                   1,
		"p99, one process":                                   7,
		"p50, split":                                         4,
		"p99, split":                                         20,
		"time per second at rest: split, all together":       30,
		"time per second at rest: so many times one process": 3,
		"memory after: split, Souk's processes":              60,
		"memory after: split, all together":                  300,
	} {
		if got := value(t, figures, name); got.Value != want {
			t.Errorf("%s: %+v, want %v", name, got, want)
		}
	}
	if modules := value(t, figures, "time per request: split, Souk's processes").Note; modules != "orders 300, users 150" {
		t.Errorf("by module: %q", modules)
	}
	if note := value(t, figures, "time per request: split, all together").Note; !strings.HasSuffix(note, "rounds: 1,100, 1,050, 1,200") {
		t.Errorf("rounds: %q", note)
	}
	samples[2].values["split-achieved/s"] = 197
	figures, err = apartFigures(samples)
	if err != nil {
		t.Fatal(err)
	}
	late := value(t, figures, "time per request: split, all together")
	if late.Value != 1100 || !strings.HasSuffix(late.Note, "rounds: 1,100, 1,200; 1 of 3 rounds fell behind the rate and do not count") {
		t.Errorf("with a late round: %+v", late)
	}
	if one := value(t, figures, "time per request: one process"); one.Value != 350 {
		t.Errorf("the other shop in the same round: %+v", one)
	}
	samples[1].values["split-achieved/s"], samples[3].values["split-achieved/s"] = 0, 0
	if _, err := apartFigures(samples); !errors.Is(err, errBehind) {
		t.Errorf("with late rounds only: %v", err)
	}
	if _, err := apartFigures(samples[:4]); !errors.Is(err, errNoSample) {
		t.Errorf("without the last part: %v", err)
	}
}
