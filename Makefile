# One file for everything a reader, a teacher or a contributor does.
# Needs: make, Python 3.11 or newer, and the Python package index; the tests fetch two tools that
# check JavaScript from the npm registry. Nothing else is fetched.

## PYTHON: the Python that makes the environment
PYTHON ?= python3
## VENV: the folder of the environment
VENV ?= .venv
## JOBS: processes that build the pages of the book
JOBS ?= 4
## PORT: where `make serve` serves the book
PORT ?= 8000
## CHROMIUM: the browser of the tests and of `make pdf`, if it is not found on the path
## BESIDE: another checkout of the library, for `make bench` to time in the same run
## TASK: the file with your task for `make yours` and `make student`, such as TASK=my_task.toml
## PAGE: one page for the targets that take one, such as PAGE=04-two-stages
HTML := _build/html
PDF := _build/watch-a-transformer-learn.pdf
BIN := $(VENV)/bin
## CONSTRAINTS: the file of tested versions; empty for the newest
CONSTRAINTS ?= $(wildcard constraints.txt)
INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check $(CONSTRAINTS:%=--constraint %)
TOOLS := $(VENV)/node_modules/.bin
SCRIPTS := $(wildcard scb_edu/widgets/live/*.mjs scb_edu/exercises/*.mjs book/extensions/*.mjs book/slides/*.mjs)
NBVAL := --nbval --nbval-current-env --nbval-sanitize-with tests/nbval_sanitize.cfg
# Tools that start others by name (jupyter, node) find those of the environment first
export PATH := $(abspath $(BIN)):$(PATH)

# A folder may have letters outside ASCII in its name whatever the locale, and PYTHONUTF8=0, say
export PYTHONUTF8 := 1

# The source of the one page that is asked for, or what is wrong with its name
ONE_PAGE = $(or $(wildcard book/$(PAGE).md),$(error PAGE: expected a page, as in "make $@ PAGE=04-two-stages", got "$(PAGE)"))

# All but these two write here: the environment, _build, the lessons, the stored tables
ifneq ($(filter-out help serve,$(MAKECMDGOALS)),)
ifeq ($(shell test -w . && echo yes),)
$(error Nothing can be written in this folder: copy it to one of your own, and run make there)
endif
endif

.DEFAULT_GOAL := help
.PHONY: help book pdf serve lab lessons data test check bench upgrade clean
.PHONY: page lesson lesson-test student slides

help: ## show this list (at once)
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@printf '\nVariables, as in `make serve PORT=9000`:\n'
	@awk -F ': ' '/^## [A-Z]+: / { printf "  %-18s %s\n", substr($$1, 4), $$2 }' $(MAKEFILE_LIST)

# The environment: made once, topped up when the metadata changes

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed: make PYTHON=python3.12" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.%: pyproject.toml $(CONSTRAINTS) | $(BIN)/python
	@echo "Installing what 'make $*' needs into $(VENV) ..."
	$(INSTALL) --editable '.[$*]'
	@touch $@

# Node is in a wheel, but the type checker and the formatter of JavaScript are on the npm registry only
$(VENV)/node_modules: tests/js/package.json tests/js/package-lock.json | $(VENV)/.test
	@echo "Installing the tools for JavaScript into $(VENV) ..."
	cp $^ $(VENV)
	$(BIN)/npm ci --prefix $(VENV) --silent --no-audit --no-fund
	@touch $@

# The book

# Pages and tests run side by side, each with one thread
book lessons test: export OPENBLAS_NUM_THREADS ?= 1

book: $(VENV)/.book ## build the book into _build/html (4 minutes the first time, then 2)
	$(BIN)/sphinx-build -j $(JOBS) --nitpicky --fail-on-warning --keep-going -d _build/doctrees book $(HTML)
	@echo
	@echo "The book is in $(HTML). Open $(abspath $(HTML))/index.html in a browser,"
	@echo "or run 'make serve' and open http://127.0.0.1:$(PORT)/"

$(HTML)/index.html:
	$(MAKE) book

page: $(VENV)/.book ## build one page for a quick look, run no other, PAGE=... (half a minute)
	SCB_EDU_PAGE=$(basename $(notdir $(ONE_PAGE))) $(BIN)/sphinx-build -j $(JOBS) --quiet --nitpicky \
	  --fail-on-warning --keep-going -d _build/page/doctrees book _build/page/html
	@echo "Open $(abspath _build/page/html/$(PAGE).html) in a browser."

pdf: $(VENV)/.print | $(HTML)/index.html ## print the built book into one PDF in _build (2 minutes; needs Chromium)
	$(BIN)/python book/print_book.py $(HTML) $(PDF)
	@echo "The book is in $(PDF)."

serve: | $(HTML)/index.html ## serve the built book on http://127.0.0.1:8000/ (until Ctrl-C)
	@echo "Serving http://127.0.0.1:$(PORT)/ (Ctrl-C stops it)"
	$(BIN)/python -m http.server --bind 127.0.0.1 --directory $(HTML) $(PORT)

# The lessons

lab: $(VENV)/.lab ## open the lessons in JupyterLab, on this machine only (seconds)
	@# JupyterLab would ask for news and updates over the network
	@$(BIN)/jupyter labextension disable @jupyterlab/apputils-extension:announcements 2> /dev/null
	$(BIN)/jupyter lab --ip=127.0.0.1 --ServerApp.root_dir=. --LabApp.default_url=/lab/tree/book/lessons

lessons: $(VENV)/.lab ## run the chapters and write their notebooks anew, book/lessons (4 minutes)
	$(BIN)/python book/write_lessons.py

.PHONY: yours
yours: export OPENBLAS_NUM_THREADS ?= 1
yours: $(VENV)/.lab ## run the chapters with your task, report what no longer holds, TASK=... (5 minutes)
	$(BIN)/python book/make_yours.py $(or $(TASK),$(error TASK: expected a file, as in "make yours TASK=my_task.toml")) \
	  $(if $(PAGE),$(ONE_PAGE))

lesson: $(VENV)/.lab ## run one chapter and write its notebook anew, PAGE=... (10 seconds)
	$(BIN)/python book/write_lessons.py $(ONE_PAGE)

lesson-test: $(VENV)/.test ## test one lesson: its cells, its outputs, PAGE=... (10 seconds)
	$(BIN)/pytest -n 0 $(NBVAL) -k $(basename $(notdir $(ONE_PAGE))) \
	  tests/book/test_lessons.py book/lessons

# For a class

student: $(VENV)/.lab ## write notebooks without solutions, PAGE=... for one, TASK=... with yours (3 seconds)
	$(BIN)/python book/hand_out.py $(if $(TASK),--task $(TASK)) $(if $(PAGE),$(ONE_PAGE))
	@echo "For students: _build/student.$(if $(TASK),, For 'otter assign', with solutions: _build/instructor.)"

slides: $(VENV)/.book | $(HTML)/index.html ## make slides of the built book, _build/slides, PAGE=... for one (6 seconds)
	$(BIN)/python book/make_slides.py $(HTML) _build/slides $(if $(PAGE),$(basename $(notdir $(ONE_PAGE))))
	@echo "Open a file of _build/slides in a browser; it prints one slide a sheet."

# The studies

data: $(VENV)/.test ## compute anew the studies whose code was changed (all: half an hour)
	$(BIN)/python -m scb_edu.studies

# The tests

check: $(VENV)/.test $(VENV)/node_modules ## check style and types (seconds)
	@$(MAKE) --no-print-directory --jobs 2 --output-sync check-style check-types check-scripts

check-style:
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

check-types:
	$(BIN)/mypy

check-scripts:
	$(TOOLS)/prettier --print-width 100 --check $(SCRIPTS) tests/exercises/*.mjs tests/widgets/playground/*.mjs
	$(TOOLS)/tsc --allowJs --checkJs --strict --noUnusedLocals --noEmit --target es2022 --module esnext $(SCRIPTS)

test: check ## run every test: library, lessons, book, browser, JupyterLab (10 minutes first, then 9)
	$(BIN)/pytest -n 2 --no-loadscope-reorder --doctest-modules tests scb_edu
	@# The book's build ran the lessons here; what they print must hold on any processor: once more,
	@# as the plainest one adds and multiplies
	OPENBLAS_CORETYPE=Prescott $(BIN)/pytest -n 2 --dist loadfile $(NBVAL) book/lessons

.PHONY: mutants
## COUNT: how many changes of the library `make mutants` tries
COUNT ?= 600
## SEED: of the sample that `make mutants` tries, and of the links that `make fuzz` makes
SEED ?= 0
mutants: $(VENV)/.test ## change the library in COUNT places, one a time; a test has to notice (half an hour)
	$(BIN)/python tests/mutants.py --seed $(SEED) --count $(COUNT)

.PHONY: fuzz
## EXAMPLES: how many inputs `make fuzz` tries of each kind
EXAMPLES ?= 10000
fuzz: $(VENV)/.fuzz ## try EXAMPLES inputs of each kind: shapes, values, files, links (an hour)
	SCB_EDU_EXAMPLES=$(EXAMPLES) $(BIN)/pytest -n 2 -m hypothesis tests
	$(BIN)/python tests/fuzz/readers.py table --runs $(EXAMPLES)
	$(BIN)/python tests/fuzz/readers.py checkpoint --runs $(EXAMPLES)
	$(BIN)/python tests/fuzz/readers.py table --runs $(EXAMPLES) --guided
	$(BIN)/python tests/fuzz/readers.py checkpoint --runs $(EXAMPLES) --guided
	$(BIN)/python tests/fuzz/links.py --count $(EXAMPLES) --seed $(SEED)

.PHONY: coverage
coverage: export OPENBLAS_NUM_THREADS ?= 1
coverage: $(VENV)/.test ## measure which lines and branches the tests run, without pages (10 minutes)
	$(BIN)/coverage erase
	PYTHONPATH=tests $(BIN)/coverage run -m pytest -q -n 0 -p contexts --doctest-modules \
	  --ignore=tests/browser --ignore=tests/book tests scb_edu
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

.PHONY: slow-tests
slow-tests: $(VENV)/.test ## name the tests, without browser and book, that take over 5 seconds (10 minutes)
	OPENBLAS_NUM_THREADS=1 $(BIN)/pytest -q -n 0 --doctest-modules --durations=0 --durations-min=5 \
	  --ignore=tests/browser --ignore=tests/book tests scb_edu

# The library alone; the rest of `tests` wants a browser, Node or the built book
CORE := tests/model tests/training tests/theory tests/text tests/support tests/experiments tests/figures
CORE += tests/widgets tests/exercises tests/test_versions.py scb_edu
.PHONY: core
core: export OPENBLAS_NUM_THREADS ?= 1
core: $(VENV)/.test ## test the library alone, CONSTRAINTS=... VENV=... with other versions (8 minutes)
	$(BIN)/pytest -n 2 --doctest-modules $(CORE)

bench: $(VENV)/.bench ## measure the speed of training beside PyTorch and JAX (15 minutes; installs both)
	$(BIN)/python tests/benchmarks/training.py $(BESIDE)

upgrade: $(BIN)/python ## install the newest versions and write them to constraints.txt (minutes)
	$(BIN)/python -m pip install --upgrade --upgrade-strategy eager --editable '.[test,bench,fuzz]'
	@# a build for one kind of processor (+cpu) is not on the package index
	$(BIN)/python -m pip freeze --all --exclude pip --exclude-editable | sed 's/+[a-z0-9.]*$$//' > constraints.txt

clean: ## remove what was built, keep the environment (at once)
	rm -rf _build build .pytest_cache .mypy_cache .ruff_cache .hypothesis book/jupyter_execute
