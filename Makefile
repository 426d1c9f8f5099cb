# Two commands do everything: `make run` and `make test`. Each sets up what it needs and is quick
# the second time.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUNTIME := $(VENV)/.runtime
TOOLS := $(VENV)/.tools
MODULES := frontend/node_modules/.installed
BUNDLE := app/static/dist/.built
PACKAGES := app processes services forms bpmn feel config.py wsgi.py
SOURCES := $(shell find frontend -path frontend/node_modules -prune -o -type f -print 2>/dev/null)

export HOST ?= 127.0.0.1
export PORT ?= 8000

.PHONY: run test lint types tests bench setup build lock clean

run: $(RUNTIME) $(BUNDLE)
	@exec $(BIN)/flask start

setup: $(RUNTIME) $(TOOLS) $(BUNDLE)

test: setup browser lint types tests

lint: $(TOOLS) $(MODULES)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-cache
	$(BIN)/djlint app/templates --lint --quiet
	npm --prefix frontend run --silent check

types: $(TOOLS)
	$(BIN)/mypy $(PACKAGES)

tests: $(TOOLS) $(BUNDLE) browser
	$(BIN)/pytest -n auto --dist worksteal

bench: $(TOOLS) $(BUNDLE)
	$(BIN)/python -m benchmarks

build: $(BUNDLE)

# The exact versions with their hashes, from the loose list in pyproject.toml.
lock: $(TOOLS)
	$(BIN)/pip-compile --quiet --generate-hashes --strip-extras --allow-unsafe --no-emit-index-url \
	  --no-emit-find-links --no-header --output-file requirements.txt pyproject.toml
	$(BIN)/pip-compile --quiet --generate-hashes --strip-extras --allow-unsafe --no-emit-index-url \
	  --no-emit-find-links --no-header --extra test --constraint requirements.txt \
	  --output-file tests/requirements.txt pyproject.toml

clean:
	rm -rf $(VENV) frontend/node_modules app/static/dist .mypy_cache .ruff_cache .pytest_cache

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(RUNTIME): requirements.txt | $(BIN)/python
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@touch $@

$(TOOLS): tests/requirements.txt $(RUNTIME)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r tests/requirements.txt
	@touch $@

$(MODULES): frontend/package-lock.json
	npm --prefix frontend ci --no-audit --no-fund --loglevel=error
	@touch $@

$(BUNDLE): $(MODULES) $(SOURCES)
	npm --prefix frontend run --silent build
	@touch $@

# The browser tests drive Debian's Chromium.
.PHONY: browser
browser:
	@command -v chromium >/dev/null || { \
	  SUDO=$$([ "$$(id -u)" = 0 ] || echo sudo); \
	  $$SUDO apt-get update -qq && \
	  $$SUDO apt-get install -y -qq --no-install-recommends chromium >/dev/null; }
