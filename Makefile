# One target per task; each sets up what it needs on a fresh machine.

PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/.installed
# A variable of the environment, else of .env.
setting = $(or $($(1)),$(shell sed -n 's/^$(1)=//p' .env 2>/dev/null))
# Runs of the demo, of the command line and of the UI meet in one instance.
BESIDE_STATE := $(abspath $(or $(call setting,SAMBODHAN_HOME),.sambodhan))/dagster
export DAGSTER_HOME := $(or $(call setting,DAGSTER_HOME),$(BESIDE_STATE))

.DEFAULT_GOAL := help
.PHONY: help install demo ui test test-all lint check dagster-home

help: ## Show this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1\t\2/p' Makefile | expand -t 16

install: $(INSTALLED) ## Create .venv and install the pinned packages, once

demo: $(INSTALLED) dagster-home ## Run the whole feedback loop on sample data, without any account
	$(BIN)/sambodhan demo

# Dagster advises the commands of `dg`, which read no workspace.yaml, and gRPC reports every fork.
ui check: export PYTHONWARNINGS = ignore:Function
ui check: export GRPC_VERBOSITY = ERROR

ui: $(INSTALLED) dagster-home ## Open the Dagster UI on port 3000
	$(BIN)/dagster dev -w workspace.yaml

test: $(INSTALLED) ## Run the tests that take seconds
	$(BIN)/pytest -n 2 --dist loadfile -m "not slow"

test-all: $(INSTALLED) ## Run every test
	$(BIN)/pytest -n 2 --dist loadfile

lint: $(INSTALLED) ## Check style, formatting, types and the direction of imports
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/pyright
	$(BIN)/lint-imports --no-logo

check: $(INSTALLED) dagster-home ## Load all definitions, as a package and as workspace.yaml does
	VIRTUAL_ENV="$(CURDIR)/.venv" $(BIN)/dg check defs
	$(BIN)/dagster definitions validate -w workspace.yaml

dagster-home:
	@mkdir -p "$(DAGSTER_HOME)"
	@test -e "$(DAGSTER_HOME)/dagster.yaml" || ln -s "$(CURDIR)/dagster.yaml" "$(DAGSTER_HOME)/dagster.yaml"

# The stamp is written last: an interrupted installation starts again.
$(INSTALLED): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; v = "Python %d.%d" % sys.version_info[:2]; \
		sys.exit(0 if sys.version_info >= (3, 11) else v + " is too old: run make PYTHON=/path/to/python3.11")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[dev]'
	@touch $@
