package host

import (
	"encoding/json"
	"net/http"

	"app/platform/httpheader"
	"app/platform/lifecycle"
)

// readiness is the reply of /ready.
type readiness struct {
	Ready bool `json:"ready"`
	// The rest is for the admin listener only.
	*readinessReasons
}

// readinessReasons name users, hosts and ports of databases.
type readinessReasons struct {
	// Reason says what keeps the whole process from serving, such as "stopping".
	Reason  string             `json:"reason,omitempty"`
	Modules []lifecycle.Status `json:"modules"`
}

// serveReady answers 200 when every module hosted here is ready and 503 otherwise. That
// is all that strangers have to know (ASVS 5.0 13.4.5, 16.5.1).
func (h *Host) serveReady(w http.ResponseWriter, r *http.Request) {
	reply := h.checkReadiness(r)
	reply.readinessReasons = nil
	reply.writeResponse(w)
}

// serveReasons is serveReady for the admin listener: it names each module with its
// reason.
func (h *Host) serveReasons(w http.ResponseWriter, r *http.Request) {
	h.checkReadiness(r).writeResponse(w)
}

func (h *Host) checkReadiness(r *http.Request) readiness {
	serving, reason := h.gate.Ready()
	why := &readinessReasons{Reason: reason, Modules: h.supervisor.Snapshot(r.Context())}
	return readiness{serving && lifecycle.Ready(why.Modules), why}
}

func (r readiness) writeResponse(w http.ResponseWriter) {
	status := http.StatusOK
	if !r.Ready {
		status = http.StatusServiceUnavailable
		w.Header().Set("Retry-After", "1")
	}
	writeJSON(w, status, r)
}

// serveLive answers 200 as long as the process answers at all.
func (h *Host) serveLive(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, map[string]bool{"live": true})
}

// moduleState is one line of /modules.
type moduleState struct {
	Name   string            `json:"name"`
	Hosted bool              `json:"hosted"`
	URL    string            `json:"url,omitempty"`
	Status *lifecycle.Status `json:"status,omitempty"`
	Calls  []edgeState       `json:"calls,omitempty"`
	Emits  []string          `json:"emits,omitempty"`
	Hears  []string          `json:"hears,omitempty"`
}

type edgeState struct {
	To    string `json:"to"`
	Local bool   `json:"local"`
	URL   string `json:"url,omitempty"`
}

// serveModules tells which modules there are, where they are, and the state of those
// hosted here.
func (h *Host) serveModules(w http.ResponseWriter, r *http.Request) {
	states := map[string]lifecycle.Status{}
	for _, s := range h.supervisor.Snapshot(r.Context()) {
		states[s.Name] = s
	}
	out := make([]moduleState, 0, len(h.plan.Modules))
	for _, m := range h.plan.Modules {
		line := moduleState{Name: m.Name, Hosted: m.Hosted, URL: m.URL, Emits: m.Emits}
		if status, ok := states[m.Name]; ok {
			line.Status = &status
		}
		for _, e := range m.Calls {
			line.Calls = append(line.Calls, edgeState{To: e.To, Local: e.Local, URL: e.URL})
		}
		for _, s := range m.Hears {
			line.Hears = append(line.Hears, s.Type)
		}
		out = append(out, line)
	}
	writeJSON(w, http.StatusOK, map[string]any{"modules": out})
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	httpheader.Uncached(w.Header())
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the client may have gone
}
