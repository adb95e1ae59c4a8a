# make demo          opens the screen on embedded servers; needs nothing else
# make test          checks style, types, architecture and behaviour
# make bench         prints measurements; they decide nothing
# make screenshots   redraws the README's pictures from the embedded servers, with a fixed clock
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: demo test bench screenshots check clean

demo: .venv/demo
	$(BIN)/anchor-tui demo

test: check
	$(BIN)/pytest

check: .venv/dev
	$(BIN)/ruff check anchor_tui tests
	$(BIN)/ruff format --check anchor_tui tests
	$(BIN)/mypy

bench: .venv/dev
	$(BIN)/python -m tests.benchmarks.startup
	$(BIN)/python -m tests.benchmarks.policy
	$(BIN)/python -m tests.benchmarks.logs
	$(BIN)/python -m tests.benchmarks.house

screenshots: .venv/dev
	$(BIN)/python -m tests.screenshots

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/demo: pyproject.toml constraints.txt | .venv/bin/python
	$(PIP) --editable '.[demo]'
	@touch $@

.venv/dev: pyproject.toml constraints.txt | .venv/bin/python
	$(PIP) --editable '.[dev]'
	@touch .venv/demo $@

clean:
	rm -rf .venv build dist
