# biocurate: `make demo` shows the whole way on data it makes itself, `make test` proves it.
# Needs Python 3.11 or newer, pip and make; everything else goes into .venv.

SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready
DEMO ?= demo-run
CORPUS ?=
RECIPE ?=
SHARED := $(wildcard ../shared)

export OMP_NUM_THREADS ?= 1
ifneq ($(SHARED),)
export BIOCURATE_TEST_CORPORA ?= $(abspath ../shared/corpora)
export BIOCURATE_TEST_VECTORS ?= $(abspath ../shared/vectors)
endif

.PHONY: demo test test-slow lint clean venv
.DEFAULT_GOAL := help

.PHONY: help
help:
	@echo "make demo                        the whole way on a simulated cohort, under four minutes"
	@echo "make demo CORPUS=DIR RECIPE=R    the same on real recordings"
	@echo "make test | test-slow | lint | clean"

venv: $(READY)

$(READY): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	touch $@

demo: $(READY)
	$(BIN)/biocurate demo --out $(DEMO) $(if $(CORPUS),--corpus $(CORPUS)) $(if $(RECIPE),--recipe $(RECIPE))

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

test: lint
	$(BIN)/python -m pytest -m "not slow" -n 3 --dist loadfile --no-loadscope-reorder

test-slow: $(READY)
	$(BIN)/python -m pytest -m slow

clean:
	rm -rf $(VENV) $(DEMO) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
