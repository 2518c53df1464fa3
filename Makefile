# The few commands of the project; `make` alone lists them.
#
# Everything lives in one virtual environment, .venv; a stamp per requirements file makes a second start quick.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:

VENV := .venv
PY := $(VENV)/bin/python
CREATED := $(VENV)/.created
DEMO := $(VENV)/.installed-demo
DEV := $(VENV)/.installed-dev
APPS := accessgov audit catalog demo directory evidence notifications portal provisioning requests_app reviews
PORT ?= 8000
ARGS ?=
export PORT

# The first Python that is new enough and can make virtual environments.
define FIND_PYTHON
for candidate in "$${PYTHON:-python3.11}" python3.11 python3.12 python3.13 python3; do \
  if "$$candidate" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then \
    echo "$$candidate"; exit 0; \
  fi; \
done; \
echo "AccessGov needs Python 3.11 or newer with its venv module (on Debian: apt install python3 python3-venv)," >&2; \
echo "and found none. Name one with: make PYTHON=/path/to/python3.11 ..." >&2; \
exit 1
endef

.PHONY: help demo demo-reset run worker beat test format lint lint-style lint-types lint-imports lint-templates \
  lint-security lint-django

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# --- Running it -------------------------------------------------------------------------------------------------------

demo: $(DEMO) ## an invented organisation on http://127.0.0.1:8000 (PORT=... for another port), data kept in var/
	@ACCESSGOV_MODE=demo exec $(PY) manage.py demo $(ARGS)

demo-reset: $(DEMO) ## the same, from the beginning: forgets what was done in it
	@ACCESSGOV_MODE=demo exec $(PY) manage.py demo --reset $(ARGS)

run: $(DEV) ## a development server on SQLite: web, worker and beat in one process
	@mkdir -p var
	@ACCESSGOV_MODE=development $(PY) manage.py migrate --verbosity 0
	@ACCESSGOV_MODE=development exec $(PY) manage.py serve $(ARGS)

worker: $(DEV) ## a Celery worker (needs REDIS_URL)
	@: "$${REDIS_URL:?a worker of its own needs a broker: set REDIS_URL (and DATABASE_URL)}"
	@ACCESSGOV_MODE=$${ACCESSGOV_MODE:-development} exec $(VENV)/bin/celery -A accessgov worker --loglevel INFO $(ARGS)

beat: $(DEV) ## the Celery scheduler (needs REDIS_URL; run one)
	@: "$${REDIS_URL:?a scheduler of its own needs a broker: set REDIS_URL (and DATABASE_URL)}"
	@mkdir -p var
	@ACCESSGOV_MODE=$${ACCESSGOV_MODE:-development} exec $(VENV)/bin/celery -A accessgov beat --loglevel INFO \
	  --schedule var/celerybeat-schedule $(ARGS)

# --- Checking it ------------------------------------------------------------------------------------------------------

test: $(DEV) ## every test on SQLite, then again on PostgreSQL with Valkey (ARGS="-k name" for some of them)
	@report=$$(mktemp); trap 'rm -f "$$report"' EXIT; status=0; \
	for database in sqlite postgres; do \
	  ACCESSGOV_TEST_REPORT="$$report" ACCESSGOV_TEST_DATABASE=$$database \
	    $(PY) -m pytest -n 2 --dist loadgroup $(ARGS) || status=1; \
	done; \
	echo; echo "What ran:"; cat "$$report"; exit $$status

lint: lint-style lint-types lint-imports lint-templates lint-security lint-django ## everything that needs no test run (-k: go on after a fault)

lint-style: $(DEV)
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .

lint-types: $(DEV)
	ACCESSGOV_MODE=test $(VENV)/bin/mypy .

lint-imports: $(DEV)
	$(VENV)/bin/lint-imports

lint-templates: $(DEV)
	$(VENV)/bin/djlint templates --lint --quiet

lint-security: $(DEV)
	$(VENV)/bin/bandit --quiet --recursive --configfile pyproject.toml $(APPS) manage.py

lint-django: $(DEV) # no migration is missing, and production's settings pass Django's own deployment checks
	ACCESSGOV_MODE=test DATABASE_URL=sqlite://:memory: $(PY) manage.py makemigrations --check --dry-run
	@ACCESSGOV_MODE=production ACCESSGOV_BASE_URL=https://accessgov.example ACCESSGOV_ALLOWED_HOSTS=accessgov.example \
	  ACCESSGOV_SECRET_KEY="$$($(PY) -c 'import secrets; print(secrets.token_urlsafe(64))')" \
	  ACCESSGOV_ENCRYPTION_KEYS="$$($(PY) -c 'from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())')" \
	  DATABASE_URL=postgresql://accessgov@127.0.0.1/accessgov REDIS_URL=redis://127.0.0.1:6379/0 \
	  $(PY) manage.py check --deploy --fail-level WARNING

format: $(DEV) ## put the code into the house's form
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/ruff format .

permissions: $(DEV) ## write docs/permissions.md from the table that the tests try
	$(PY) -m tests.permission_table

# --- The virtual environment --------------------------------------------------------------------------------------------

$(CREATED):
	@python="$$($(FIND_PYTHON))"; echo "Making $(VENV) with $$("$$python" --version)"; "$$python" -m venv $(VENV)
	@touch $@

$(DEMO): $(CREATED) requirements.txt requirements-demo.txt
	@echo "Installing what the demo needs (a minute or two, once)"
	@$(PY) -m pip install --quiet --disable-pip-version-check --requirement requirements-demo.txt
	@touch $@

$(DEV): $(CREATED) requirements.txt requirements-demo.txt requirements-dev.txt
	@echo "Installing what development needs (a minute or two, once)"
	@$(PY) -m pip install --quiet --disable-pip-version-check --requirement requirements-dev.txt
	@touch $(DEMO) $@
