package cli

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"app/platform/host"
	"app/platform/network"
)

// splitting are the flags of serve that simulate a split.
type splitting struct {
	modules    []string
	conditions network.Conditions
}

// splitFlag begins the names of the flags that say how the simulated network is.
const splitFlag = "split-"

func (s *splitting) addFlags(c *cobra.Command) {
	f := c.Flags()
	f.StringSliceVar(&s.modules, "simulate-split", nil, "reach these modules as if each ran in a process of its own: over RPC on loopback, and by the broker if there is one")
	f.Var((*delay)(&s.conditions.Latency), splitFlag+"latency", "with --simulate-split: how much longer a call and its answer take together, such as 5ms")
	f.Var((*delay)(&s.conditions.Jitter), splitFlag+"jitter", "with --simulate-split: up to so much more, drawn for each")
	f.Var((*share)(&s.conditions.Loss), splitFlag+"loss", "with --simulate-split: share of calls and batches of events that fail, half of them after they took effect, such as 0.01 or 1%")
	f.Var((*share)(&s.conditions.Duplicate), splitFlag+"duplicate", "with --simulate-split: share of repeatable calls, and of events, that arrive twice")
	f.Uint64Var(&s.conditions.Seed, splitFlag+"seed", 0, "with --simulate-split: what the drawing begins with, to repeat a run; drawn when not given")
}

// applyTo puts the flags into the options.
func (s *splitting) applyTo(c *cobra.Command, o *host.Options) error {
	o.Split, o.Network = s.modules, s.conditions
	if len(s.modules) == 0 {
		var lonely error
		c.Flags().Visit(func(f *pflag.Flag) {
			if strings.HasPrefix(f.Name, splitFlag) && lonely == nil {
				lonely = &usageError{fmt.Errorf("--%s is about --simulate-split, which is not given", f.Name)}
			}
		})
		return lonely
	}
	if !c.Flags().Changed(splitFlag + "seed") {
		o.Network.Seed = uint64(rand.Uint32()) //nolint:gosec // a simulation; short enough to be typed again
	}
	return nil
}

// printSplit says in the banner what is simulated.
func printSplit(out io.Writer, split []string, n *network.Network) {
	if n != nil {
		_, _ = fmt.Fprintf(out, "  simulated split: %s, %s\n\n", strings.Join(split, ", "), n.Conditions())
	}
}

// printSummary says at the end what the split has done.
func printSummary(out io.Writer, n *network.Network) {
	if n == nil {
		return
	}
	lines := n.Summary()
	if len(lines) == 0 {
		_, _ = fmt.Fprintln(out, "simulated split: nothing crossed it")
		return
	}
	_, _ = fmt.Fprintln(out, "simulated split:")
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	_, _ = fmt.Fprintln(w, "what\tfrom\tto\tmessages\tp50 ms\tp99 ms\tlost\trepeated\t")
	for _, l := range lines {
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%.1f\t%.1f\t%d\t%d\t\n", l.Kind, l.From, l.To, l.Messages,
			milliseconds(l.P50), milliseconds(l.P99), l.Lost(), l.Repeated)
	}
	_ = w.Flush()
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// delay is a flag for a time up to network.MaxDelay.
type delay time.Duration

// String implements pflag.Value.
func (d *delay) String() string { return time.Duration(*d).String() }

// Type implements pflag.Value.
func (*delay) Type() string { return "duration" }

// Set implements pflag.Value.
func (d *delay) Set(text string) error {
	v, err := time.ParseDuration(text)
	if err != nil {
		return errors.New("not a time with its unit, such as 5ms or 1.5s")
	}
	if v < 0 || v > network.MaxDelay {
		return fmt.Errorf("must be from 0s to %s", network.MaxDelay)
	}
	*d = delay(v)
	return nil
}

// share is a flag for a part of a whole, as 0.01 or 1%.
type share float64

// String implements pflag.Value.
func (s *share) String() string { return strconv.FormatFloat(float64(*s), 'g', -1, 64) }

// Type implements pflag.Value.
func (*share) Type() string { return "share" }

// Set implements pflag.Value.
func (s *share) Set(text string) error {
	number, percent := strings.CutSuffix(text, "%")
	v, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if err != nil {
		return errors.New("not a share such as 0.01 or 1%")
	}
	if percent {
		v /= 100
	}
	if !(v >= 0 && v <= 1) { // not a number is neither
		return errors.New("must be from 0 to 1, or 0% to 100%")
	}
	*s = share(v)
	return nil
}
