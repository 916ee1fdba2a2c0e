# What can be done here. `make` alone lists it; every target says what it does after `##`.

SHELL := /bin/bash
# Debian keeps the broker in /usr/sbin, which a person's PATH often lacks.
export PATH := $(PATH):/usr/sbin:/sbin
CARGO ?= cargo
BUILT := $(or $(CARGO_TARGET_DIR),target)

.DEFAULT_GOAL := help
.PHONY: help setup model model-check model-build build demo test soak browser peers bench lint cross deb trydeb hooks clean
MAKEFLAGS += --no-print-directory

help: ## list these targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "  make %-7s %s\n", $$1, $$2 }'

setup: ## install what this machine lacks (Debian; asks for sudo only if needed)
	@scripts/setup.sh build broker

model: setup ## check the shipped sentence encoder, download its runtime
	@python3 models/verify.py
	@python3 models/runtime.py

model-check: build ## prove the shipped encoder's hash and figures
	@python3 models/verify.py --figures target/release/clubos

model-build: setup ## tune and build the encoder from nothing, hold it against the shipped one (PUBLIC=folder with the public training data)
	@python3 models/build.py $(or $(PUBLIC),$(error PUBLIC is missing, see models/README.md))

build: model ## build target/release/clubos
	$(CARGO) build --release --locked
	@if [ "$(BUILT)" != target ]; then install -D -t target/release "$(BUILT)/release/clubos" "$(BUILT)/release/clubos-agent"; fi
	@echo "reading the corpus once (a minute, the first time)"
	@target/release/clubos classify </dev/null

demo: build ## start a whole simulated club on http://localhost:8080
	target/release/clubos demo

test: model ## run every check and test, in at most 25 minutes
	@scripts/test.sh

soak: model ## the same tests with the full counts
	@CLUBOS_SOAK=1 scripts/test.sh soak

browser: build ## an escalation rings and falls silent in a real browser (Firefox, no screen; a minute)
	@scripts/setup.sh browser broker
	@tests/browser/push.py --program target/release/clubos --pictures run/browser

peers: setup ## programs that others wrote against ours (Home Assistant, LNXlink, aioshelly ...; downloads 1 GB once)
	@scripts/with_peers.sh

bench: model ## measure
	$(CARGO) bench --locked

lint: setup ## formatting, clippy, shell scripts, licences
	@scripts/lint.sh

cross: ## build for the 64-bit ARM box and try it under emulation
	@scripts/cross.sh

deb: build ## make the Debian package in target/debian/
	@scripts/setup.sh package
	@packaging/deb.sh

trydeb: deb ## install the package in a real Debian, start, kill, remove it
	@tests/packaging.sh

hooks: ## let git run the quick checks before each commit
	git config core.hooksPath .githooks

clean: ## remove what was built (the model stays)
	$(CARGO) clean
