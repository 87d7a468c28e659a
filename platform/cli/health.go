package cli

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"app/platform/config"
)

func (p *Program) healthCommand() *cobra.Command {
	var live bool
	var url string
	var timeout time.Duration
	c := &cobra.Command{
		Use:   "health",
		Short: "Ask a running process whether it is ready; exit code 0 or 1",
		Long: "Health asks /ready (or /live) of the process that listens at HTTP_ADDR, and prints what it says. Of a process on this machine\n" +
			"that is not ready it also prints the reasons, which only ADMIN_ADDR tells. It is meant for images without a shell and for\n" +
			"health checks of compose files.",
		Example: "  app health\n  app health --live\n  app health --url=http://catalog:8080",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			admin := ""
			if url == "" {
				var platform config.Platform
				if err := config.Load(p.Environment, &platform); err != nil {
					return fmt.Errorf("read the configuration: %w", err)
				}
				url = localURL(platform.HTTPAddr)
				if platform.AdminAddr != config.AddressOff {
					admin = localURL(platform.AdminAddr)
				}
			}
			path := "/ready"
			if live {
				path = "/live"
			}
			ctx, cancel := context.WithTimeout(c.Context(), timeout)
			defer cancel()
			err := p.checkHealth(ctx, strings.TrimSuffix(url, "/")+path)
			if err != nil && !live && admin != "" {
				_ = p.checkHealth(ctx, admin+"/ready") // what it prints is all there is to gain
			}
			return err
		},
	}
	c.Flags().BoolVar(&live, "live", false, "ask whether it answers at all instead of whether it is ready")
	c.Flags().StringVar(&url, "url", "", "base URL to ask (default: HTTP_ADDR on this machine)")
	c.Flags().DurationVar(&timeout, "timeout", 3*time.Second, "how long to wait for the answer")
	return c
}

// localURL is the URL of a listen address as seen from this machine.
func localURL(addr string) string {
	hostname, port, err := net.SplitHostPort(addr)
	if ip := net.ParseIP(hostname); err == nil && (hostname == "" || ip != nil && ip.IsUnspecified()) {
		addr = net.JoinHostPort("127.0.0.1", port)
	}
	return "http://" + addr
}

func (p *Program) checkHealth(ctx context.Context, url string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return fmt.Errorf("ask %s: %w", url, err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("no answer: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	_, _ = io.Copy(p.Out, io.LimitReader(response.Body, 1<<16))
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", url, response.Status)
	}
	return nil
}
