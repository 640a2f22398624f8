# make demo: train a model in this terminal.  make test: the tests.  Each sets up what it needs, in .venv.

BIN := .venv/bin
READY := .venv/.ready
# Two at a time: most tests wait for a screen or for a process of their own. Bytecode is kept whatever the shell says:
# hundreds of programs are started, and each would compile all of ours again.
PYTEST := PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -q -n 2 --dist loadgroup

.DEFAULT_GOAL := help
.PHONY: help demo quick test slow check constraints

help:  ## this list
	@sed -n 's/^\([a-z]*\):.*## /  make \1	/p' Makefile

demo: $(READY)  ## train an embedded example, no network and no GPU needed; headless where there is no terminal
	@if [ -t 0 ] && [ -t 1 ]; then $(BIN)/tunewright demo; else $(BIN)/tunewright demo --headless; fi

quick: $(READY)  ## the tests that train nothing and start little: under 90 seconds on two cores
	@$(PYTEST) -m "not slow and not extended"

test: $(READY)  ## the tests: under 12 minutes on two cores
	@$(PYTEST) -m "not extended"

slow: $(READY)  ## what make test leaves out: wheel, fuzzing, kills, all data formats trained, under 25 minutes
	@$(PYTEST) -m "extended"

check: $(READY)  ## lint, form, types, walls
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --quiet --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

constraints: $(READY)  ## write down the versions that are installed here, once all tests pass with them
	@$(BIN)/python .ci/freeze.py

$(READY): pyproject.toml constraints.txt presets/constraints.txt .ci/setup
	@.ci/setup
