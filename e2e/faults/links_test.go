package faults_test

import (
	"bufio"
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"app/e2e/faults"
)

// echo answers every line with itself.
func echo(t *testing.T) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				_, _ = io.Copy(conn, conn)
				_ = conn.Close()
			}()
		}
	}()
	return l.Addr().String()
}

type dialled struct {
	net.Conn
	lines *bufio.Reader
}

func dial(t *testing.T, address string) (*dialled, error) {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() { _ = conn.Close() })
	return &dialled{conn, bufio.NewReader(conn)}, nil
}

// ask sends a line and waits for its echo.
func (d *dialled) ask(patience time.Duration) error {
	if err := d.SetDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	if _, err := d.Write([]byte("are you there?\n")); err != nil {
		return err
	}
	_, err := d.lines.ReadString('\n')
	return err
}

// Each fault of a link does what it says to a connection that is open and to a new one,
// and is over when it is mended.
func TestLinks(t *testing.T) {
	t.Parallel()
	const soon, ages = 100 * time.Millisecond, 30 * time.Second
	for kind, c := range map[faults.Kind]struct {
		fault            faults.Fault
		open, fresh      bool // whether these connections work meanwhile
		openAfter        bool // whether the open one works afterwards
		hangs, closesNow bool
	}{
		faults.Cut:      {closesNow: true},
		faults.Reset:    {fault: faults.Fault{Way: "downstream"}, closesNow: true},
		faults.Hole:     {fault: faults.Fault{Way: "upstream"}, hangs: true},
		faults.HalfOpen: {fresh: true, hangs: true},
		faults.Slow:     {fault: faults.Fault{Latency: 50 * time.Millisecond}, open: true, fresh: true, openAfter: true},
		faults.Sliced:   {fault: faults.Fault{Way: "downstream", Bytes: 3}, open: true, fresh: true, openAfter: true},
		faults.Short:    {fault: faults.Fault{Way: "downstream", Bytes: 3}, closesNow: true},
	} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			l := faults.OpenLink(t, echo(t))
			open, err := dial(t, l.Address)
			if err == nil {
				err = open.ask(ages)
			}
			if err != nil {
				t.Fatal(err)
			}
			c.fault.Kind = kind
			mend := l.Break(t, c.fault)
			patience := ages
			if c.hangs {
				patience = soon
			}
			if err := open.ask(patience); (err == nil) != c.open || c.hangs && !isTimeout(err) || c.closesNow && isTimeout(err) {
				t.Errorf("the open connection: %v", err)
			}
			fresh, err := dial(t, l.Address)
			if err == nil {
				patience = ages
				if !c.fresh && c.hangs {
					patience = soon
				}
				err = fresh.ask(patience)
			}
			if (err == nil) != c.fresh {
				t.Errorf("a new connection: %v", err)
			}
			mend()
			patience = soon
			if c.openAfter {
				patience = ages
			}
			if err := open.ask(patience); (err == nil) != c.openAfter {
				t.Errorf("the open connection, afterwards: %v", err)
			}
			last, err := dial(t, l.Address)
			if err == nil {
				err = last.ask(ages)
			}
			if err != nil {
				t.Errorf("a new connection, afterwards: %v", err)
			}
		})
	}
}

func isTimeout(err error) bool {
	var network net.Error
	return errors.As(err, &network) && network.Timeout()
}
