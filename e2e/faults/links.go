package faults

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/Shopify/toxiproxy/v2/toxics"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"app/platform/freeport"
)

// links are the proxies between processes and what they talk to, by name.
type links map[string]*link

// link is a way from one process to another, or to a server, that can be broken.
type link struct {
	proxy  *toxiproxy.Proxy
	valves []*valve
	broken atomic.Int64 // numbers the toxics
}

// open makes a link to an address and returns the address to use instead.
func (l links) open(name, upstream string) (address string, err error) {
	server := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(prometheus.NewRegistry()), zerolog.Nop())
	if address, err = freeport.Address(); err != nil {
		return "", fmt.Errorf("open link %s: %w", name, err)
	}
	proxy := toxiproxy.NewProxy(server, name, address, upstream)
	if err := proxy.Start(); err != nil {
		return "", fmt.Errorf("open link %s: %w", name, err)
	}
	l[name] = &link{proxy: proxy}
	return address, l[name].addValves()
}

// close ends all links.
func (l links) close() {
	for _, one := range l {
		one.proxy.Stop()
	}
}

// breakIt breaks the link as the fault says and returns what mends it.
func (l *link) breakIt(f Fault) (mend func() error, err error) {
	switch f.Kind {
	case Cut:
		l.proxy.Stop()
		return l.restore, nil
	case HalfOpen:
		for _, v := range l.valves {
			v.epoch.Add(1)
		}
		return func() error { return nil }, nil
	case Slow:
		attributes := map[string]any{"latency": f.Latency.Milliseconds(), "jitter": f.Jitter.Milliseconds()}
		return l.poison(f, attributes, upstream, downstream)
	case Sliced:
		attributes := map[string]any{"average_size": f.Bytes, "size_variation": f.Bytes / 2, "delay": 500}
		return l.poison(f, attributes, f.Way)
	case Short:
		return l.poison(f, map[string]any{"bytes": f.Bytes}, f.Way)
	case Hole:
		return l.poison(f, map[string]any{"timeout": 0}, f.Way)
	case Reset:
		return l.poison(f, map[string]any{"timeout": 0}, f.Way)
	}
	return nil, fmt.Errorf("no fault of a link: %s", f.Kind)
}

// restore listens again, also when the port is taken for a moment.
func (l *link) restore() error {
	deadline := time.Now().Add(30 * time.Second)
	for {
		err := l.proxy.Start()
		if err == nil || time.Now().After(deadline) {
			return err
		}
		<-time.After(50 * time.Millisecond)
	}
}

// toxicTypes are Toxiproxy's names.
var toxicTypes = map[Kind]string{Slow: "latency", Sliced: "slicer", Short: "limit_data", Hole: "timeout", Reset: "reset_peer"}

// poison adds the toxic on the ways and returns what removes it.
func (l *link) poison(f Fault, attributes map[string]any, ways ...string) (mend func() error, err error) {
	var names []string
	for _, way := range ways {
		name := fmt.Sprintf("%s-%d", f.Kind, l.broken.Add(1))
		if _, err := l.add(name, toxicTypes[f.Kind], way, attributes); err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	return func() error {
		var errs []error
		for _, name := range names {
			errs = append(errs, l.proxy.Toxics.RemoveToxic(context.Background(), name))
		}
		return errors.Join(errs...)
	}, nil
}

func (l *link) add(name, kind, way string, attributes map[string]any) (*toxics.ToxicWrapper, error) {
	raw, err := json.Marshal(map[string]any{"name": name, "type": kind, "stream": way, "attributes": attributes})
	if err != nil {
		return nil, err
	}
	toxic, err := l.proxy.Toxics.AddToxicJson(bytes.NewReader(raw))
	if err != nil {
		return nil, fmt.Errorf("break %s: %w", l.proxy.Name, err)
	}
	return toxic, nil
}

// valve is a toxic of our own, which every link has from the start: closed, it swallows
// what is sent on the connections of that moment for as long as they live, as a
// firewall that has forgotten them does. Neither end is told.
type valve struct {
	epoch atomic.Int64 // raised when the valve is closed for the connections there are
}

const valveType = "souk_valve"

var registerValve = sync.OnceFunc(func() { toxics.Register(valveType, new(valve)) })

func (l *link) addValves() error {
	registerValve()
	for _, way := range []string{upstream, downstream} {
		toxic, err := l.add("valve-"+way, valveType, way, map[string]any{})
		if err != nil {
			return err
		}
		v, ok := toxic.Toxic.(*valve)
		if !ok {
			return fmt.Errorf("a valve is a %T", toxic.Toxic)
		}
		l.valves = append(l.valves, v)
	}
	return nil
}

// NewState implements toxics.StatefulToxic: the epoch in which a connection began.
func (v *valve) NewState() any { return v.epoch.Load() }

// Pipe implements toxics.Toxic.
func (v *valve) Pipe(stub *toxics.ToxicStub) {
	for {
		select {
		case <-stub.Interrupt:
			return
		case chunk := <-stub.Input:
			if chunk == nil {
				stub.Close()
				return
			}
			if stub.State != v.epoch.Load() {
				continue
			}
			select {
			case stub.Output <- chunk:
			case <-stub.Interrupt: // something is put behind the valve: first what is in hand
				stub.Output <- chunk
				return
			}
		}
	}
}
