# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Every target does its own set-up: a virtual environment under .venv with the pinned packages, made once.
PYTHON ?= python3
RUN = .venv/bin/python tests/tools

.DEFAULT_GOAL := help
.PHONY: help demo test test-fast test-mutants test-faults test-matrix test-browser test-eda test-first-hour test-variables screenshots docs release lint format options emulator emulator-package news setup bench test-playbooks

help: ## Say what can be made
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 16

demo: setup ## Tour the scenarios S1 to S6 on an emulated AWS, and audit the result; ARGS="--scenes S3" takes one
	@$(RUN)/demo.py $(ARGS)

test: setup ## Run every test that takes no whole playbook and no fault; ONLY="lint package" runs some kinds
	@$(RUN)/test.py $(ONLY)

test-fast: setup ## Run what says most within 90 s: lint of what changed, unit tests, each system test in its first case
	@$(RUN)/test.py --fast

options: setup ## Write a new attribute of images into documentation, roles, playbooks and inventory
	@$(RUN)/options.py

lint: setup ## Style, types, YAML, playbooks, licences, changelog
	@$(RUN)/lint.py

format: setup ## Bring the Python sources into the agreed form
	@.venv/bin/ruff check --quiet --fix-only
	@.venv/bin/ruff format

test-faults: setup ## Kill, throttle, deny, deceive: the guarantees under faults; ARGS="--long" draws ten times as much
	@.venv/bin/pytest -q -n $(or $(PYTEST_WORKERS),3) --dist worksteal -m faults tests/faults tests/system $(ARGS)

test-mutants: setup ## Spoil the sources on purpose and demand that a test fails; ARGS="hand" plays the mutants made by hand
	@$(RUN)/mutants.py $(ARGS)

test-playbooks: setup ## Play the playbooks, also on ansible-runner as AWX does, and AWX's set-up against its own schema
	@$(RUN)/test.py "pytest playbooks" "pytest runner" "pytest awx"

test-matrix: setup ## Every supported ansible-core, oldest and newest libraries; ONLY="2.17-oldest", or ONLY=--reduced for each core once
	@$(RUN)/matrix.py $(ONLY)

test-browser: setup ## Show the audit's page to a headless Chromium, which root installs from Debian if need be
	@$(RUN)/browser.py

screenshots: setup ## Take the pictures that the guides show: the audit's page, a survey, a terminal
	@SCREENSHOTS=1 $(RUN)/browser.py tests/browser/test_screenshots.py

test-first-hour: setup ## Walk a newcomer's first hour in a clean clone, and play what README.md and the guides say
	@.venv/bin/pytest -q tests/first_hour

test-variables: setup ## Play every playbook with each variable alone; ARGS="-k s3_encrypt" takes one playbook
	@.venv/bin/pytest -q -n $(or $(PYTEST_WORKERS),2) tests/variables $(ARGS)

test-eda: setup ## Judge the rulebook by ansible-rulebook, whose Java root installs from Debian if need be
	@$(RUN)/rulebooks.py

docs: setup ## Build the documentation site and check every link in it
	@$(RUN)/docs.py

release: setup ## Prepare a release: VERSION=1.0.0 REPOSITORY=https://... writes the changelog and judges the artifact
	@$(RUN)/release.py "$(VERSION)" "$(REPOSITORY)"

bench: setup ## Measure the collection beside its peers; ARGS="1 4 --runs 5" chooses rows and runs
	@PYTHONPATH=tests .venv/bin/python -m bench --output docs $(ARGS)

emulator: setup ## Run the emulated AWS in the foreground; ARGS="--port 5001" reaches it
	@PYTHONPATH=tests exec .venv/bin/python -m emulated_aws --durations short $(ARGS)

news: setup ## Compare the newest botocore with the pinned one, where images, snapshots, volumes and keys are touched
	@$(RUN)/news.py $(ARGS)

emulator-package: setup ## Build the emulated AWS as a package for pip, to rehearse plays without this checkout
	@$(RUN)/emulator_package.py

setup: ## Make the virtual environment, unless it is there already
	@$(PYTHON) tests/tools/setup.py
