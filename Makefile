# Everything a person types. `make help` lists it.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules --no-print-directory

VENV := $(CURDIR)/.venv
READY := $(VENV)/.installed
PYTHON ?= $(shell for name in python3.11 python3.12 python3; do \
  if $$name -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 13))' 2>/dev/null; then echo $$name; break; fi; done)
EXTRAS ?= cpu,dev
TEST_JOBS ?= 2

export PATH := $(VENV)/bin:$(PATH)
export DAGSTER_HOME := $(CURDIR)/.dagster_home
# Nothing phones home (DVC's switches are in .dvc/config, Dagster's in infra/dagster.yaml).
export DO_NOT_TRACK := 1
export DVC_NO_ANALYTICS := true
export GX_ANALYTICS_ENABLED := false
export HF_HUB_DISABLE_TELEMETRY := 1
export MLFLOW_DISABLE_TELEMETRY := true
export RAY_USAGE_STATS_ENABLED := 0
export MLFLOW_ALLOW_PICKLE_DESERIALIZATION := false
# One parent run in MLflow for all stages of one `make pipeline`.
ifndef MEDRWR_PIPELINE_RUN
MEDRWR_PIPELINE_RUN := $(shell date -u +%Y%m%dT%H%M%SZ)-$(shell git rev-parse --short HEAD 2>/dev/null || echo none)
endif
export MEDRWR_PIPELINE_RUN

.PHONY: help environment pipeline test test-ui test-services check audit ui base-model bench-chain paper-dry-run pins clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' Makefile

environment: $(READY) ## make .venv and install the pinned dependencies (the other commands do it when needed)

$(READY): pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "Python 3.11 or 3.12 is needed: install one, or name it: make PYTHON=/path/to/python" >&2; exit 1; }
	@echo "Installing the pinned dependencies into .venv (once; some minutes) ..."
	@test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV)
	@$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --progress-bar off --constraint constraints.txt --editable '.[$(EXTRAS)]'
	@touch $@

pipeline: $(READY) ## run the whole chain (what is up to date is skipped), print the summary and one worked example
	@dvc repro
	@medrwr summary
	@medrwr example

test: $(READY) ## run all tests, two files at a time (TEST_JOBS=0: one after another, all cores each)
	@$(if $(filter-out 0,$(TEST_JOBS)),OMP_NUM_THREADS=1) python -m pytest --numprocesses $(TEST_JOBS)

test-ui: $(READY) ## `make ui` in a real browser (Debian's chromium), on a chain made for it (about 8 minutes)
	@python -m pytest -m browser_ui tests/chain/test_ui.py

test-services: $(READY) ## the whole pipeline over PostgreSQL (Debian's package) and moto's S3 (about 10 minutes; extra `services`)
	@python -m pytest -m services tests/benchmarks/test_scale.py

check: $(READY) ## lint, format, types, import contracts; known vulnerabilities are reported
	@ruff check .
	@ruff format --check .
	@mypy --strict
	@lint-imports
	@timeout 120 $(MAKE) audit 2>&1 | tail -n 4 || echo "make audit ended so: look at it; it is no reason to stop other work"

audit: $(READY) ## fail on known vulnerabilities of the pinned dependencies (asks PyPI; what it cannot ask about is listed)
	@python -m pip_audit --requirement constraints.txt --no-deps --disable-pip --progress-spinner off

ui: $(READY) ## Dagster, MLflow and the champion's page on this machine only; Ctrl-C ends all
	@bash infra/ui.sh

base-model: $(READY) ## train the embedded base checkpoint again (it is shipped; about half an hour)
	@python -m pipelines base_model
	@dvc commit --quiet --force base_model

bench-chain: $(READY) ## measure the chain against its bars
	@python -m tests.benchmarks.chain --check

paper-dry-run: $(READY) ## every stage under params/paper.yaml on small stand-ins, to a registered model (about 5 minutes)
	@python -m tests.benchmarks.paper_dry_run --check

pins: $(READY) ## write constraints.txt from what is installed in .venv
	@python -m pip freeze --exclude-editable | grep -E '^[A-Za-z0-9._-]+==[^ ]+$$' > constraints.txt

clean: ## remove what the pipeline made (not .venv, not the shipped base model)
	@rm -rf data models/encoders models/sft models/grpo_text models/grpo_multimodal models/registry metrics plots reports work mlruns mlflow.db .dagster_home
