# make demo          opens the screen on embedded servers; needs nothing else
# make test          checks style, types, architecture and behaviour
# make bench         prints measurements; they decide nothing
# make write-campaign  kills, lost answers, several operators and full disks; it takes some 40 minutes
# make fuzz          fuzzes every boundary for a minute with atheris, which `pip install '.[fuzz]'` installs
# make chaos         runs every fault of the network and the servers (15 minutes at most; MINUTES=5 for less)
# make soak          runs a changing, failing fleet for MINUTES=10 and fails if memory or handles grow
# make screenshots   redraws the README's pictures from the embedded servers, with a fixed clock
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: demo test bench chaos soak write-campaign fuzz screenshots check clean

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
	$(BIN)/python -m tests.benchmarks.lists
	$(BIN)/python -m tests.benchmarks.house

chaos: .venv/dev
	$(BIN)/python -m tests.chaos.campaign $(if $(MINUTES),--minutes $(MINUTES))

soak: .venv/dev
	$(BIN)/python -m tests.chaos.soak $(if $(MINUTES),--minutes $(MINUTES))

write-campaign: .venv/dev
	$(BIN)/python -m tests.write_campaign

FUZZ_SECONDS ?= 60

fuzz: .venv/dev
	$(BIN)/python -m tests.fuzz --seconds $(FUZZ_SECONDS)

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
