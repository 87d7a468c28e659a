# Souk. `make help` lists the targets. Tools are pinned in tools/go.mod and tools/lint/go.mod, in modules of
# their own so that their dependencies stay out of the application's.

GO  ?= go
BUF := GOWORK=off $(GO) tool -modfile=tools/go.mod buf

# The paths of tools that look at Go code: they need the workspace, which a -modfile does not go with.
GOTESTSUM   = $$(GOWORK=off $(GO) tool -n -modfile=tools/go.mod gotestsum)
GOLANGCI    = $$(GOWORK=off $(GO) tool -n -modfile=tools/lint/go.mod golangci-lint)
GOVULNCHECK = $$(GOWORK=off $(GO) tool -n -modfile=tools/lint/go.mod govulncheck)

# The program, the scenarios and the benchmarks: the modules of go.work.
ALL := ./... ./e2e/... ./bench/...

# The contracts as last released: what a rolling update and a waiting event still speak.
BASELINE := tools/contracts-baseline.binpb

# Extra arguments of `go test`, such as TESTFLAGS='-run TestCheckout -count=1'.
TESTFLAGS ?=
PKG       ?= $(ALL)

# SQLite is C translated to Go, over memory outside Go's heap, where the race detector looks at nothing: watching
# it finds nothing and takes most of the time. The driver, which shares memory with our code, is watched.
RACE := -race $(foreach p,modernc.org/sqlite/lib modernc.org/libc/... modernc.org/memory,-gcflags=$(p)=-race=false)

.DEFAULT_GOAL := help

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: run
run: ## serve every module on 127.0.0.1:8080, no configuration needed
	$(GO) run . serve --all

.PHONY: test
test: ## run the tests (PKG=./modules/orders/... TESTFLAGS=-v)
	$(GOTESTSUM) --format pkgname --format-hide-empty-pkg -- $(TESTFLAGS) $(PKG)

.PHONY: test-race
test-race: ## run the tests under the race detector
	$(GOTESTSUM) --format pkgname --format-hide-empty-pkg -- $(RACE) $(TESTFLAGS) $(PKG)

.PHONY: faults
faults: ## break everything while buyers check out: make faults SEED=17, or SEEDS=1-100
	$(GO) test ./e2e/faults -count=1 -v -timeout=0 -run='^TestFaults$$' -args -seeds='$(or $(SEEDS),$(SEED))'

.PHONY: lint
lint: ## check style, correctness, and that contracts stay compatible
	$(GOLANGCI) run $(ALL)
	$(BUF) lint
	@if [ -f $(BASELINE) ]; then \
		echo '$(BUF) breaking --against $(BASELINE)'; $(BUF) breaking --against $(BASELINE); \
	else \
		echo 'no contracts released yet ($(BASELINE)): nothing to stay compatible with'; \
	fi

.PHONY: format
format: ## format Go and proto files
	$(GOLANGCI) fmt
	$(BUF) format -w

.PHONY: vuln
vuln: ## look for known vulnerabilities (asks vuln.go.dev)
	$(GOVULNCHECK) $(ALL)

.PHONY: generate
generate: ## regenerate code from the proto files
	$(BUF) generate

# Contract folders hold proto files and what is generated from them, so any change there after a
# regeneration is generated code that was not committed.
.PHONY: generate-check
generate-check: generate ## fail if committed generated code is not what the proto files give
	@stale=$$(git ls-files --cached --others --exclude-standard -- '*.proto' | xargs -r dirname | sort -u \
		| sed 's|^|:(glob)|; s|$$|/*.go|' | xargs -r git status --porcelain --untracked-files=all --); \
	if [ -n "$$stale" ]; then \
		echo 'generated code differs from what is committed; run make generate and commit:'; echo "$$stale"; exit 1; \
	fi

.PHONY: contracts-release
contracts-release: ## record the contracts as released: later ones must stay compatible
	$(BUF) build --exclude-source-info -o $(BASELINE)

.PHONY: module
module: ## start a new module: make module name=coupons
	@[ -n '$(name)' ] || { echo 'usage: make module name=coupons' >&2; exit 2; }
	$(GO) run ./platform/scaffold -name='$(name)'

.PHONY: compose
compose: ## write what follows from the declarations: compose*.yaml, the broker's definitions
	$(GO) run ./platform/scaffold -compose

.PHONY: mutations
mutations: ## break the code on purpose and see the tests fail (ONLY=05 for one patch)
	$(GO) run ./e2e/mutations $(if $(ONLY),-only='$(ONLY)')

.PHONY: bench
bench: ## measure and write the report, or one row of it: make bench ROW=checkout; how cost grows: GROWTH=1
	$(GO) run ./bench $(if $(ROW),-row='$(ROW)') $(if $(GROWTH),-growth)

.PHONY: bench-peers
bench-peers: ## build Traefik, a peer of rows 4 and 5: some ten minutes, once
	CGO_ENABLED=0 GOWORK=off $(GO) build -C bench/peers/traefik -mod=readonly -o ../../out/traefik github.com/traefik/traefik/v3/cmd/traefik

.PHONY: security
security: ## measure whether time or answers tell who has an account (SAMPLES=500)
	$(GO) run ./e2e/security $(if $(SAMPLES),-samples='$(SAMPLES)')

IMAGE    ?= souk
VERSION  ?= $(shell git describe --tags --always --dirty)
REVISION ?= $(shell git rev-parse HEAD)

# The build has the host's network and takes modules from where the host does.
.PHONY: image
image: ## build the container image souk (IMAGE, VERSION; TARGET for a stage of it)
	docker build --network=host --build-arg GOPROXY='$(shell $(GO) env GOPROXY)' \
		--build-arg VERSION='$(VERSION)' --build-arg REVISION='$(REVISION)' $(if $(TARGET),--target='$(TARGET)') -t '$(IMAGE)' .

.PHONY: up
up: image ## run a container for each module, on MySQL and RabbitMQ, on 127.0.0.1:8080
	deploy/secrets.sh
	SOUK_IMAGE='$(IMAGE)' docker compose up -d --no-build --wait --wait-timeout 120

.PHONY: demo
demo: image ## like up, with what belongs to development switched on: mailbox, test payments, approval by nobody
	deploy/secrets.sh
	DEV_PAGES=on PAYMENTS_TEST=on MERCHANTS_AUTO_APPROVE=on USERS_FACTOR_REQUIRED=off SOUK_IMAGE='$(IMAGE)' \
		docker compose up -d --no-build --wait --wait-timeout 120

.PHONY: test-compose
test-compose: image ## run the scenarios against containers of their own (needs Docker)
	SOUK_IMAGE='$(IMAGE)' deploy/test.sh
