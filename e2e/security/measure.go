package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"math/rand/v2"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"app/e2e/harness/load"
)

// measured is what came of an operation: a sample of times in microseconds and an
// answer for each variant.
type measured struct {
	op      operation
	times   [][]float64
	answers []string
}

// trimmed is the share of samples that the second t is of.
const trimmed = 0.9

// measure asks for each variant once in each round, in an order that chance makes, over
// one connection.
func (s *server) measure(ctx context.Context, op operation, samples int) (*measured, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", s.address)
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	m := &measured{op: op, times: make([][]float64, len(op.variants)), answers: make([]string, len(op.variants))}
	reader := bufio.NewReader(conn)
	const warm = 5
	for round := range samples + warm {
		for _, i := range rand.Perm(len(op.variants)) { //nolint:gosec // an order needs no secrecy
			request := load.Request(http.MethodPost, op.path, op.variants[i].encode(round))
			took, answer, err := exchange(conn, reader, request)
			if err != nil {
				return nil, errors.Join(err, ctx.Err())
			}
			if !strings.HasPrefix(answer, fmt.Sprint(op.status, "\n")) {
				return nil, fmt.Errorf("%s: answered %s", op.variants[i].name, answer)
			}
			if m.answers[i] == "" {
				m.answers[i] = answer
			}
			if answer != m.answers[i] {
				return nil, fmt.Errorf("%s: answered %s and then %s", op.variants[i].name, m.answers[i], answer)
			}
			if round >= warm {
				m.times[i] = append(m.times[i], float64(took.Nanoseconds())/1000)
			}
		}
	}
	return m, nil
}

// exchange sends a request and reads the reply; the time is from the first byte sent to
// the last received.
func exchange(conn io.Writer, reader *bufio.Reader, request []byte) (time.Duration, string, error) {
	begun := time.Now()
	if _, err := conn.Write(request); err != nil {
		return 0, "", fmt.Errorf("send: %w", err)
	}
	reply, err := http.ReadResponse(reader, nil)
	if err != nil {
		return 0, "", fmt.Errorf("receive: %w", err)
	}
	body, err := io.ReadAll(reply.Body)
	took := time.Since(begun)
	if err = errors.Join(err, reply.Body.Close()); err != nil {
		return 0, "", fmt.Errorf("receive: %w", err)
	}
	return took, canonical(reply, body), nil
}

// ids are made anew for every request.
var ids = regexp.MustCompile(`\b(req|cod)_[0-9a-z]{26}\b`)

// canonical is all of a reply that may depend on the account: without the time, the ids
// and what counts requests.
func canonical(reply *http.Response, body []byte) string {
	var out bytes.Buffer
	fmt.Fprintln(&out, reply.StatusCode)
	for _, name := range slices.Sorted(maps.Keys(reply.Header)) {
		if name != "Date" && name != "Ratelimit" {
			fmt.Fprintln(&out, name, reply.Header[name])
		}
	}
	out.Write(body)
	return ids.ReplaceAllString(out.String(), "${1}_")
}

// print writes the table of an operation and reports whether something shows.
func (m *measured) print(to io.Writer) (tells bool) {
	w := tabwriter.NewWriter(to, 0, 0, 2, ' ', tabwriter.AlignRight)
	_, _ = fmt.Fprintf(w, "%s\tmedian us\tmean us\tt\tt of %.0f %%\tanswer\t\n", m.op.name, 100*trimmed)
	for i, v := range m.op.variants {
		mean, _ := moments(m.times[i])
		_, _ = fmt.Fprintf(w, "%s\t%.0f\t%.0f\t", v.name, median(m.times[i]), mean)
		if i == 0 {
			_, _ = fmt.Fprintln(w, "\t\t\t")
			continue
		}
		all, most := welch(m.times[0], m.times[i]), welch(below(trimmed, m.times[0], m.times[i]))
		answer := "same"
		if m.answers[i] != m.answers[0] {
			answer = "DIFFERS"
		}
		verdict := ""
		if math.Abs(all) >= leak || math.Abs(most) >= leak || answer != "same" {
			verdict, tells = "<- tells", true
		}
		_, _ = fmt.Fprintf(w, "%.2f\t%.2f\t%s\t%s\n", all, most, answer, verdict)
	}
	_ = w.Flush() // to the terminal
	_, _ = fmt.Fprintln(to)
	return tells
}
