# Needs Python >= 3.11, make and git. Everything else is installed into .venv, in locked versions
# (requirements/), by the first call of a target.

PYTHON ?= python3
PYTEST_ARGS ?=
TORTURE_MINUTES ?= 5
TORTURE_ARGS ?=
LOCK_ARGS ?=

BIN := .venv/bin
UV := $(BIN)/uv
INSTALL := $(UV) pip install --quiet --python $(BIN)/python
COMPILE := $(UV) pip compile --quiet --python-version 3.11 --universal --generate-hashes \
	--custom-compile-command 'make lock' $(LOCK_ARGS)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup demo test test-all torture bench lint lock vendor clean

help: ## Show this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "%-16s %s\n", $$1, $$2 }'

setup: .venv/.all ## Install everything into .venv: the command, Airflow, what tests and lint need

demo: .venv/.core ## Run the demo: two embedded PostgreSQL servers, a seeded shop, a warehouse, a day of changes
	$(BIN)/fdwarehouse demo

test: .venv/.all ## Run the tests (PYTEST_ARGS="-k name" for some of them)
	$(BIN)/python -m pytest -n logical --dist worksteal $(PYTEST_ARGS)

test-all: .venv/.all ## Run all tests, including slow ones and those that need Docker
	$(BIN)/python -m pytest -n logical --dist worksteal -m '' $(PYTEST_ARGS)

torture: .venv/.all ## Run writers, runs, crashes and deploys concurrently, and compare every row (TORTURE_MINUTES=30)
	$(BIN)/python -m tests.torture --minutes $(TORTURE_MINUTES) $(TORTURE_ARGS)

bench: .venv/.core benchmarks/.venv/.peers ## Compare it with other tools (BENCH_SCALE=0.01 BENCH_REPEATS=1 BENCH_ONLY=pipeline)
	$(BIN)/python -m benchmarks

lint: .venv/.all ## Check the Python (ruff, mypy) and the rendered SQL (sqlfluff, PL/pgSQL)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m tests.sql_lint

vendor: ## Fetch the JavaScript libraries of the site again, and bundle them (needs node and npm)
	cd orchestration/fdwarehouse/site/vendoring && npm ci --ignore-scripts --no-audit --no-fund && node bundle.mjs

lock: .venv/.uv ## Resolve requirements/ again (LOCK_ARGS=--upgrade for the newest versions)
	$(COMPILE) pyproject.toml --extra embedded --extra airflow --extra openlineage --group uv --group build --group dev -o requirements/all.txt
	$(COMPILE) pyproject.toml --extra embedded --group uv --group build -c requirements/all.txt --no-annotate -o requirements/core.txt
	$(COMPILE) --group uv -c requirements/all.txt --no-annotate -o requirements/uv.txt
	$(COMPILE) --group bench --no-annotate -o benchmarks/requirements.txt

clean: ## Remove installed, built and cached files (but not the embedded servers' data)
	@if [ -d .fdwarehouse ] && [ -x $(BIN)/fdwarehouse ]; then $(BIN)/fdwarehouse down; fi
	rm -rf .venv benchmarks/.venv build dist .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Each stamp is newer than the files that it depends on.

.venv/.uv: requirements/uv.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo 'Python 3.11 or newer is needed; $(PYTHON) is' "$$($(PYTHON) --version 2>&1)." \
		'Choose another one: make PYTHON=python3.12' >&2; exit 2; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo '$(PYTHON) cannot create virtual environments. On Debian and Ubuntu: apt-get install python3-venv' >&2; exit 2; }
	@echo 'Installing into .venv'
	@$(PYTHON) -m venv --clear .venv
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements/uv.txt
	@touch $@

.venv/.core: .venv/.uv requirements/core.txt pyproject.toml
	@$(INSTALL) --require-hashes -r requirements/core.txt
	@$(INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

.venv/.all: .venv/.core requirements/all.txt
	@$(INSTALL) --require-hashes -r requirements/all.txt
	@touch $@

benchmarks/.venv/.peers: .venv/.uv benchmarks/requirements.txt
	@echo 'Installing into benchmarks/.venv'
	@$(UV) venv --quiet --clear --python $(BIN)/python benchmarks/.venv
	@$(UV) pip install --quiet --python benchmarks/.venv/bin/python --require-hashes -r benchmarks/requirements.txt
	@touch $@
