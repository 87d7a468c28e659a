// Package health answers who asks how a process is: /ready and /live for those who poll
// it, /modules and the reasons for people at its machine.
package health

import (
	"encoding/json"
	"net/http"

	"app/platform/host/plan"
	"app/platform/httpheader"
	"app/platform/httpserver"
	"app/platform/lifecycle"
)

// Endpoints answer for one process.
type Endpoints struct {
	Gate       *httpserver.Gate // open while the process serves
	Supervisor *lifecycle.Supervisor
	Plan       *plan.Process
}

// Before answers /ready and /live before anything else, and without a line in the log:
// they are polled.
func (e Endpoints) Before(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		read := (r.Method == http.MethodGet || r.Method == http.MethodHead) && r.URL.RawPath == "" // an escaped path is another's to refuse
		switch {
		case read && r.URL.Path == "/ready":
			e.Ready(w, r)
		case read && r.URL.Path == "/live":
			e.Live(w, r)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

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

// Ready answers 200 when every module hosted here is ready and 503 otherwise. That
// is all that strangers have to know (ASVS 5.0 13.4.5, 16.5.1).
func (e Endpoints) Ready(w http.ResponseWriter, r *http.Request) {
	reply := e.checkReadiness(r)
	reply.readinessReasons = nil
	reply.writeResponse(w)
}

// Reasons is Ready for the admin listener: it names each module with its reason.
func (e Endpoints) Reasons(w http.ResponseWriter, r *http.Request) {
	e.checkReadiness(r).writeResponse(w)
}

func (e Endpoints) checkReadiness(r *http.Request) readiness {
	serving, reason := e.Gate.Ready()
	why := &readinessReasons{Reason: reason, Modules: e.Supervisor.Snapshot(r.Context())}
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

// Live answers 200 as long as the process answers at all.
func (e Endpoints) Live(w http.ResponseWriter, _ *http.Request) {
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

// Modules answers which modules there are, where they are, and the state of those hosted
// here.
func (e Endpoints) Modules(w http.ResponseWriter, r *http.Request) {
	states := map[string]lifecycle.Status{}
	for _, s := range e.Supervisor.Snapshot(r.Context()) {
		states[s.Name] = s
	}
	out := make([]moduleState, 0, len(e.Plan.Modules))
	for _, m := range e.Plan.Modules {
		line := moduleState{Name: m.Name, Hosted: m.Hosted, URL: m.URL, Emits: m.Emits}
		if status, ok := states[m.Name]; ok {
			line.Status = &status
		}
		for _, edge := range m.Calls {
			line.Calls = append(line.Calls, edgeState{To: edge.To, Local: edge.Local, URL: edge.URL})
		}
		for _, s := range m.Subscriptions {
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
