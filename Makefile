# `make help` says what there is.
SHELL := /bin/sh
BIN := node_modules/.bin
ARGS ?=
BENCH ?=

.DEFAULT_GOAL := help

.PHONY: help demo tour test test-chaos test-vpp test-lab lint unit integration bench build build-all install deb fix docs generate fuzz nightly clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: build ## the main job, end to end, on this machine: one overlay over three hosts
	@scripts/demo.sh

tour: build ## the demo's three hosts, and a shell among them
	@scripts/demo.sh --shell

test: build-all ## installs, builds, lints, runs every test that this machine can run
	@scripts/need.sh ip=iproute2 ping=iputils-ping tcpdump=tcpdump strace=strace flock=util-linux etcd=etcd-server etcdctl=etcd-client || true
	@$(MAKE) --no-print-directory lint
	@$(BIN)/c8 node dist/test/run.js

lint: build-all ## eslint, prettier, import rules, buf lint, documents against the code
	@echo '== lint'
	@$(BIN)/eslint .
	@$(BIN)/prettier --check --log-level warn .
	@$(BIN)/depcruise src --config .dependency-cruiser.cjs
	@$(BIN)/buf lint
	@echo 'lint: clean'

unit: build-all ## test/unit only
	@node dist/test/run.js unit

integration: build-all ## test/integration only
	@node dist/test/run.js integration

test-vpp: build-all ## the contract on a real VPP: that in VPP_PREFIX, else that on the PATH
	@node dist/test/run.js vpp

test-lab: build-all ## host preparation on a real kernel: a QEMU guest with SR-IOV NICs and an IOMMU
	@scripts/need.sh ip=iproute2 flock=util-linux
	@node dist/test/lab/run.js

test-chaos: build-all ## a random campaign of faults: SEED=… (else one that it prints), MINUTES=… (5)
	@scripts/need.sh ip=iproute2 ping=iputils-ping flock=util-linux etcd=etcd-server etcdctl=etcd-client
	@SEED=$(SEED) MINUTES=$(MINUTES) node dist/test/chaos/run.js

fuzz: build-all ## the fuzzers, 100,000 cases each
	@NFVD_FUZZ_CASES=100000 $(BIN)/mocha --timeout 0 'dist/test/**/*fuzz*.test.js'

nightly: fuzz

bench: build-all ## the benchmarks; BENCH=store for one, ARGS=--json for JSON lines
	@node dist/bench/run.js $(BENCH) $(ARGS)

build: install
	@scripts/generate-rpc-types.sh && $(BIN)/tsc -b src demo

build-all: install
	@scripts/generate-rpc-types.sh && $(BIN)/tsc -b

deb: build ## dist/nfvd_VERSION_ARCH.deb, for Debian and Ubuntu
	@scripts/make-deb.sh

install: node_modules/.package-lock.json

node_modules/.package-lock.json: package.json package-lock.json
	@scripts/need.sh node=nodejs npm=npm
	@node -e 'process.versions.node.split(".")[0] >= 20 || (console.error("nfvd needs Node 20 or newer; this is " + process.version), process.exit(1))'
	@echo 'installing npm packages'
	@npm ci --no-audit --no-fund --loglevel=error
	@touch $@

fix: install ## lets eslint and prettier mend what they can
	@$(BIN)/eslint --fix . ; $(BIN)/prettier --write --log-level warn .

docs: build-all ## writes the parts of docs/ that are made from the code
	@node dist/test/support/write-docs.js

generate: build-all ## writes src/vpp-api/generated from the API definitions in test/fixtures
	@node dist/test/support/write-vpp-generated.js

clean: ## removes what was built
	rm -rf dist coverage src/rpc/gen
