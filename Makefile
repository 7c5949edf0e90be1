# Everything a contributor or a first-time user runs. Needs Python 3.11.5+, git and make.
PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3)
BIN := .venv/bin
ARGS ?=

.PHONY: install demo test isolation coexistence compose lint bench docs screenshots

EDITOR := airflow_dataops/web/static/built/editor.js

install: .venv/installed $(EDITOR) ## make .venv with the product and all its tools

demo: install                     ## run the demo: two environments, their kitchens, real data
	@$(BIN)/python -m airflow_dataops.demo $(ARGS)

test: lint chromium               ## lint, types, import contracts, tests
	$(BIN)/pytest -m "not isolation and not coexistence and not compose" --numprocesses=3 --dist=loadscope --no-loadscope-reorder $(ARGS)
	@echo "NOT RUN: the attacks on the Celery deployment, which need a quiet machine: make isolation"
	@echo "NOT RUN: the image and the compose file on a Docker Engine, as root: make compose"
	@echo "NOT RUN: an Airflow before, with and after the package, five starts of it: make coexistence"

coexistence: install              ## an Airflow with ordinary work before, with and after the package; minutes
	$(BIN)/pytest -m coexistence tests/coexistence $(ARGS)

compose: install engine           ## build the image, bring up docker/compose.yaml on a Docker Engine; minutes, as root
	$(BIN)/pytest -m compose tests/compose $(ARGS)

isolation: install                ## attack the deployment with separate workers; minutes, as root
	$(BIN)/pytest -m isolation tests/isolation $(ARGS)

lint: install                     ## style, types and import contracts, without tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	@$(MAKE) --no-print-directory --jobs=2 --output-sync=target types contracts dependencies

.PHONY: types contracts dependencies
types:
	$(BIN)/mypy
contracts:
	$(BIN)/lint-imports --no-cache
dependencies:
	$(BIN)/deptry airflow_dataops

bench: install                    ## run every benchmark, ours and peers and limits side by side
	@set -e; for script in benchmarks/[a-z]*.py; do \
		$(BIN)/python -m benchmarks.$$(basename $$script .py) $(ARGS); done

screenshots: install chromium     ## picture every page, light and dark, into docs/images/
	$(BIN)/python -m tests.web.pages.screenshots

docs: install                     ## build the documentation into site/
	$(BIN)/mkdocs build --strict

.venv/installed: pyproject.toml constraints.txt
	@echo "making .venv with $(PYTHON); the first time downloads about 500 MB"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11, 5))' \
		|| { echo "Python 3.11.5 or newer is needed, $$($(PYTHON) --version) is older; name another one: make install PYTHON=…"; exit 1; }
	@git --version >/dev/null 2>&1 || { echo "git is needed (Debian: apt-get install git)"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || $(MAKE) --no-print-directory venv-module
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip --disable-pip-version-check install --quiet --constraint constraints.txt uv
	@$(BIN)/uv pip install --python $(BIN)/python --constraint constraints.txt --compile-bytecode --editable '.[dev]'
	@touch $@

# The install before has built it; afterwards it is built anew when its sources change.
$(EDITOR): $(wildcard ui/src/*) ui/package.json ui/package-lock.json ui/build.mjs | .venv/installed
	@$(BIN)/python ui/island.py build

# Debian keeps the module that makes virtual environments in a package of its own.
.PHONY: venv-module
venv-module:
	@version=$$($(PYTHON) -c 'import sys; print("python%d.%d" % sys.version_info[:2])'); \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo "installing $$version-venv"; \
		apt-get update -qq && apt-get install -y -qq "$$version-venv" >/dev/null; \
	else echo "$$version has no venv module (Debian: apt-get install $$version-venv)"; exit 1; fi

# The browser that tests of the pages drive; never one that is downloaded from elsewhere.
.PHONY: chromium
chromium:
	@command -v chromium >/dev/null && exit 0; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo "installing chromium"; \
		apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium >/dev/null; \
	else echo "chromium is not installed, and tests of the pages need it (Debian: apt-get install chromium)"; exit 1; fi

# A Docker Engine, which the tests start by themselves, and what makes a Debian for its images.
.PHONY: engine
engine:
	@missing=; for needed in dockerd:docker.io docker-compose:docker-compose debootstrap:debootstrap; do \
		command -v $${needed%%:*} >/dev/null || missing="$$missing $${needed##*:}"; done; \
	test -z "$$missing" && exit 0; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo "installing$$missing"; \
		apt-get update -qq && apt-get install -y -qq --no-install-recommends $$missing >/dev/null; \
	else echo "a Docker Engine is needed (Debian: apt-get install$$missing)"; exit 1; fi
