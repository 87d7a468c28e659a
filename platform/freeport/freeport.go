// Package freeport finds ports for the servers that tests and benchmarks start: for
// those that are told where to listen before they run, whose address others are told as
// well, or that are started again at the same one.
//
// To listen at port 0, close and pass on what it was is not enough: until the server
// listens the system may give the same port to the next who asks, or to a connection on
// its way out.
package freeport

import (
	"fmt"
	"net"
	"strconv"
)

// Port is a port of 127.0.0.1 that nobody listens at. While this process runs it is
// given to nobody else: only who asks for it by its number gets it. An error means that
// there is none, or no descriptor to keep it with.
func Port() (int, error) {
	port, err := reservePort()
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	return port, nil
}

// Address is a port as Port gives it, as "127.0.0.1:port".
func Address() (string, error) {
	port, err := Port()
	if err != nil {
		return "", err
	}
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), nil
}
