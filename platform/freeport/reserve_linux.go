package freeport

import (
	"errors"
	"net"
	"os"
	"syscall"
)

// reservePort binds a socket that never listens and stays open. Linux then chooses its
// port for nobody, neither for a bind to port 0 nor for a connection, yet lets another
// socket bind and listen there whose owner says SO_REUSEADDR, as servers do (socket(7);
// net/ipv4/inet_connection_sock.c, inet_csk_get_port).
func reservePort() (port int, err error) {
	socket, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, syscall.IPPROTO_TCP)
	if err != nil {
		return 0, os.NewSyscallError("socket", err)
	}
	defer func() {
		if err != nil {
			_ = syscall.Close(socket) // nothing was sent
		}
	}()
	if err := syscall.SetsockoptInt(socket, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1); err != nil {
		return 0, os.NewSyscallError("setsockopt", err)
	}
	if err := syscall.Bind(socket, &syscall.SockaddrInet4{Addr: [4]byte(net.IPv4(127, 0, 0, 1).To4())}); err != nil {
		return 0, os.NewSyscallError("bind", err)
	}
	bound, err := syscall.Getsockname(socket)
	if err != nil {
		return 0, os.NewSyscallError("getsockname", err)
	}
	address, ok := bound.(*syscall.SockaddrInet4)
	if !ok {
		return 0, errors.New("the socket has no IPv4 address")
	}
	return address.Port, nil
}
