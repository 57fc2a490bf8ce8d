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

.PHONY: help demo test check lint types layers docs bench mutation judges laboratory kafka test-all clean
help:
	@echo 'make demo      simulate a visit, convert it to VOEvents and back, compare the bytes'
	@echo 'make test      the whole test suite'
	@echo 'make check     lint, types, layers, docs and tests: what has to pass before a change is merged'
	@echo 'make docs      the documentation, into docs/_build/html'
	@echo 'make bench     speed, compared with fastavro and voevent-parse'
	@echo 'make mutation  what no test of gateway/policy would notice; takes hours, goes on where it was stopped'
	@echo 'make judges    try again to install the XML validator that tests ask for a second opinion'
	@echo 'make laboratory  try again to install the servers that tests talk to: Kafka, a schema registry, PostgreSQL'
	@echo 'make kafka     a Kafka broker to play with, until Ctrl-C'
	@echo 'make test-all  the suite under every Python from 3.11 to 3.14 that is here'
	@echo 'make clean     remove everything that make made'

demo: $(VENV)/ready-demo
	$(BIN)/gateway demo $(ARGS)

test: $(VENV)/ready-test $(VENV)/judges $(VENV)/laboratory
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
	PYTHONPATH=tests nice -n 15 $(BIN)/python -m mutation $(ARGS)

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

# What tests ask for and is no Python package. Its tests skip, and say so, where it is not: a machine without apt-get, root
# or Maven loses nothing else. `make test` tries once an environment, so that where something cannot be had no later run
# waits for it; `make judges` and `make laboratory` try again.
APT := DEBIAN_FRONTEND=noninteractive apt-get -q -o Acquire::Retries=0 -o Acquire::http::Timeout=15
MVN := mvn -q -B -Dmaven.wagon.http.retryHandler.count=0 -Daether.connector.connectTimeout=15000
LABORATORY := .laboratory

# $(call by-apt,what it is,its packages,what succeeds where it is here)
define by-apt
	@if { $(3); } >/dev/null 2>&1; then echo '$(1) is here.'; \
	 elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	   echo 'Installing $(1) for the tests ...'; install='$(APT) install -y --no-install-recommends $(2)'; \
	   { eval "$$install" || { $(APT) update && eval "$$install"; }; } </dev/null >/dev/null 2>&1 && \
	   echo 'Installed $(1).' || echo 'Could not install $(1); its tests will be skipped.'; \
	 else echo '$(1) is not here and apt-get or root neither; its tests will be skipped.'; fi
endef

# $(call by-maven,what it is,its folder in the laboratory,its list of jars,the goal that gets them)
define by-maven
	@if [ $(LABORATORY)/$(2) -nt tests/kafka/$(3) ]; then echo '$(1) is here.'; \
	 elif command -v mvn >/dev/null; then \
	   echo 'Fetching $(1) for the tests ...'; part='$(abspath $(LABORATORY))/$(2).part'; rm -rf "$$part"; \
	   $(MVN) -f tests/kafka/$(3) dependency:$(4) -DoutputDirectory="$$part" </dev/null >/dev/null 2>&1 && \
	   rm -rf $(LABORATORY)/$(2) && mv "$$part" $(LABORATORY)/$(2) && echo 'Fetched $(1).' || \
	   echo 'Maven could not fetch $(1); its tests will be skipped.'; \
	 else echo '$(1) is not here and Maven neither; its tests will be skipped.'; fi
endef

# $(call by-npm,what it is,its folder in the laboratory,its package,its folder in the package)
define by-npm
	@if [ -d $(LABORATORY)/$(2) ]; then echo '$(1) is here.'; \
	 elif command -v npm >/dev/null; then \
	   echo 'Fetching $(1) for the tests ...'; part='$(abspath $(LABORATORY))/$(2).part'; rm -rf "$$part"; mkdir -p "$$part"; \
	   (cd "$$part" && npm pack --silent $(3) && tar -xzf ./*.tgz && mv $(4) ../$(2)) </dev/null >/dev/null 2>&1 && \
	   echo 'Fetched $(1).' || echo 'npm could not fetch $(1); its tests will be skipped.'; rm -rf "$$part"; \
	 else echo '$(1) is not here and npm neither; its tests will be skipped.'; fi
endef

$(VENV)/judges: | $(VENV)/bin/python
	@$(MAKE) --no-print-directory judges
	@touch $@

judges:
	$(call by-apt,Xerces (jing),jing,command -v jing)

$(VENV)/laboratory: tests/kafka/pom.xml tests/kafka/registry.xml | $(VENV)/ready-test
	@$(MAKE) --no-print-directory laboratory
	@touch $@

laboratory: | $(VENV)/ready-test
	$(call by-apt,PostgreSQL,postgresql,command -v postgres || ls /usr/lib/postgresql/*/bin/postgres)
	$(call by-apt,Java,default-jre-headless,command -v java)
	$(call by-apt,Maven,maven,command -v mvn)
	$(call by-maven,Apache Kafka,kafka,pom.xml,copy-dependencies)
	$(call by-maven,Apicurio Registry,registry,registry.xml,unpack)
	$(call by-npm,The GCN schema package,gcn,@nasa-gcn/schema@7.2.3,package/gcn)
	@PYTHONPATH=tests $(BIN)/python -m kafka.archive

kafka: $(VENV)/laboratory
	@PYTHONPATH=tests exec $(BIN)/python -m kafka

test-all:
	@for version in 3.11 3.12 3.13 3.14; do \
	   if python$$version -c '' 2>/dev/null; then \
	     echo "Python $$version"; $(MAKE) test PYTHON=python$$version VENV=$(VENV)/$$version || exit 1; \
	   else echo "Python $$version is not here"; fi; \
	 done

clean:
	rm -rf $(VENV) $(LABORATORY) build dist docs/_build docs/generated mutants .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find gateway tests bench docs -name __pycache__ -type d -exec rm -rf {} +
