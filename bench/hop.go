package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"

	"app/e2e/harness/load"
	"app/modules"
	"app/platform/config"
	"app/platform/identity"
)

// hop is a shop in two processes: the gateway on a core of its own, all other modules
// behind it, on the cores of the load. What else can stand in the gateway's place is
// there too.
type hop struct {
	*market         // whose server is the gateway's process
	core    string  // the gateway's and the peers'
	behind  *server // the process of the other modules
	key     string  // INTERNAL_KEY
	peers   []peer
	absent  []string // peers that are not measured, and why
}

// openHop starts everything, on cores of its own where the separation says so, and
// fills the shop.
func (b *bench) openHop(ctx context.Context, apart separation) (h *hop, err error) {
	data, err := os.MkdirTemp(b.work, "hop-")
	if err != nil {
		return nil, fmt.Errorf("make folder: %w", err)
	}
	key := rand.Text() + rand.Text()
	environment := append(b.environment(data), "INTERNAL_KEY="+key)
	behind, err := b.launch(ctx, strings.Join(apart.cores[1:], ","), slices.Concat(environment, []string{"INTERNAL_ASSERTIONS=compatible"}), "--except=gateway")
	if err != nil {
		return nil, fmt.Errorf("start the modules: %w", err)
	}
	h = &hop{core: apart.core, behind: behind}
	gateway, err := b.launch(ctx, apart.core, append(environment, elsewhere(behind.url)...), "--module=gateway")
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start the gateway: %w", err), h.close())
	}
	h.key = key
	if h.market, err = openedMarket(ctx, gateway, data); err == nil {
		h.peers, h.absent, err = b.startPeers(ctx, apart.core, behind.address)
	}
	if err == nil {
		err = h.compare(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, h.close())
	}
	return h, nil
}

// compare makes sure that everybody answers what the module answers: a peer that served
// something of its own would look quick.
func (h *hop) compare(ctx context.Context) error {
	var want []byte
	for _, k := range append([]contender{h.direct(), h.souk()}, h.others()...) {
		c := load.NewConn(k.server.address)
		defer c.Close()
		got, err := expect(ctx, c, k.requests()[0], http.StatusOK)
		switch {
		case err != nil:
			return fmt.Errorf("%s: %w", k.name, err)
		case want == nil:
			want = bytes.Clone(got)
		case !bytes.Equal(want, got):
			return fmt.Errorf("%s answers %q, the module itself %q", k.name, got, want) //nolint:err113 // for the report
		}
	}
	return nil
}

// elsewhere are the settings by which the gateway finds all other modules at one
// address.
func elsewhere(url string) (environment []string) {
	for _, m := range modules.All() {
		if m.Name() != "gateway" {
			environment = append(environment, config.ModuleVariable(m.Name(), "URL")+"="+url)
		}
	}
	return environment
}

// close stops what runs, the gateway before what it asks.
func (h *hop) close() (err error) {
	for _, p := range h.peers {
		err = errors.Join(err, p.server.Stop())
	}
	if h.market != nil {
		err = errors.Join(err, h.market.close())
	}
	return errors.Join(err, h.behind.Stop())
}

// souk sends the gateway what buyers send.
func (h *hop) souk() contender {
	return contender{name: "souk", server: h.market.server, requests: h.productRequests}
}

// direct asks the module itself, as the gateway does once it knows who asks.
func (h *hop) direct() contender {
	return contender{name: "the module itself", server: h.behind, requests: func() [][]byte { return h.vouched() }}
}

// others are the peers. They know nobody, so each request tells the module who asks.
func (h *hop) others() (list []contender) {
	for _, p := range h.peers {
		requests := func() [][]byte { return h.vouched(p.headers...) }
		list = append(list, contender{name: p.name, server: p.server, requests: requests, verifies: p.verifies})
	}
	return list
}

// addFastAPI starts the gateway of the FastAPI design as one more peer, where it is
// installed. At the rate of row 5 it would only queue.
func (h *hop) addFastAPI(ctx context.Context, b *bench) error {
	const name = "FastAPI gateway"
	missing, err := fastAPIAbsent(ctx)
	if err != nil {
		return err
	}
	if len(missing) > 0 {
		h.absent = append(h.absent, name+" (not installed here: "+strings.Join(missing, ", ")+")")
		return nil
	}
	f, err := b.startFastAPIGateway(ctx, h.core, h.behind.url)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	token, err := f.token()
	if err != nil {
		return errors.Join(err, f.close())
	}
	h.peers = append(h.peers, peer{name: name, server: f.gateway, headers: []string{"Authorization", "Bearer " + token}, verifies: true})
	return h.compare(ctx)
}

// vouched reads every product with a fresh word of the gateway's for the buyer, good
// for half a minute: much longer than a run. It is of the kind that is for no request
// in particular, which the modules take here: peers pass on what they are given, again
// and again, and only our own gateway vouches for each request.
func (h *hop) vouched(headers ...string) [][]byte {
	requests := make([][]byte, len(h.products))
	for i, id := range h.products {
		assertion := unbound(h.key, identity.Assertion{
			Caller: "gateway", Audience: "catalog", RequestID: "req_" + id[len("prd_"):],
			Principal: identity.Principal{UserID: "usr_" + id[len("prd_"):], Method: identity.Bearer},
		})
		requests[i] = load.Request(http.MethodGet, "/v1/products/"+id, nil,
			append([]string{identity.AudienceHeader, "catalog", identity.AssertionHeader, assertion}, headers...)...)
	}
	return requests
}

// absence says which peers are not in the figures, "" when all are.
func (h *hop) absence() string {
	if len(h.absent) == 0 {
		return ""
	}
	return "; NOT MEASURED: " + strings.Join(h.absent, ", ")
}
