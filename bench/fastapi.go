package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"app/e2e/harness/process"
	"app/platform/freeport"
)

// debianPython has Debian's packages; a python3 that comes earlier on the path may not.
const debianPython = "/usr/bin/python3"

// fastAPINeeds are the modules that peers/fastapi imports, or that make it quick, and
// the Debian packages that have them.
var fastAPINeeds = []struct{ module, pack string }{
	{"fastapi", "python3-fastapi"}, {"uvicorn", "uvicorn"}, {"uvloop", "python3-uvloop"}, {"httptools", "python3-httptools"},
	{"httpx", "python3-httpx"}, {"MySQLdb", "python3-mysqldb"}, {"jwt", "python3-jwt"}, {"passlib", "python3-passlib"},
	{"bcrypt", "python3-bcrypt"}, {"multipart", "python3-multipart"},
}

// fastAPIAbsent lists the packages that the services need and this machine does not
// have.
func fastAPIAbsent(ctx context.Context) (packages []string, err error) {
	if !installed(debianPython) {
		return append([]string{"python3"}, packagesOf(nil)...), nil
	}
	const look = "import importlib.util, sys; print(*(m for m in sys.argv[1:] if importlib.util.find_spec(m)))"
	args := []string{"-c", look}
	for _, n := range fastAPINeeds {
		args = append(args, n.module)
	}
	out, err := exec.CommandContext(ctx, debianPython, args...).Output()
	if err != nil {
		return nil, fmt.Errorf("look for Python's modules: %w", err)
	}
	return packagesOf(strings.Fields(string(out))), nil
}

// packagesOf lists the packages of those modules that are not among the ones found.
func packagesOf(found []string) (packages []string) {
	for _, n := range fastAPINeeds {
		if !slices.Contains(found, n.module) {
			packages = append(packages, n.pack)
		}
	}
	return packages
}

// fastAPI is the design of the guide, running on one core: a gateway, the services
// behind it, each a process, and their database.
type fastAPI struct {
	bench    *bench
	core     string
	secret   string // that all services sign and verify tokens with
	services []service
	gateway  *server // the last of the services
	database *mariaDB
}

// service is one of its processes that answer requests.
type service struct {
	name string
	*server
}

// startFastAPI starts all of it. Letters go to a mail server at a loopback port.
func (b *bench) startFastAPI(ctx context.Context, core, mailPort string) (f *fastAPI, err error) {
	schema, err := os.ReadFile(filepath.Join(b.fastAPIFolder(), "schema.sql"))
	if err != nil {
		return nil, fmt.Errorf("read schema: %w", err)
	}
	f = &fastAPI{bench: b, core: core, secret: rand.Text() + rand.Text()}
	if f.database, err = b.startMariaDB(ctx, core, string(schema)); err != nil {
		return nil, err
	}
	d := f.database
	users, err := f.serve(ctx, "users", "DB_HOST="+d.host, "DB_PORT="+d.port, "DB_USER="+d.account, "DB_PASSWORD="+d.password, "DB_NAME="+d.account)
	if err != nil {
		return nil, errors.Join(err, f.close())
	}
	emails, err := f.serve(ctx, "emails", "SMTP_HOST=127.0.0.1", "SMTP_PORT="+mailPort)
	if err == nil {
		f.gateway, err = f.serve(ctx, "gateway", "ROUTES=/users="+users.url+" /emails="+emails.url)
	}
	if err != nil {
		return nil, errors.Join(err, f.close())
	}
	return f, nil
}

// startFastAPIGateway starts the gateway alone, in front of one service for products.
func (b *bench) startFastAPIGateway(ctx context.Context, core, service string) (f *fastAPI, err error) {
	f = &fastAPI{bench: b, core: core, secret: rand.Text() + rand.Text()}
	if f.gateway, err = f.serve(ctx, "gateway", "ROUTES=/v1/products="+service); err != nil {
		return nil, err
	}
	return f, nil
}

func (b *bench) fastAPIFolder() string { return filepath.Join(b.root, "bench", "peers", "fastapi") }

// serve starts one service with one worker, for there is one core, on the quick event
// loop and parser, without a log of requests.
func (f *fastAPI) serve(ctx context.Context, name string, environment ...string) (*server, error) {
	address, err := freeport.Address()
	if err != nil {
		return nil, err
	}
	host, port, _ := net.SplitHostPort(address) // of a listener: cannot fail
	p, err := process.Start(ctx, process.Options{
		Program: debianPython, Dir: f.bench.fastAPIFolder(), Core: f.core,
		Args: []string{
			"-m", "uvicorn", name + ":app", "--host", host, "--port", port, "--workers", "1", "--loop", "uvloop", "--http", "httptools",
			"--no-access-log", "--log-level", "warning",
		},
		Env: append(environment, "HOME="+f.bench.work, "PYTHONDONTWRITEBYTECODE=1", "SECRET_KEY="+f.secret),
	})
	if err != nil {
		return nil, err //nolint:wrapcheck // names the program
	}
	ready, cancel := context.WithTimeout(ctx, startPatience)
	defer cancel()
	if err := p.AwaitPort(ready, address); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", name, err), p.Stop())
	}
	s := &server{Process: p, url: "http://" + address, address: address}
	f.services = append(f.services, service{name, s})
	return s, nil
}

// parts are all that it runs, the database too.
func (f *fastAPI) parts() []part {
	list := []part{{"database", f.database.Process}}
	for _, s := range f.services {
		list = append(list, part{s.name, s.Process})
	}
	return list
}

// token is one that the gateway lets pass, good for longer than a run.
func (f *fastAPI) token() (string, error) {
	claims := jwt.MapClaims{"sub": "bench", "exp": time.Now().Add(time.Hour).Unix()}
	return jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString([]byte(f.secret)) //nolint:wrapcheck // says what it did
}

// close stops what runs, the gateway before what it asks.
func (f *fastAPI) close() (err error) {
	for _, s := range slices.Backward(f.services) {
		err = errors.Join(err, s.Stop())
	}
	if f.database != nil {
		err = errors.Join(err, f.database.close())
	}
	return err
}
