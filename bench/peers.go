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

	"app/e2e/harness/process"
	"app/platform/freeport"
)

// peerPrograms are the well-known servers that can stand in the gateway's place. They
// pass requests on; they neither verify tokens nor count callers.
var peerPrograms = []peerProgram{
	{name: "nginx", configuration: "nginx.conf", args: []string{"-e", "stderr", "-p", "@FOLDER@", "-c", "@CONFIGURATION@"}},
	{name: "haproxy", configuration: "haproxy.cfg", args: []string{"-db", "-q", "-f", "@CONFIGURATION@"}},
	{name: "caddy", configuration: "Caddyfile", args: []string{"run", "--adapter", "caddyfile", "--config", "@CONFIGURATION@"}},
	{name: "traefik", ahead: true, configuration: "traefik/routes.yml", args: []string{
		"--entryPoints.gateway.address=@LISTEN@", "--providers.file.filename=@CONFIGURATION@", "--log.level=ERROR",
		"--global.checkNewVersion=false", "--global.sendAnonymousUsage=false",
	}},
	{name: "lura", source: "lura", configuration: "lura/lura.json", args: []string{"@CONFIGURATION@"}},
}

// peerProgram is how to run one of them in the foreground.
type peerProgram struct {
	name          string
	source        string   // folder in the folder peers of the Go module that it is built from; "" for those that are installed
	ahead         bool     // whether it takes so long to build that make bench-peers does it, once
	configuration string   // file in the folder peers, see fillIn
	args          []string // see fillIn; @CONFIGURATION@ is the file that was filled in
}

// peerGrowth is how much garbage those written in Go collect at, in percent of what is
// in use: as much as ours.
const peerGrowth = "400"

// peer is one that runs.
type peer struct {
	name     string
	server   *server
	headers  []string // that each request to it has besides
	verifies bool     // whether it looks at the token of each request
}

// startPeers runs those that are to be had here on one core, in front of a module's
// address, and says which are not, and why.
func (b *bench) startPeers(ctx context.Context, core, module string) (running []peer, absent []string, err error) {
	for _, program := range peerPrograms {
		path, missing := b.obtain(ctx, program)
		if missing != "" {
			absent = append(absent, program.name+" ("+missing+")")
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

// obtain finds a program, or builds it from modules of exact versions, and says why
// there is none. What the go command says of it is for whoever waits for the run: it
// names the places of this machine.
func (b *bench) obtain(ctx context.Context, program peerProgram) (path, missing string) {
	if program.ahead {
		path = filepath.Join(b.root, "bench", "out", program.name)
		if _, err := os.Stat(path); err != nil {
			return "", "not built here: make bench-peers"
		}
		return path, ""
	}
	if program.source == "" {
		path, err := findServer(program.name)
		if err != nil {
			return "", "not installed here"
		}
		return path, ""
	}
	path = filepath.Join(b.work, program.name)
	for _, step := range []struct {
		args   []string
		failed string
	}{
		{[]string{"list", "-deps", "-mod=readonly", "."}, "its Go modules are not to be had here"},
		{[]string{"build", "-mod=readonly", "-trimpath", "-ldflags=-s -w", "-o", path, "."}, "does not build here"},
	} {
		run := exec.CommandContext(ctx, "go", step.args...)
		run.Dir = filepath.Join(b.root, "bench", "peers", program.source)
		run.Env = append(run.Environ(), "GOWORK=off")
		if said, err := run.CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "%s: go %s: %v\n%s", program.name, step.args[0], err, said)
			return "", step.failed
		}
	}
	return path, ""
}

// findServer looks for a program where servers are kept too, which is not on
// everybody's path.
func findServer(name string) (string, error) {
	if path, err := exec.LookPath(name); err == nil {
		return path, nil
	}
	return exec.LookPath(filepath.Join("/usr/sbin", name)) //nolint:wrapcheck // its meaning is the verdict
}

// installed reports whether all programs are there.
func installed(names ...string) bool {
	return !slices.ContainsFunc(names, func(name string) bool {
		_, err := findServer(name)
		return err != nil
	})
}

func (b *bench) startPeer(ctx context.Context, program peerProgram, path, core, module string) (*server, error) {
	address, err := freeport.Address()
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
	configuration := filepath.Join(folder, filepath.Base(program.configuration))
	if err := os.WriteFile(configuration, []byte(fillIn(string(template), address, module, folder)), 0o600); err != nil {
		return nil, fmt.Errorf("write configuration: %w", err)
	}
	args := make([]string, len(program.args))
	for i, arg := range program.args {
		args[i] = strings.ReplaceAll(fillIn(arg, address, module, folder), "@CONFIGURATION@", configuration)
	}
	environment := []string{"HOME=" + folder, "GOGC=" + peerGrowth}
	p, err := process.Start(ctx, process.Options{Program: path, Args: args, Env: environment, Dir: folder, Core: core})
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

// fillIn completes a peer's configuration: @LISTEN@ is where it listens, @PORT@ the
// port of that, @MODULE@ the address behind it, @FOLDER@ a folder of its own.
func fillIn(template, listen, module, folder string) string {
	port := listen[strings.LastIndexByte(listen, ':')+1:]
	return strings.NewReplacer("@LISTEN@", listen, "@PORT@", port, "@MODULE@", module, "@FOLDER@", folder).Replace(template)
}
