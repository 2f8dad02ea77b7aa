# Two commands matter: `make demo` and `make test`. Everything else is a part of them.
SHELL := /bin/sh
VENV := .venv
BIN := $(VENV)/bin
SERVE ?= yes
PORT ?= 8000
ONLY ?=
SIZE ?= small
DEMO := AANWEZIG_HOME=var/demo AANWEZIG_MODE=demo

.PHONY: demo test check bench lock docs pictures clean

# Drift takes half a minute; nobody need wait for it, so it is looked for while the page is already up.
demo: $(VENV)/.runtime
	@rm -rf var/demo
	@echo "1/5 Een synthetische regio (niemand bestaat)"
	@$(DEMO) $(BIN)/aanwezig simulate var/demo/region --newcomer var/demo/nieuwe-school
	@echo "2/5 Exports aannemen"
	@$(DEMO) $(BIN)/aanwezig ingest var/demo/region/exports --brief
	@echo "3/5 Model trainen, en het op eerdere weken beproeven"
	@$(DEMO) $(BIN)/aanwezig train
	@echo "4/5 Het model keuren en ervoor tekenen"
	@$(DEMO) $(BIN)/aanwezig promote --by "Wouter (demo)" || echo "De lijsten volgen de drempels."
	@echo "5/5 De laatste drie weeklijsten"
	@$(DEMO) $(BIN)/aanwezig weekly --week 2026-11-02 --week 2026-11-09 --week 2026-11-16 --brief
	@if [ "$(SERVE)" = "no" ]; then echo "Klaar. Bekijk de pagina met: $(DEMO) $(BIN)/aanwezig serve --batch"; \
	else ($(DEMO) nice $(BIN)/aanwezig drift >var/demo/drift.log 2>&1 &); $(DEMO) $(BIN)/aanwezig serve --batch --port $(PORT); fi

# What tests write stands in memory where 4 GB is free there: waiting for the disk was a quarter of the time.
test: $(VENV)/.dev browser java node
	@if [ "$$(df -Pk /dev/shm 2>/dev/null | awk 'NR == 2 { print $$4 }')" -gt 4000000 ] 2>/dev/null; then \
	TMPDIR=$$(mktemp -d /dev/shm/aanwezig-XXXXXX) && export TMPDIR && chmod 711 "$$TMPDIR"; \
	trap 'rm -rf "$$TMPDIR"' EXIT; trap 'exit 130' INT TERM; fi; \
	$(BIN)/pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder --durations 15

check: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.dev
	@$(BIN)/python benchmarks/run.py --size $(SIZE) $(if $(ONLY),--only $(ONLY))

# What a test needs beside Python: Debian's Chromium, its Java for Spark, its Node for three packages from npm.
# PostgreSQL and Spark come as wheels.
.PHONY: browser java node
browser:
	@command -v chromium >/dev/null 2>&1 || \
	( [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1 && apt-get update -q && apt-get install -y -q chromium ) || \
	{ echo "chromium ontbreekt: installeer het (Debian: apt-get install chromium) en draai opnieuw"; exit 1; }

java:
	@command -v java >/dev/null 2>&1 || test -n "$$JAVA_HOME" || \
	( [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1 && apt-get update -q && apt-get install -y -q default-jre-headless ) || \
	{ echo "Java ontbreekt: installeer 17 of nieuwer (Debian: apt-get install default-jre-headless) en draai opnieuw"; exit 1; }

node: tests/node/node_modules/.done

tests/node/node_modules/.done: tests/node/package.json tests/node/package-lock.json
	@{ command -v node && command -v npm; } >/dev/null 2>&1 || \
	( [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1 && apt-get update -q && apt-get install -y -q nodejs npm ) || \
	{ echo "Node ontbreekt: installeer het (Debian: apt-get install nodejs npm) en draai opnieuw"; exit 1; }
	cd tests/node && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

$(VENV)/bin/uv: requirements/uv.txt
	@python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 of nieuwer is nodig"; exit 1; }
	python3 -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt
	@touch $@

$(VENV)/.runtime: requirements/runtime.txt pyproject.toml $(VENV)/bin/uv
	@test -e $(VENV)/.dev || $(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements/runtime.txt
	@test -e $(VENV)/.dev || $(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements/build.txt
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-build-isolation --no-deps -e .
	@touch $@

$(VENV)/.dev: requirements/dev.txt pyproject.toml $(VENV)/bin/uv
	$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements/dev.txt
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-build-isolation --no-deps -e .
	@touch $@ $(VENV)/.runtime

# Versions and hashes of everything, without the address of any registry.
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --fork-strategy fewest --generate-hashes --no-header --no-annotate --no-emit-index-url
lock: $(VENV)/bin/uv
	$(COMPILE) --group dev pyproject.toml -o requirements/dev.txt
	$(COMPILE) pyproject.toml -c requirements/dev.txt -o requirements/runtime.txt
	echo 'uv_build>=0.13,<0.14' | $(COMPILE) - -c requirements/dev.txt -o requirements/build.txt
	echo 'uv' | $(COMPILE) - -o requirements/uv.txt

docs: $(VENV)/.dev
	$(BIN)/python -m data_contracts.docs
	PYTHONPATH=tests/features $(BIN)/python -m spec.page

# Of a demo that is being served (make demo), which nobody has worked in yet.
pictures: $(VENV)/.dev browser
	$(BIN)/python tests/service/pictures.py http://127.0.0.1:$(PORT)

clean:
	rm -rf $(VENV) var tests/node/node_modules .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
