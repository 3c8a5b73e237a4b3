# What can be done here. Needs Python 3.11 or newer with venv, and GNU make.

PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/installed
PROVIDER := tests/provider/node_modules/.package-lock.json
AXE := tests/pages/node_modules/.package-lock.json
MUTANTS := 'domain.ledger.merkle.*' 'domain.ledger.notes.*' 'domain.ledger.mapper.x_chained__*' 'verifier.*'

.DEFAULT_GOAL := help
.PHONY: help install run test check bench mutants docs texts lock upgrade vendor pictures

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s  %s\n", $$1, $$2 }' Makefile

install: $(INSTALLED) ## Install everything into .venv

run: install ## Start the service
	$(BIN)/luotsi serve

test: install $(PROVIDER) $(AXE) ## Run the tests
	$(BIN)/python -m pytest --numprocesses auto --dist loadfile

check: install ## Check format, style, types, the lock, and for known weaknesses
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m tools.lock check
	$(BIN)/python -m tools.vendor check
	$(BIN)/python -m tools.statements
	$(BIN)/python -m tools.audit

bench: install ## Measure how fast it is
	$(BIN)/python -m tests.bench

mutants: install ## Change what proofs stand on in every small way, and see that a test notices (see docs/mutants.md)
	rm -rf mutants
	$(BIN)/mutmut run $(MUTANTS)
	$(BIN)/mutmut results | grep -v ': not checked$$'

docs: install ## Write docs/reference.md from the code
	$(BIN)/python -m tools.reference

pictures: install ## Take the pictures of the main pages in docs/pictures
	$(BIN)/python -m tests.pages.pictures

texts: install ## Put new texts of the pages into their catalogues, and say what is left to translate
	$(BIN)/python -m tools.texts

lock: install ## Lock what pyproject.toml asks for, keeping the versions that still fit
	$(BIN)/python -m tools.lock make

upgrade: install ## Lock the newest versions that pyproject.toml allows
	$(BIN)/python -m tools.lock make --upgrade

vendor: install ## Fetch from npm what the pages keep of it
	$(BIN)/python -m tools.vendor fetch

# An OpenID provider for the tests, by the Node.js of .venv. Where npm has no registry to get it from, they say so.
$(PROVIDER): tests/provider/package-lock.json $(INSTALLED)
	@$(BIN)/python -m tests.provider

# What the tests look at pages with. Where npm has no registry to get it from, they say so.
$(AXE): tests/pages/package-lock.json $(INSTALLED)
	@$(BIN)/python -m tests.pages.axe

# Only wheels: building from source would fetch tools that no hash vouches for.
$(INSTALLED): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Luotsi needs Python 3.11 or newer, and $(PYTHON) is %d.%d. Name a newer one: make install PYTHON=python3.11" % sys.version_info[:2])'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@
