# make serve | test | lint | bench | dist: each does all of its own set-up, in .venv
PYTHON ?= python3
ifeq ($(OS),Windows_NT)
BIN := .venv/Scripts
else
BIN := .venv/bin
endif
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: serve test lint bench dist container-check lock clean

serve: .venv/serve-ready
	@exec $(BIN)/osimages serve $(ARGS)

test: lint
	$(BIN)/python -m pytest -n auto --dist loadgroup $(ARGS)

lint: .venv/test-ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: .venv/test-ready
	$(BIN)/python -m bench $(ARGS)

# Wheel and source distribution in dist/, built reproducibly, checked, and tried in a fresh environment.
dist: .venv/test-ready
	$(BIN)/python tools/distribution.py $(ARGS)

# The container's file system, built without an engine, used from another network namespace: Linux, root, debootstrap.
container-check: .venv/test-ready
	$(BIN)/python tools/container_check.py $(ARGS)

# The exact versions that everything was tested with, for every system and Python version, without a registry's name.
lock: .venv/test-ready
	$(BIN)/python -m uv pip compile -q --universal --generate-hashes --no-header --no-emit-index-url \
	  --no-emit-find-links -U pyproject.toml -o requirements.txt
	$(BIN)/python -m uv pip compile -q --universal --generate-hashes --no-header --no-emit-index-url \
	  --no-emit-find-links -U pyproject.toml --group dev -o requirements-dev.txt

clean:
	rm -rf .venv build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis

.venv/pyvenv.cfg:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "osimages needs Python 3.11 or later; name one: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	$(PYTHON) -m venv .venv

.venv/serve-ready: .venv/pyvenv.cfg requirements.txt pyproject.toml tools/requirements_for.py
	$(BIN)/python tools/requirements_for.py requirements.txt > .venv/requirements.txt
	$(BIN)/python -m pip install --quiet --require-hashes -r .venv/requirements.txt
	$(BIN)/python -m pip install --quiet --no-deps --editable .
	@touch $@

.venv/test-ready: .venv/serve-ready requirements-dev.txt tools/test_machine.py tests/node/package-lock.json
	$(BIN)/python tools/requirements_for.py requirements-dev.txt > .venv/requirements-dev.txt
	$(BIN)/python -m pip install --quiet --require-hashes -r .venv/requirements-dev.txt
	$(BIN)/python tools/test_machine.py
	@touch $@
