package rabbittest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// administrator talks to the management plugin.
type administrator struct {
	base *url.URL
	amqp string // amqp://user:password@host:port
}

// newAdministrator asks a given server where it speaks AMQP.
func newAdministrator(address string) (*administrator, error) {
	base, err := url.Parse(strings.TrimSuffix(address, "/"))
	if err != nil || base.User == nil || base.Scheme != "http" && base.Scheme != "https" {
		return nil, errors.New(serverVariable + " is not like http://guest:guest@127.0.0.1:15672")
	}
	a := &administrator{base: base}
	var overview struct {
		Listeners []struct {
			Protocol string
			Port     int
		}
	}
	if err := a.doRequest("GET", "/api/overview", "", &overview); err != nil {
		return nil, err
	}
	for _, l := range overview.Listeners {
		if l.Protocol == "amqp" {
			a.amqp = "amqp://" + base.User.String() + "@" + net.JoinHostPort(base.Hostname(), strconv.Itoa(l.Port))
			return a, nil
		}
	}
	return nil, errors.New("the server in " + serverVariable + " does not listen for amqp")
}

var client = http.Client{Timeout: 30 * time.Second}

// doRequest makes a request and decodes the reply into out unless that is nil.
func (a *administrator) doRequest(method, path, body string, out any) error {
	r, err := http.NewRequest(method, a.base.Scheme+"://"+a.base.Host+a.base.Path+path, strings.NewReader(body)) //nolint:noctx // bounded by the client
	if err != nil {
		return err
	}
	password, _ := a.base.User.Password()
	r.SetBasicAuth(a.base.User.Username(), password)
	r.Header.Set("Content-Type", "application/json")
	response, err := client.Do(r)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode >= http.StatusMultipleChoices {
		text, _ := io.ReadAll(io.LimitReader(response.Body, 1000))
		return fmt.Errorf("%s %s: %s: %s", method, path, response.Status, text)
	}
	if out == nil {
		return nil
	}
	return json.NewDecoder(response.Body).Decode(out)
}
