# Needs Python 3.11 or newer, make and a package index; everything else comes into .venv.
# PORT, DATABASE_URL and INSTANCE_DIR reach every target, from the environment or as `make run PORT=8001`.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# How many tests run at the same time on two cores: some wait for browsers and deaths meanwhile;
# with three, the cores stood still for a tenth of the time.
WORKERS ?= 4
# One of the proofs, by the name of its file; without it `make soak` runs them all.
PROOF ?=
# How long thirty days take there, on each database.
SOAK_MINUTES ?= 30
# The LiteLLM that `make litellm` runs, in a Python of its own.
LITELLM ?= litellm[proxy]==1.108.7
# For how many seconds we are away there, not listening and then without a database.
AWAY ?=
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
COMPILE := uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-header -q --group build

# Each of the many programs that the tests start would compile all modules anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: run test check lint format types templates weaknesses structure tests_compiled bench soak \
	litellm translations lock help from_debian

run: $(VENV)/.installed ## install, migrate, load the demo and serve until Ctrl-C
	@exec $(BIN)/billing run

test: $(VENV)/.installed-dev from_debian ## run every test, on SQLite and on PostgreSQL
	$(BIN)/python -m pytest -n $(WORKERS) --no-loadscope-reorder

check: lint structure ## check format, lint, types, templates, weaknesses, architecture and migrations

lint: format types templates weaknesses

format: $(VENV)/.installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(VENV)/.installed-dev
	$(BIN)/mypy

templates: $(VENV)/.installed-dev
	$(BIN)/djlint --lint --quiet templates

weaknesses: $(VENV)/.installed-dev
	$(BIN)/bandit --quiet --recursive --configfile pyproject.toml app

structure: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -q tests/architecture tests/migrations

# Before several processes read all tests at the same time, and each compiles each of them.
tests_compiled: $(VENV)/.installed-dev
	@$(BIN)/python -m pytest -q -n 0 --collect-only >$(VENV)/collected.txt \
		|| { cat $(VENV)/collected.txt; exit 1; }

bench: $(VENV)/.installed-dev ## measure, print a table and write instance/bench.json; LONG=1 adds ten million records
	$(BIN)/python -m tests.benchmarks

soak: $(VENV)/.installed-dev from_debian ## run the proofs in their long form, or one: PROOF=races
	SOAK=1 SOAK_MINUTES=$(SOAK_MINUTES) WHOLE_YEAR=1 $(BIN)/python -m pytest -n 0 -v -s --durations=0 \
		$(if $(PROOF),tests/proofs/test_$(PROOF).py,tests/proofs tests/trace tests/properties tests/entrypoints)

litellm: $(VENV)/.installed-dev ## run LiteLLM's own proxy against us; each request must be billed once
	$(PYTHON) -m venv $(VENV)/litellm
	$(VENV)/litellm/bin/python -m pip --disable-pip-version-check --quiet install '$(LITELLM)'
	$(BIN)/python -m tests.gateways $(VENV)/litellm/bin/litellm $(AWAY)

translations: $(VENV)/.installed-dev ## bring the catalogs of translations in line with the source
	$(BIN)/python -m tests.translations

lock: ## renew the locked requirements (needs uv)
	$(COMPILE) -o requirements.txt
	$(COMPILE) --group dev -o requirements-dev.txt

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# The stamps remember which locked requirements stand in .venv.
$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed; name one with PYTHON=python3.11" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.installed: requirements.txt pyproject.toml | $(VENV)/.made
	@echo "Installing the locked requirements into $(VENV) …"
	@$(PIP) install --require-hashes -r requirements.txt
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.installed-dev: requirements-dev.txt $(VENV)/.installed
	@echo "Installing the development tools into $(VENV) …"
	@$(PIP) install --require-hashes -r requirements-dev.txt
	@touch $@

# The browser journeys drive Debian's Chromium, and what machines share is tried on Debian's Redis;
# where one of them cannot be had, its tests are skipped, and say so.
from_debian:
	@missing=; \
	command -v chromium-headless-shell >/dev/null || command -v chromium >/dev/null \
		|| missing=chromium-headless-shell; \
	command -v redis-server >/dev/null || missing="$$missing redis-server"; \
	[ -z "$$missing" ] || { \
		if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
			echo "Installing for the tests:" $$missing …; \
			{ apt-get -qq -o Acquire::Retries=1 -o Acquire::http::Timeout=30 update \
				&& DEBIAN_FRONTEND=noninteractive apt-get -qq -y -o Acquire::Retries=1 \
					-o Acquire::http::Timeout=30 install --no-install-recommends $$missing \
					>/dev/null; } </dev/null \
				|| echo "Could not be installed:" $$missing "- the tests that need it will be skipped."; \
		else \
			echo "Only root can install here:" $$missing "- the tests that need it will be skipped."; \
		fi; }
