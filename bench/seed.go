package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"app/e2e/harness/load"
	"app/e2e/harness/process"
)

// seedTime is how long one round of an operation takes where letters are not what is
// counted.
const seedTime = 3 * time.Second

// workload is something that both designs of row 13 do.
type workload struct {
	name    string
	callers int
	count   int    // so many in a round; 0: as many as seedTime has room for
	note    string // what the designs do differently
}

// operations are in the order in which they are measured: registering comes last,
// because it makes the list longer.
var operations = []workload{
	{name: "list", callers: readers, note: "ours is GET /v1/users/me, as there is no list of all users for anybody to read; theirs are the names and addresses of all eight"},
	{name: "send mail", callers: 8, count: 1000, note: "ours is POST /v1/emails: queued durably, then rendered as text and HTML and sent, both counted; theirs sends a text while the caller waits, and writes nothing down"},
	{name: "sign in", callers: signInCallers, note: "ours hashes with argon2id and opens a session; theirs with bcrypt at cost 12, which is most of it"},
	{name: "register", callers: signInCallers, note: "ours is the request for an account: it hashes with argon2id and sends a letter with a code, counted; theirs hashes with bcrypt at cost 12 and sends nothing"},
}

var seedRow = row{
	number: 13, name: "seed", work: "register, sign in, list, send mail; beside the FastAPI design of the well-known Docker microservices guide, rebuilt",
	note: "Everything of ours on one core: one process with SQLite. Everything of theirs on the same core, in turns: a gateway that verifies the token and asks " +
		"the service over kept connections, a users and an e-mail service, MariaDB with a new connection for each request. Processor time of all processes of a " +
		"side together, the database's included, by replies. Three rounds of 3 s, of 1,000 letters where these are sent, to a mail server beside the load.",
	run: seedOperations,
}

// design is one of the two, with all that it runs.
type design struct {
	name    string
	address string // of what takes the requests
	parts   []part
	tasks   map[string]task // by the name of the operation
	close   func() error
}

// part is one process of a design.
type part struct {
	name string
	*process.Process
}

// task is an operation as a design is asked for it.
type task struct {
	request func(n int) []byte
	status  int
	holds   string // is part of every reply
	letters int    // that each causes
}

func seedOperations(ctx context.Context, b *bench) (figures []Figure, err error) {
	apart, err := separate()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, apart.together()) }()
	mail, err := openSink(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, mail.close()) }()
	designs, absence, err := b.startDesigns(ctx, apart.core, mail)
	for _, d := range designs {
		defer func() { err = errors.Join(err, d.close()) }()
	}
	if err != nil {
		return nil, err
	}
	for _, o := range operations {
		spent, err := spend(ctx, o, designs, mail)
		if err != nil {
			return nil, err
		}
		figures = append(figures, seedFigures(o, spent)...)
	}
	figures[0].Note += absence
	return figures, nil
}

// startDesigns starts ours and, where it is installed, the other; else it says what is
// missing. The caller closes what it returns, with an error too.
func (b *bench) startDesigns(ctx context.Context, core string, mail *sink) (designs []*design, absence string, err error) {
	ours, err := b.openOurs(ctx, core, mail)
	if err != nil {
		return nil, "", fmt.Errorf("souk: %w", err)
	}
	designs = append(designs, ours)
	missing, err := fastAPIAbsent(ctx)
	if !installed("mariadbd", "mariadb-install-db") {
		missing = append(missing, "mariadb-server")
	}
	if err != nil || len(missing) > 0 {
		return designs, "; THE FASTAPI DESIGN IS NOT MEASURED, not installed here: " + strings.Join(missing, ", "), err
	}
	theirs, err := b.openTheirs(ctx, core, mail)
	if err != nil {
		return designs, "", fmt.Errorf("FastAPI: %w", err)
	}
	return append(designs, theirs), "", nil
}

// bill is what one operation costs in microseconds of processor time.
type bill struct {
	total float64
	parts string // the same by process, in words
}

// spend measures an operation in all designs, in turns: what it costs by design and
// round.
func spend(ctx context.Context, o workload, designs []*design, mail *sink) ([][]bill, error) {
	spent := make([][]bill, len(designs))
	for _, d := range designs {
		if _, err := d.round(ctx, workload{name: o.name, callers: o.callers, count: o.callers}, mail); err != nil { // everything once
			return nil, err
		}
	}
	for range rounds {
		for i, d := range designs {
			cost, err := d.round(ctx, o, mail)
			if err != nil {
				return nil, err
			}
			spent[i] = append(spent[i], cost)
		}
	}
	return spent, nil
}

// round measures what one operation costs, up to the arrival of its letter.
func (d *design) round(ctx context.Context, o workload, mail *sink) (bill, error) {
	t, sent := d.tasks[o.name], mail.taken()
	plan := load.Plan{Address: d.address, Callers: o.callers, Count: o.count, Work: t.do}
	if o.count == 0 {
		plan.Duration = seedTime
	}
	before, err := d.cpu()
	if err != nil {
		return bill{}, err
	}
	done := load.Run(ctx, plan)
	err = errors.Join(ctx.Err(), done.Err)
	if err == nil {
		err = mail.await(ctx, sent+done.Done*t.letters)
	}
	after, err2 := d.cpu()
	if err := errors.Join(err, err2); err != nil || done.Done == 0 {
		return bill{}, fmt.Errorf("%s: %s: %d done, %d failed: %w", d.name, o.name, done.Done, done.Failed, err)
	}
	return d.bill(before, after, done.Done), nil
}

// bill shares what all parts have used between two moments among the works done
// meanwhile.
func (d *design) bill(before, after []time.Duration, done int) (b bill) {
	var parts []string
	for i, p := range d.parts {
		used := micros(after[i]-before[i]) / float64(done)
		b.total += used
		parts = append(parts, p.name+" "+number(used))
	}
	b.parts = strings.Join(parts, ", ")
	return b
}

// do is one of a run.
func (t task) do(ctx context.Context, c *load.Conn, n int) error {
	request := t.request(n)
	body, err := expect(ctx, c, request, t.status)
	if err == nil && !bytes.Contains(body, []byte(t.holds)) {
		line, _, _ := strings.Cut(string(request), "\r\n")
		err = fmt.Errorf("%s answered without %q: %s", line, t.holds, body)
	}
	return err
}

// cpu is what each part has used so far.
func (d *design) cpu() ([]time.Duration, error) {
	used := make([]time.Duration, len(d.parts))
	for i, p := range d.parts {
		var err error
		if used[i], err = p.CPU(); err != nil {
			return nil, err //nolint:wrapcheck // names the account
		}
	}
	return used, nil
}

// seedFigures are those of one operation, by design: ours first, then theirs if it was
// measured.
func seedFigures(o workload, spent [][]bill) []Figure {
	ours, rounds := smallest(spent[0])
	figures := []Figure{{Name: o.name + ": processor time, smallest round", Unit: "us", Value: ours.total, Note: rounds + "; " + o.note}}
	if len(spent) > 1 {
		theirs, rounds := smallest(spent[1])
		figures = append(figures,
			Figure{Name: o.name + ": the FastAPI design, same rounds", Unit: "us", Value: theirs.total, Note: rounds + "; of the smallest: " + theirs.parts},
			Figure{Name: o.name + ": it takes so many times ours", Unit: "x", Value: theirs.total / ours.total})
	}
	return figures
}

// smallest is the bill of the cheapest round; the note lists all.
func smallest(bills []bill) (least bill, note string) {
	totals := make([]float64, len(bills))
	for i, b := range bills {
		totals[i] = b.total
	}
	return bills[slices.Index(totals, slices.Min(totals))], "rounds: " + all(totals)
}
