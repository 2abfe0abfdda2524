# Two commands on a fresh machine: `make demo` runs the main job, `make test` passes the tests. Both install what they need.
VENV ?= .venv
PY = $(VENV)/bin/python

.PHONY: help setup demo test check lint types contracts bench lock clean
help:  ## this list
	@grep -E '^[a-z]+:.*##' Makefile | sed 's/:.*## /\t/' | expand -t 12
setup:  ## install everything into .venv
	@AIART_VENV=$(VENV) scripts/setup.sh
demo: setup  ## a whole call and response: MIDI files, sound and a cover, in demo/
	@$(VENV)/bin/aiart-bridge demo --out demo
test: setup  ## the whole test suite
	@$(PY) -m pytest
check: lint types contracts test  ## everything CI runs
lint: setup  ## ruff: style and formatting
	@$(VENV)/bin/ruff check . && $(VENV)/bin/ruff format --check .
types: setup  ## mypy --strict
	@$(VENV)/bin/mypy
contracts: setup  ## which floor may import which
	@$(VENV)/bin/lint-imports
bench: setup  ## latency, jitter and throughput of this machine
	@$(VENV)/bin/aiart-bridge bench
lock: setup  ## write constraints.txt anew (torch stays where it is)
	@grep '^torch==' constraints.txt > $(VENV)/torch.pin
	@$(VENV)/bin/uv pip compile pyproject.toml --group dev --universal --no-header --no-annotate -q -c $(VENV)/torch.pin \
		| grep -vE '^(nvidia|cuda|triton)' > $(VENV)/constraints.new && mv $(VENV)/constraints.new constraints.txt
clean:  ## remove what was built, keep the virtual environment
	rm -rf demo out dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
