# Every target does its own set-up. Nothing but Python >= 3.11, Node >= 20.19 and make is needed.
SHELL := /bin/bash
PYTHON ?= python3
PY := .venv/bin/python
STAMPS := .build/stamps

export PYTHONDONTWRITEBYTECODE := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: bench-transfer test-ayon test-core help setup demo check check-openapi list-long docs test test-ci test-deep chaos test-unit test-client39 test-faults test-long test-postgres15 test-frontend test-e2e bench bench-panel plots openapi package audit lock clean

help:
	@echo "make demo     the whole system on this machine (ONCE=1 ends when all is synced, SOURCE=/dir publishes your files)"
	@echo "make test     linters, types and every suite that takes minutes"
	@echo "make test-ci  faults of storages, the suites that take longer, PostgreSQL 15, Python 3.9"
	@echo "make check    linters and types"
	@echo "make docs     the guides as a site in .build/docs"
	@echo "make package  the addon's zip in package/ (RCLONE=linux,windows,darwin adds rclone for them)"

# --- set-up ------------------------------------------------------------------

$(STAMPS)/venv: requirements/dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11")'
	@mkdir -p $(STAMPS)
	$(PYTHON) -m venv .venv
	$(PY) -m pip install --quiet --require-hashes -r requirements/dev.txt
	@touch $@

$(STAMPS)/venv-client: requirements/client-check.txt
	@mkdir -p $(STAMPS)
	$(PYTHON) -m venv .venv-client
	.venv-client/bin/python -m pip install --quiet --require-hashes -r requirements/client-check.txt
	@touch $@

$(STAMPS)/venv-docs: requirements/docs.txt
	@mkdir -p $(STAMPS)
	$(PYTHON) -m venv .venv-docs
	.venv-docs/bin/python -m pip install --quiet --require-hashes -r requirements/docs.txt
	@touch $@

$(STAMPS)/venv-audit: requirements/audit.txt
	@mkdir -p $(STAMPS)
	$(PYTHON) -m venv .venv-audit
	.venv-audit/bin/python -m pip install --quiet --require-hashes -r requirements/audit.txt
	@touch $@

$(STAMPS)/node: frontend/package-lock.json
	@node -e 'const [major, minor] = process.versions.node.split(".").map(Number); process.exit(major > 20 || (major === 20 && minor >= 19) ? 0 : 1)' || { echo "Node.js 20.19 or newer is needed"; exit 1; }
	@mkdir -p $(STAMPS)
	cd frontend && npm ci --no-audit --no-fund
	@touch $@

FRONTEND_SOURCES := $(shell find frontend/src frontend/index.html frontend/vite.config.ts -type f 2>/dev/null)
frontend/dist/index.html: $(STAMPS)/node $(FRONTEND_SOURCES)
	cd frontend && npm run --silent build
	@touch $@

setup: $(STAMPS)/venv frontend/dist/index.html

# --- run ---------------------------------------------------------------------

demo: setup
	@exec $(PY) -m devhost demo $(if $(ONCE),--once) $(if $(SOURCE),--source "$(SOURCE)")

package: setup
	$(PY) create_package.py $(if $(RCLONE),--rclone "$(RCLONE)")

openapi: $(STAMPS)/venv $(STAMPS)/node
	$(PY) -m devhost openapi --output frontend/openapi.json
	cd frontend && npm run --silent generate

# --- check -------------------------------------------------------------------

check: $(STAMPS)/venv $(STAMPS)/venv-client $(STAMPS)/node
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv-client/bin/mypy --config-file client/mypy.ini
	PYTHONPATH=.:client:devhost/stubs .venv/bin/lint-imports
	cd frontend && npm run --silent check
	@$(MAKE) --no-print-directory check-openapi docs list-long

# Where to look twice; no failure.
list-long:
	@find client devhost server tests frontend/src \( -name '*.py' -o -name '*.ts' -o -name '*.tsx' \) \
		! -name generated.ts -exec wc -l {} + | sort -rn \
		| awk '$$2 != "total" && $$1 > 400 { if (!seen++) print "files over 400 lines:"; print }'

# The panel's wire types are those of the server.
check-openapi: $(STAMPS)/venv $(STAMPS)/node
	@$(PY) -m devhost openapi --output .build/openapi.json
	@cd frontend && npx openapi-typescript ../.build/openapi.json --output ../.build/generated.ts > /dev/null
	@diff -q .build/openapi.json frontend/openapi.json && diff -q .build/generated.ts frontend/src/api/generated.ts \
		|| { echo "the panel's types differ from the server's OpenAPI: run make openapi and commit"; exit 1; }

# The guides as a site in .build/docs; a link that leads nowhere fails.
docs: $(STAMPS)/venv-docs
	.venv-docs/bin/mkdocs build --strict --config-file docs/site/mkdocs.yml

# --- test --------------------------------------------------------------------

test: check test-unit test-frontend test-e2e

test-unit: setup
	bash tests/support/install_sshd.sh
	$(PY) -m pytest -n 2 tests/unit tests/contract docs/provider-template tests/property tests/ayon tests/integration tests/security

test-postgres15: setup
	bash tests/support/install_postgres15.sh
	SITESYNC_TEST_POSTGRES=15 $(PY) -m pytest -n 2 tests/ayon tests/integration

# What storages, links and agents do to each other: SFTP, S3, WebDAV, the clouds.
test-faults: setup
	bash tests/support/install_sshd.sh
	$(PY) -m pytest -n 2 tests/faults

test-frontend: $(STAMPS)/node
	cd frontend && npm run --silent test

test-e2e: setup
	bash tests/support/install_chromium.sh
	$(PY) -m pytest -n 2 --dist loadfile tests/e2e --timeout 240

# The client's own suite on Python 3.9, the oldest it runs on. Last, so that its verdict is the last line.
test-client39: $(STAMPS)/venv
	@bash tests/support/install_sshd.sh
	@bash tests/support/test_client39.sh

# The addon in a real checkout of ayon_core: make test-core AYON_CORE=/path/to/ayon-core
test-core: setup
	@bash tests/support/test_core.sh "$(AYON_CORE)"

# The contract suite, which make test runs on the devhost, in a real AYON server:
# make test-ayon AYON_SERVER_URL=... AYON_API_KEY=... [AYON_DATABASE_URL=postgres://...]
# makes projects, users and access groups of its own there, and removes them.
test-ayon: $(STAMPS)/venv
	SITESYNC_TEST_AYON=1 AYON_SERVER_URL="$(AYON_SERVER_URL)" AYON_API_KEY="$(AYON_API_KEY)" \
		AYON_DATABASE_URL="$(AYON_DATABASE_URL)" $(PY) -m pytest tests/ayon --timeout 120

test-ci: test-faults test-postgres15 test-long test-client39

# Longer fuzzing and kills, 50,000 rows in the browser, memory, seeds.
test-long: setup
	bash tests/support/install_chromium.sh
	$(PY) -m pytest tests/ci --timeout 900

# The queue's state machine for an hour or so.
test-deep: setup
	$(PY) -m pytest tests/deep --timeout 7200

# Faults of all kinds while publishing goes on, then every byte compared: MINUTES=60 for long.
chaos: setup
	bash tests/support/install_sshd.sh
	PYTHONPATH=.:client:devhost/stubs $(PY) -m tests.chaos --minutes $(or $(MINUTES),5) --seed $(or $(SEED),1) --write

# Seeds up to a million representations (once, into .build/bench or DATA) and writes its part
# of docs/benchmarks.md, the figures in docs/benchmarks/ and the plots.
bench: setup
	$(PY) -m tests.bench.bench_server $(if $(DATA),--data "$(DATA)")

# The plots anew, from the figures in docs/benchmarks/.
plots: $(STAMPS)/venv-docs
	.venv-docs/bin/python -m tests.bench.plots

# Agents and the engine beside cp, rsync, sftp and rclone; each part writes its table into
# docs/benchmarks.md. DISK and TMPFS name the folders to use. Takes some 20 minutes and 15 GB.
bench-transfer: setup
	bash tests/support/install_sshd.sh
	@export PYTHONPATH=.:client failed=0; \
		$(PY) -m tests.bench.bench_s3 || failed=1; \
		$(PY) -m tests.bench.bench_sftp || failed=1; \
		$(PY) -m tests.bench.bench_agent || failed=1; \
		$(PY) -m tests.bench.bench_transfer $(if $(DISK),--disk "$(DISK)") $(if $(TMPFS),--tmpfs "$(TMPFS)") || failed=1; \
		$(MAKE) --no-print-directory plots || failed=1; \
		exit $$failed

# The panel in Chromium on a million rows: first rows, frames of a scroll, memory over ten
# minutes of changes. Seeds what is not there; DATA names another data folder.
bench-panel: setup
	bash tests/support/install_chromium.sh
	$(PY) -m tests.bench.bench_panel --write $(if $(DATA),--data "$(DATA)")

# --- upkeep ------------------------------------------------------------------

# Known vulnerabilities of everything that is locked: asks PyPI's and npm's databases, so
# it needs the network, and is no part of the tests.
audit: $(STAMPS)/venv-audit $(STAMPS)/node
	@failed=0; for lock in requirements/*.txt; do echo "$$lock"; \
		.venv-audit/bin/pip-audit --strict --require-hashes --disable-pip -r "$$lock" || failed=1; done; \
		(cd frontend && npm audit) || failed=1; \
		[ $$failed = 0 ] || { \
		echo "Not everything above is known to be safe."; \
		echo "  'could not be audited', 'audit endpoint returned an error': nothing is known of it."; \
		echo "  Ask again where PyPI's and npm's own databases can be reached."; \
		echo "  A known vulnerability: take a version without it into pyproject.toml and make lock,"; \
		echo "  or into frontend/package.json and its lock; then make test."; }; exit $$failed

# Locks without addresses: hashes only.
lock: $(STAMPS)/venv
	bash requirements/lock.sh

clean:
	rm -rf .venv .venv-audit .venv-client .venv-client39 .venv-core .venv-core39 .venv-docs \
		.build .hypothesis .grimp_cache .import_linter_cache .mypy_cache .pytest_cache .ruff_cache \
		frontend/node_modules frontend/dist package
