# `make run` needs Python 3.11 with venv and a package index; everything else comes from the lock files.
PYTHON ?= python3
UV ?= uv
SIZE ?= 1000000
SECONDS ?= 60
N ?= 500
SEED ?= 1

BIN := .venv/bin
MADE := .venv/made.stamp
RUN := .venv/run.stamp
DEV := .venv/dev.stamp
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
COMPILE := UV_CUSTOM_COMPILE_COMMAND='make lock' $(UV) pip compile setup.cfg --quiet --universal --python-version 3.11 \
	--generate-hashes --no-emit-index-url --no-emit-find-links --extra build

.PHONY: help install run demo test screenshots kill timing year check format format-check lint types imports bench fuzz fuzz-wire lock clean
.NOTPARALLEL:

help: ## list these targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 10

install: $(RUN) ## the two commands, in .venv/bin
run: $(RUN) ## a synthetic district, its nightly roster over SFTP, and the service; Ctrl-C stops it
	@$(BIN)/python -m sync.demo run
demo: $(RUN) ## the same on free ports, a few questions asked and checked, and an end
	@$(BIN)/python -m sync.demo check
# Where images forbid bytecode, each of hundreds of processes would compile the program again.
test: $(DEV) ## all tests, on every core
	env -u PYTHONDONTWRITEBYTECODE $(BIN)/python -m pytest -n logical --dist worksteal
screenshots: $(DEV) ## every page for staff, wide and narrow, light and dark, in var/screenshots; needs Chromium
	$(BIN)/python -m tests.browser.screenshots
kill: $(DEV) ## kill -9 at N=500 random moments; SEED=2 for others
	KILLS=$(N) KILL_SEED=$(SEED) $(BIN)/python -m pytest -s tests/test_kill.py -n logical
timing: $(DEV) ## whether the clock tells unknown, wrong and locked apart, N pairs such as N=20000
	TIMING_PAIRS=$(N) $(BIN)/python -m pytest -s tests/access_service/test_timing.py
year: $(DEV) ## live through a school year and draw it in docs/year.svg
	$(BIN)/python -m tests.year
check: format-check lint types imports test ## what CI runs
format: $(DEV) ## rewrite the code as ruff would
	$(BIN)/ruff format .
format-check: $(DEV)
	$(BIN)/ruff format --check .
lint: $(DEV) ## ruff
	$(BIN)/ruff check .
types: $(DEV) ## mypy --strict
	$(BIN)/mypy
imports: $(DEV) ## the import contracts of setup.cfg
	$(BIN)/lint-imports
bench: $(DEV) ## speed, as ratios; SIZE=100000 for a short one
	SIZE=$(SIZE) $(BIN)/python -m tests.bench
fuzz: $(DEV) ## look for bytes that the reader does not expect, SECONDS=60 long; needs atheris
	$(BIN)/python -m tests.fuzz $(SECONDS)
fuzz-wire: $(DEV) ## N raw-byte cases at each open door, such as N=1000000; SEED=2 for others
	CASES=$(N) FUZZ_SEED=$(SEED) $(BIN)/python -m pytest tests/access_service/test_wire.py
lock: ## both lock files from setup.cfg; needs uv (UV=path)
	$(COMPILE) -o requirements.lock
	$(COMPILE) --extra check --extra test --extra fuzz -c requirements.lock -o requirements-dev.lock
clean: ## remove what this file made, the data of `make run` included
	rm -rf .venv var build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(MADE):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo 'Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11 run' >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo 'Run: apt install python3-venv' >&2; exit 1; }
	@echo 'Installing into .venv; only the first time takes a minute ...' >&2
	@$(PYTHON) -m venv --clear .venv && touch $@
$(RUN): requirements.lock setup.cfg $(MADE)
	@$(PIP) --require-hashes -r requirements.lock
	@$(PIP) --no-deps --no-build-isolation -e . && touch $@
$(DEV): requirements-dev.lock $(RUN)
	@$(PIP) --require-hashes -r requirements-dev.lock && touch $@
