//go:build !linux

package freeport

import (
	"errors"
	"math/rand/v2"
	"net"
	"strconv"
	"sync"
)

var given sync.Map // by port

// reservePort chooses among the ports below those that systems choose by themselves,
// and none twice.
func reservePort() (int, error) {
	for range 1000 {
		port := 10_000 + rand.IntN(20_000) //nolint:gosec // a port needs no secrecy
		if _, taken := given.LoadOrStore(port, true); taken {
			continue
		}
		l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port))) //nolint:noctx // returns at once
		if err == nil {
			return port, l.Close()
		}
	}
	return 0, errors.New("all that were tried are in use")
}
