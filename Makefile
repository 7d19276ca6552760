# Every command a person or CI runs. `make` alone lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
DEMO ?= 1
N ?= 1000
# Processes of tests side by side; each starts a mongod and a broker of its own.
WORKERS ?= 2

VENV := .venv
BIN := $(VENV)/bin
PACKAGES := shared services/org-units services/member services/volunteer services/aggregator \
            deploy/embedded deploy/cli
PYPROJECTS := $(PACKAGES:%=%/pyproject.toml)
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
EDITABLES := $(PACKAGES:%=-e %)
UV_COMPILE := $(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 \
              --generate-hashes --no-emit-index-url --no-header

.PHONY: help install run test check lint format bench chaos mutants lock schemas divisions clean

help: ## list these commands
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | sort \
	  | while IFS=$$'\t' read -r name what; do printf '  make %-10s %s\n' "$$name" "$$what"; done

# One stamp per lock: a later `make run` or `make test` installs nothing.
EMBEDDED := $(VENV)/.embedded.stamp
DEV := $(VENV)/.dev.stamp

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Python 3.11 or newer is needed; $(PYTHON) is $$($(PYTHON) --version 2>&1)." \
	       "Name another with: make PYTHON=python3.11 …" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
	  echo "$(PYTHON) cannot make a virtual environment: install the package python3-venv" \
	       "(Debian, Ubuntu: apt-get install python3-venv) and try again." >&2; exit 1; }

$(EMBEDDED): requirements/embedded.lock $(PYPROJECTS) | $(BIN)/python
	@echo "Installing what the registry runs on (once) …"
	@$(PIP) install --require-hashes -r requirements/embedded.lock
	@$(PIP) install --no-deps --no-build-isolation $(EDITABLES)
	@touch $@

# The development lock holds the embedded one, so this serves both stamps.
$(DEV): requirements/dev.lock $(PYPROJECTS) | $(BIN)/python
	@echo "Installing what the registry is developed with (once) …"
	@$(PIP) install --require-hashes -r requirements/dev.lock
	@$(PIP) install --no-deps --no-build-isolation $(EDITABLES)
	@touch $(EMBEDDED) $@

install: $(DEV) ## make .venv with everything, hashes checked

# `exec`: the shell becomes the supervisor, so Ctrl-C, and the SIGTERM that make passes on to its
# children, reach it directly; make then waits for it.
run: $(EMBEDDED) ## start the whole registry here (DEMO=0: chapters only, no demo people)
	@exec $(BIN)/registry up --foreground $(if $(filter 0,$(DEMO)),--no-demo,--demo)

test: $(DEV) ## the whole suite, on the real servers (WORKERS=2 side by side)
	@exec $(BIN)/python -m pytest -n $(WORKERS) $(ARGS)

check: lint ## what lint checks, and the fast tests
	@exec $(BIN)/python -m pytest -n $(WORKERS) tests/unit tests/architecture tests/contract $(ARGS)

# `make -j2 -O lint` checks two at a time.
LINTS := lint-format lint-rules lint-types lint-imports lint-schemas lint-duplicates
.PHONY: $(LINTS)

lint: $(LINTS) ## format, rules, types, import contracts, event schemas, duplicates

lint-format: $(DEV)
	$(BIN)/ruff format --check .

lint-rules: $(DEV)
	$(BIN)/ruff check .

lint-types: $(DEV)
	$(BIN)/mypy

lint-imports: $(DEV)
	$(BIN)/lint-imports

lint-schemas: $(DEV)
	$(BIN)/python -m shared.contract.published --check

lint-duplicates: $(DEV)
	$(BIN)/python -m tests.duplicates

format: $(DEV) ## format and repair what can be repaired
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(DEV) ## all benchmarks, JSON lines
	@exec $(BIN)/python -m benchmarks $(ARGS)

chaos: $(DEV) ## N crash trials (make chaos N=1000)
	@REGISTRY_CHAOS_TRIALS=$(N) exec $(BIN)/python -m pytest tests/chaos $(ARGS)

mutants: $(DEV) ## plant bugs one by one: the tests must catch each (ARGS="--only NAME")
	@exec $(BIN)/python -m tests.mutants $(ARGS)

lock: $(DEV) ## renew the locks, hashes included, without index addresses
	$(UV_COMPILE) requirements/runtime.in -o requirements/runtime.lock
	$(UV_COMPILE) requirements/build.in -o requirements/build.lock
	$(UV_COMPILE) requirements/embedded.in -c requirements/runtime.lock -c requirements/build.lock \
	  -o requirements/embedded.lock
	$(UV_COMPILE) requirements/dev.in -c requirements/embedded.lock -o requirements/dev.lock

schemas: $(DEV) ## write the event schemas and docs/asyncapi.yaml anew
	$(BIN)/python -m shared.contract.published --write

divisions: $(DEV) ## renew the administrative divisions
	$(BIN)/python -m registry_cli.divisions_build

clean: ## remove caches and the virtual environment; the data in var/ stays
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -not -path './var/*' -prune -exec rm -rf {} +
