# `make demo` and `make test` need nothing but Python 3.11 or later: each makes its own environment in .venv first.
#   PYTHON=python3.13   the interpreter to use; otherwise the first suitable one found
#   ARGS=...            more arguments for `gateway demo` or pytest: make test ARGS='-k vounit'; or for
#                       `make mutation`: ARGS='rule alerts.judge' for these modules, ARGS=--again after new tests

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
CONSTRAINTS := .ci/constraints.txt
PIP := $(BIN)/python -m pip --disable-pip-version-check
PYTEST := $(BIN)/python -m pytest -n auto

# Tests start the command hundreds of times. Where Python may not keep what it compiled, each start compiles all of it.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo test check lint types layers docs bench mutation judges test-all clean
help:
	@echo 'make demo      simulate a visit, convert it to VOEvents and back, compare the bytes'
	@echo 'make test      the whole test suite'
	@echo 'make check     lint, types, layers, docs and tests: what has to pass before a change is merged'
	@echo 'make docs      the documentation, into docs/_build/html'
	@echo 'make bench     speed, compared with fastavro and voevent-parse'
	@echo 'make mutation  what no test of gateway/policy would notice; takes hours, goes on where it was stopped'
	@echo 'make judges    try again to install the XML validator that tests ask for a second opinion'
	@echo 'make test-all  the suite under every Python from 3.11 to 3.14 that is here'
	@echo 'make clean     remove everything that make made'

demo: $(VENV)/ready-demo
	$(BIN)/gateway demo $(ARGS)

test: $(VENV)/ready-test $(VENV)/judges
	$(PYTEST) $(ARGS)

check: lint types layers docs test

lint: $(VENV)/ready-check
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: $(VENV)/ready-check
	$(BIN)/mypy

layers: $(VENV)/ready-test
	$(BIN)/python -m pytest tests/test_layers.py

docs: $(VENV)/ready-docs
	$(BIN)/python -m sphinx -W --keep-going -q docs docs/_build/html

bench: $(VENV)/ready-test
	$(BIN)/python -m bench $(ARGS)

mutation: $(VENV)/ready-mutation
	nice -n 15 $(BIN)/python -m mutation $(ARGS)

# Without isolation the builders come first: hatchling for this project, setuptools and wheel for Comet and voevent-parse,
# which have no wheels.
# The demo is light; tests, docs and checks each add what they need to the same environment.
EXTRAS_demo :=
EXTRAS_test := [test]
EXTRAS_docs := [docs]
EXTRAS_check := [test,docs,dev]
EXTRAS_mutation := [test,mutation]

$(VENV)/ready-%: $(VENV)/bin/python pyproject.toml $(CONSTRAINTS)
	@echo 'Installing voevent-gateway$(EXTRAS_$*) into $(VENV) ...'
	@$(PIP) install --quiet --constraint $(CONSTRAINTS) hatchling editables setuptools wheel && \
	 $(PIP) install --quiet --constraint $(CONSTRAINTS) --no-build-isolation --editable '.$(EXTRAS_$*)' || { \
	  echo 'The packages could not be installed. pip needs a package index it can reach: check the network, or name'; \
	  echo 'a mirror (PIP_INDEX_URL) or a folder of wheels (PIP_FIND_LINKS with PIP_NO_INDEX=1), and run make again.'; \
	  exit 1; }
	@touch $@

$(VENV)/bin/python:
	@for python in $(PYTHON) python3.14 python3.13 python3.12 python3.11; do \
	   if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then found=$$python; break; fi; \
	 done; \
	 if [ -z "$$found" ]; then \
	   echo 'Python 3.11 or later is needed, and $(PYTHON) is none. Install one and name it: make PYTHON=/path/to/python3'; \
	   exit 1; fi; \
	 $$found -m venv $(VENV) || { rm -rf $(VENV); \
	   echo "$$found cannot make a virtual environment. On Debian and Ubuntu: apt-get install python3-venv"; exit 1; }

# Tests that ask Xerces skip, and say so, where it is not: a machine without apt-get or root loses nothing else.
# `make test` tries once an environment, so that where it cannot be had no later run waits for it; `make judges` tries again.
APT := DEBIAN_FRONTEND=noninteractive apt-get -q -o Acquire::Retries=0 -o Acquire::http::Timeout=15
INSTALL_JING := $(APT) install -y --no-install-recommends jing

$(VENV)/judges: | $(VENV)/bin/python
	@$(MAKE) --no-print-directory judges
	@touch $@

judges:
	@if command -v jing >/dev/null; then echo 'Xerces is here (jing).'; \
	 elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	   echo 'Installing Xerces (jing), an independent XML validator for the tests ...'; \
	   { $(INSTALL_JING) || { $(APT) update && $(INSTALL_JING); }; } </dev/null >/dev/null 2>&1 && \
	   echo 'Installed Xerces (jing).' || echo 'Could not install Xerces (jing); its tests will be skipped.'; \
	 else echo 'Xerces (jing) is not here and apt-get or root neither; its tests will be skipped.'; fi

test-all:
	@for version in 3.11 3.12 3.13 3.14; do \
	   if python$$version -c '' 2>/dev/null; then \
	     echo "Python $$version"; $(MAKE) test PYTHON=python$$version VENV=$(VENV)/$$version || exit 1; \
	   else echo "Python $$version is not here"; fi; \
	 done

clean:
	rm -rf $(VENV) build dist docs/_build docs/generated mutants .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find gateway tests bench docs mutation -name __pycache__ -type d -exec rm -rf {} +
