package rabbit

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"

	amqp "github.com/rabbitmq/amqp091-go"
)

// Account is a user of the broker and what it may do there.
type Account struct {
	Name string
	// Modules are those whose processes use it; none for an administrator, who may
	// everything.
	Modules []string
	// Emits and Subscribes report whether the modules do: who does not may not.
	Emits, Subscribes bool
}

// Rights are the patterns of names that an account may configure, write to and read
// from, as RabbitMQ knows them. A module owns what has its own name, the exchange that
// it emits to and the queue that it consumes, and reaches nothing else: bindings need
// rights at both ends, so they are the administrator's.
type Rights struct{ Configure, Write, Read string }

// Rights of the account.
func (a Account) Rights() Rights {
	if len(a.Modules) == 0 {
		return Rights{".*", ".*", ".*"}
	}
	names := make([]string, len(a.Modules))
	for i, m := range a.Modules {
		names[i] = regexp.QuoteMeta(m)
	}
	own, none := "^souk\\."+strings.Join(names, "|")+"$", "^$"
	if len(names) > 1 {
		own = "^souk\\.(" + strings.Join(names, "|") + ")$"
	}
	r := Rights{own, none, none}
	if a.Emits {
		r.Write = own
	}
	if a.Subscribes {
		r.Read = own
	}
	return r
}

// Placeholder stands for the password of an account in Definitions, hashed as RabbitMQ
// does: the base64 of four bytes of salt and the SHA-256 of salt and password
// (rabbitmq.com/docs/passwords).
func Placeholder(account string) string { return "@" + account + "_hash@" }

// object is one of the definitions (rabbitmq.com/docs/definitions).
type object map[string]any

// definitions are what the management plugin and rabbitmqctl export and import.
type definitions struct {
	VHosts      []object `json:"vhosts"`
	Users       []object `json:"users"`
	Permissions []object `json:"permissions"`
	Exchanges   []object `json:"exchanges"`
	Queues      []object `json:"queues"`
	Bindings    []object `json:"bindings"`
}

// Definitions are what a broker imports to have the accounts, and all of the topology
// at a virtual host.
func Definitions(host string, accounts []Account, t Topology) ([]byte, error) {
	d := definitions{VHosts: []object{{"name": host}}}
	for _, a := range accounts {
		d.addAccount(host, a)
	}
	for _, e := range t.allElements() {
		d.addElement(host, e)
	}
	text, err := json.MarshalIndent(d, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encode the definitions: %w", err)
	}
	return append(text, '\n'), nil
}

func (d *definitions) addAccount(host string, a Account) {
	tags := []string{}
	if len(a.Modules) == 0 {
		tags = append(tags, "administrator")
	}
	d.Users = append(d.Users, object{
		"name": a.Name, "password_hash": Placeholder(a.Name), "hashing_algorithm": "rabbit_password_hashing_sha256", "tags": tags,
	})
	r := a.Rights()
	d.Permissions = append(d.Permissions, object{"user": a.Name, "vhost": host, "configure": r.Configure, "write": r.Write, "read": r.Read})
}

func (d *definitions) addElement(host string, e element) {
	switch e.kind {
	case "exchange":
		d.Exchanges = append(d.Exchanges, object{
			"name": e.name, "vhost": host, "type": e.class, "durable": true, "auto_delete": false, "internal": false, "arguments": amqp.Table{},
		})
	case "queue":
		d.Queues = append(d.Queues, object{"name": e.name, "vhost": host, "durable": true, "auto_delete": false, "arguments": e.arguments})
	default:
		d.Bindings = append(d.Bindings, object{
			"source": e.from, "vhost": host, "destination": e.name, "destination_type": "queue", "routing_key": e.key, "arguments": amqp.Table{},
		})
	}
}
