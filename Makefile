# Everything a person or CI runs here; each target sets up what it needs first.
#   make demo          the main job, end to end, on this machine (KEEP=1 leaves it running)
#   make test          the tests
#   make quick         the tests that need neither a Temporal server nor a process of their own
#   make check         format, lint, types, import rules, tests: what CI runs
#   make format        rewrite the code in the agreed format
#   make docs          write what is generated: docs/actions/, docs/commands.md, docs/kustomer.md, docs/examples.md, docs/pictures/, the schema, the hostile decisions
#   make bench         compare with the same work hand-written for Temporal
#   make faults        2,000 runs while vendors, workers, gateways and Temporal fail (ARGS="--runs 200")
#   make fairness      what one tenant's burst costs another's single run
#   make scale         what lists of what waits take, with 100,000 runs that wait (ARGS="--runs 20000")
#   make bulk          a bulk approval of 5,000 runs that are held, killed in the middle (ARGS="--runs 500")
#   make events        what an event costs with many automations, and how many get through (ARGS="--automations 20000")
#   make soak          a rolling release under load for ten minutes: workers of two versions, two gateways (ARGS="--seconds 60")
#   make peers         compare with DBOS and Prefect, and with n8n where it is installed (ARGS="--rounds 1")
#   make seeing        what metrics and traces cost a worker
#   make setup         the virtual environment in .venv; PYTHON=python3.12 chooses the interpreter
#   make clean         remove everything that can be made again

PYTHON ?= python3
BIN := .venv/bin

.PHONY: help setup demo test quick check format-check lint types imports pytest format docs bench faults fairness scale bulk events soak peers seeing clean
.NOTPARALLEL:

help:
	@sed -n 's/^#   //p' Makefile

setup:
	@PYTHON="$(PYTHON)" sh scripts/setup.sh

demo: setup
	@$(BIN)/trunkline demo $(if $(filter-out 0,$(KEEP)),--keep)

test: setup pytest

quick: setup
	$(BIN)/python -m pytest --numprocesses 3 --dist worksteal -m "not server and not process" \
		--hypothesis-profile quick $(ARGS)

# The type checker works while tests wait; what it finds is shown last.
check: setup format-check lint imports
	@found=$$(mktemp); $(BIN)/mypy > "$$found" 2>&1 & types=$$!; \
	$(MAKE) --no-print-directory pytest; tests=$$?; \
	wait $$types; types=$$?; cat "$$found"; rm -f "$$found"; \
	[ $$types -eq 0 ] && exit $$tests

format-check: setup
	$(BIN)/ruff format --check .

lint: setup
	$(BIN)/ruff check .

types: setup
	$(BIN)/mypy

imports: setup
	$(BIN)/lint-imports

pytest: setup
	$(BIN)/python -m pytest --numprocesses 4 --dist worksteal $(ARGS)

format: setup
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix-only .

docs: setup
	$(BIN)/python -m scripts.reference
	$(BIN)/python scripts/hostile_decisions.py
	$(BIN)/trunkline schema > schema/automation.schema.json

bench: setup
	@$(BIN)/python -m bench $(ARGS)

faults: setup
	@$(BIN)/python -m bench.faults $(ARGS)

fairness: setup
	@$(BIN)/python -m bench.fairness $(ARGS)

scale: setup
	@$(BIN)/python -m bench.scale $(ARGS)

bulk: setup
	@$(BIN)/python -m bench.bulk $(ARGS)

events: setup
	@$(BIN)/python -m bench.events $(ARGS)

soak: setup
	@$(BIN)/python -m bench.soak $(ARGS)

peers: setup
	@$(BIN)/python -m bench.peers $(ARGS)

seeing: setup
	@$(BIN)/python -m bench.seeing $(ARGS)

clean:
	rm -rf .venv .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .trunkline build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
