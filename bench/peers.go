package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"app/bench/process"
)

// peerPrograms are the well-known servers that can stand in the gateway's place. They pass requests on; they neither verify tokens nor
// count callers.
var peerPrograms = []peerProgram{
	{"nginx", "nginx.conf", func(configuration, folder string) []string {
		return []string{"-e", "stderr", "-p", folder, "-c", configuration}
	}},
	{"haproxy", "haproxy.cfg", func(configuration, _ string) []string { return []string{"-db", "-q", "-f", configuration} }},
	{"caddy", "Caddyfile", func(configuration, _ string) []string {
		return []string{"run", "--adapter", "caddyfile", "--config", configuration}
	}},
}

// peerProgram is how to run one of them in the foreground.
type peerProgram struct {
	name          string
	configuration string // file in the folder peers, see fillIn
	args          func(configuration, folder string) []string
}

// peer is one that runs.
type peer struct {
	name     string
	server   *server
	headers  []string // that each request to it has besides
	verifies bool     // whether it looks at the token of each request
}

// startPeers runs those that are installed on one core, in front of a module's address, and names the others.
func (b *bench) startPeers(ctx context.Context, core, module string) (running []peer, absent []string, err error) {
	for _, program := range peerPrograms {
		path, err := findServer(program.name)
		if err != nil {
			absent = append(absent, program.name)
			continue
		}
		s, err := b.startPeer(ctx, program, path, core, module)
		if err != nil {
			for _, p := range running {
				err = errors.Join(err, p.server.Stop())
			}
			return nil, nil, fmt.Errorf("%s: %w", program.name, err)
		}
		running = append(running, peer{name: program.name, server: s})
	}
	return running, absent, nil
}

// findServer looks for a program where servers are kept too, which is not on everybody's path.
func findServer(name string) (string, error) {
	if path, err := exec.LookPath(name); err == nil {
		return path, nil
	}
	return exec.LookPath(filepath.Join("/usr/sbin", name)) //nolint:wrapcheck // its meaning is the verdict
}

// installed tells whether all programs are there.
func installed(names ...string) bool {
	return !slices.ContainsFunc(names, func(name string) bool {
		_, err := findServer(name)
		return err != nil
	})
}

func (b *bench) startPeer(ctx context.Context, program peerProgram, path, core, module string) (*server, error) {
	address, err := freeAddress(ctx)
	if err != nil {
		return nil, err
	}
	folder, err := os.MkdirTemp(b.work, program.name+"-")
	if err != nil {
		return nil, fmt.Errorf("make folder: %w", err)
	}
	template, err := os.ReadFile(filepath.Join(b.root, "bench", "peers", program.configuration))
	if err != nil {
		return nil, fmt.Errorf("read configuration: %w", err)
	}
	configuration := filepath.Join(folder, program.configuration)
	if err := os.WriteFile(configuration, []byte(fillIn(string(template), address, module, folder)), 0o600); err != nil {
		return nil, fmt.Errorf("write configuration: %w", err)
	}
	p, err := process.Start(ctx, process.Options{Program: path, Args: program.args(configuration, folder), Env: []string{"HOME=" + folder}, Dir: folder, Core: core})
	if err != nil {
		return nil, err //nolint:wrapcheck // names the program
	}
	ready, cancel := context.WithTimeout(ctx, startPatience)
	defer cancel()
	if err := p.AwaitPort(ready, address); err != nil {
		return nil, errors.Join(err, p.Stop())
	}
	return &server{Process: p, url: "http://" + address, address: address}, nil
}

// fillIn completes a peer's configuration: @LISTEN@ is where it listens, @PORT@ the port of that, @MODULE@ the address behind it, @FOLDER@
// a folder of its own.
func fillIn(template, listen, module, folder string) string {
	port := listen[strings.LastIndexByte(listen, ':')+1:]
	return strings.NewReplacer("@LISTEN@", listen, "@PORT@", port, "@MODULE@", module, "@FOLDER@", folder).Replace(template)
}
