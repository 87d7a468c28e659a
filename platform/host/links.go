package host

import (
	"net/http"
	"path"
	"path/filepath"
	"strings"

	"app/platform/config"
	"app/platform/httpserver"
	"app/platform/operation"
)

// URL is the base address of the public API, or of the internal endpoint without the
// gateway, as seen from this machine; empty before the start.
func (h *Host) URL() string { return urlOf(h.servers.public) }

// InternalURL is the base address at which other processes reach the modules hosted
// here; empty when they cannot.
func (h *Host) InternalURL() string { return urlOf(h.servers.internal) }

// AdminURL is the base address of the admin listener, empty when there is none.
func (h *Host) AdminURL() string { return urlOf(h.servers.admin) }

func urlOf(s *httpserver.Server) string {
	if s == nil {
		return ""
	}
	return s.URL()
}

// Link is where people find something of a running process, for the banner.
type Link struct{ Title, Target string }

// Links are the addresses of a running process, and its data folder.
func (h *Host) Links() []Link {
	var out []Link
	if h.plan.HostsGateway() {
		base := h.publicURL()
		out = append(out, Link{"shop", base}, Link{"documentation", base + "/docs"})
		out = append(out, h.devLinks(base)...)
	}
	if url := h.InternalURL(); url != "" && len(h.options.Split) == 0 {
		out = append(out, Link{"internal", url})
	}
	if url := h.AdminURL(); url != "" {
		out = append(out, Link{"metrics", url + "/metrics"}, Link{"profiles", url + "/debug/pprof/"})
	}
	if h.plan.KeepsFiles() {
		folder, err := filepath.Abs(h.platform.DataDir)
		if err != nil {
			folder = h.platform.DataDir
		}
		out = append(out, Link{"data", folder})
	}
	return out
}

// devLinks are the pages under /dev that a browser can open.
func (h *Host) devLinks(base string) []Link {
	var out []Link
	for _, r := range h.publicRoutes() {
		op := r.Operation
		if h.devPages() && op.Access == operation.Loopback && op.Method == http.MethodGet && !strings.ContainsAny(op.Path, "{.") {
			out = append(out, Link{path.Base(op.Path), base + op.Path})
		}
	}
	return out
}

// defaultPublicURL is where the public API is when nothing is configured.
const defaultPublicURL = "http://127.0.0.1:8080"

// publicURL is PUBLIC_URL, else where the public API listens.
func (h *Host) publicURL() string {
	switch url := h.URL(); {
	case h.platform.PublicURL != "":
		return h.platform.PublicURL
	case url != "" && h.plan.HostsGateway():
		return url
	}
	return defaultPublicURL
}

// devPages reports whether the pages under /dev are served here.
func (h *Host) devPages() bool { return config.SwitchedOn(h.platform.DevPages, h.isDevelopment()) }

// isDevelopment reports whether only people at this machine can use the shop; see
// config.Platform.
func (h *Host) isDevelopment() bool {
	addr := h.platform.HTTPAddr
	if h.options.Listener != nil {
		addr = h.options.Listener.Addr().String()
	}
	if h.servers.public != nil {
		addr = h.servers.public.Address()
	}
	return h.platform.Development(addr)
}
