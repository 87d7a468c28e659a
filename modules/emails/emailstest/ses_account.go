package emailstest

import (
	"encoding/json"
	"net/http"
)

func (s *SES) serveAccount(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	writeJSON(w, map[string]any{"SendQuota": map[string]float64{
		"MaxSendRate": s.quota.MaxSendRate, "Max24HourSend": s.quota.Max24HourSend, "SentLast24Hours": s.quota.SentLast24Hours,
	}, "SendingEnabled": s.sending, "EnforcementStatus": "HEALTHY", "ProductionAccessEnabled": true})
}

func (s *SES) serveIdentity(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	verified, ok := s.identities[r.PathValue("name")]
	if !ok {
		writeAWSError(w, 404, "NotFoundException", "Email identity does not exist.")
		return
	}
	status := map[bool]string{true: "SUCCESS", false: "PENDING"}[verified]
	writeJSON(w, map[string]any{"VerifiedForSendingStatus": verified, "VerificationStatus": status, "DkimAttributes": dkimAttributes(status)})
}

func dkimAttributes(status string) map[string]any {
	return map[string]any{"Status": status, "Tokens": []string{"aaa111", "bbb222", "ccc333"}, "SigningEnabled": true}
}

func (s *SES) createIdentity(w http.ResponseWriter, r *http.Request) {
	var in struct{ EmailIdentity string }
	_ = json.NewDecoder(r.Body).Decode(&in) // an empty name is not found later
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.identities[in.EmailIdentity]; ok {
		writeAWSError(w, 400, "AlreadyExistsException", "Email identity already exists.")
		return
	}
	s.identities[in.EmailIdentity] = false
	writeJSON(w, map[string]any{"IdentityType": "DOMAIN", "VerifiedForSendingStatus": false, "DkimAttributes": dkimAttributes("PENDING")})
}

func (s *SES) createTemplate(w http.ResponseWriter, r *http.Request) {
	var in struct {
		TemplateName    string
		TemplateContent json.RawMessage
	}
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		writeAWSError(w, 400, string(Malformed), err.Error())
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.templates[in.TemplateName] = in.TemplateContent
	writeJSON(w, struct{}{})
}

func (s *SES) updateTemplate(w http.ResponseWriter, r *http.Request) {
	var in struct{ TemplateContent json.RawMessage }
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		writeAWSError(w, 400, string(Malformed), err.Error())
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.templates[r.PathValue("name")]; !ok {
		writeAWSError(w, 404, "NotFoundException", "Template does not exist.")
		return
	}
	s.templates[r.PathValue("name")] = in.TemplateContent
	writeJSON(w, struct{}{})
}
