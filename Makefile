# Needs git, make and Python 3.11 to 3.13, nothing else: the first target that you call makes .venv.
# Written for GNU make 3.81, which is what macOS has.

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# The Pythons to try: only the one that you name (make setup PYTHON=/path/to/python3), else these in turn.
PYTHONS = $(or $(PYTHON),python3.13 python3.12 python3.11 python3)
USABLE := import ensurepip, sys, venv; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))
EXPERIMENT ?= experiments/quickstart.yaml
MINUTES ?= 10
# One more than the two cores that the tests are sized for, because many of them wait for another process.
WORKERS ?= 3
SPREAD = -n $(WORKERS) --dist loadfile --no-loadscope-reorder
HOSTILE_JSON ?= results/hostile.json
SWEEPS ?= 1000
RATERS ?= 40
# For `make gpu` where there is no .venv.
PYTHON_HERE = $(or $(PYTHON),python3)

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help setup sweep lab docs test test-all test-slow lint types rooms format pictures screenshots stale-pictures viewer-speed soak hostile gpu startup simulate simulate-votes browser clean

help: ## this list
	@awk 'BEGIN { FS = ":.*## " } /^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(STAMP) ## make .venv with the pinned versions (again only when they change)

# Asking each Python to run is the point: a pyenv shim exists for versions that do not.
$(STAMP): pyproject.toml constraints.txt
	@if ! $(BIN)/python -c '$(USABLE)' >/dev/null 2>&1; then \
	  found=; for python in $(PYTHONS); do \
	    if "$$python" -c '$(USABLE)' >/dev/null 2>&1; then found="$$python"; break; fi; \
	  done; \
	  if [ -z "$$found" ]; then \
	    echo "make: found no Python 3.11 to 3.13 that can make a virtual environment (tried: $(PYTHONS))." >&2; \
	    echo "  macOS: brew install python@3.12     Debian, Ubuntu: apt-get install python3 python3-venv" >&2; \
	    echo "  or name one: make setup PYTHON=/path/to/python3" >&2; \
	    exit 1; \
	  fi; \
	  echo "making $(VENV) with $$("$$found" --version)"; \
	  "$$found" -m venv --clear $(VENV) || exit 1; \
	fi
	$(BIN)/python -m pip install --disable-pip-version-check -c constraints.txt -e ".[dev]"
	@touch $@

sweep: setup ## run a real sweep: EXPERIMENT=experiments/quickstart.yaml unless you name another
	$(BIN)/dwlab sweep $(EXPERIMENT)

lab: setup ## JupyterLab on the start page, which leads to all notebooks
	$(BIN)/jupyter lab --ServerApp.root_dir="$(CURDIR)" --LabApp.default_url=/lab/tree/notebooks/start.ipynb $(LAB_ARGS)

test: setup lint types rooms ## lint, types, the order of rooms and the suite
	$(BIN)/pytest $(SPREAD)

test-all: test test-slow ## the same, and the long cases: under 45 minutes

# pytest exits 5 where no test is marked slow.
test-slow: setup
	$(BIN)/pytest $(SPREAD) -m "slow and not gpu and not mps" || [ $$? -eq 5 ]

lint: setup ## style of the code
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: setup ## types of dwlab/
	$(BIN)/mypy

rooms: setup ## who may import whom
	$(BIN)/lint-imports

format: setup ## put the code in style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: setup ## the documentation as a site, in build/docs, which opens from a folder and offline
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

pictures: browser ## make the plots, the grid and the report of README and docs again
	PYTHONPATH=tests $(BIN)/python docs/pictures.py

screenshots: browser ## photograph the prompt bench and the server's page, in both themes, and the panels
	PYTHONPATH=tests $(BIN)/python docs/screenshots.py

stale-pictures: setup ## which pictures of docs/ are older than the code they show
	$(BIN)/python docs/stale_pictures.py

viewer-speed: browser ## how fast a viewer of 10,000 pictures opens and scrolls in Chromium
	PYTHONPATH=tests $(BIN)/python tests/viewer_speed.py

soak: setup ## a server under load, killed at random: no job lost, memory flat (MINUTES=10 unless you say)
	PYTHONPATH=tests MINUTES=$(MINUTES) $(BIN)/python tests/soak.py

hostile: browser ## mutated files, payloads in Chromium, kills, costly requests, slow clients: under 15 minutes, figures in HOSTILE_JSON
	PYTHONPATH=tests $(BIN)/python -m hostile --json $(HOSTILE_JSON)

# No setup: a machine with a GPU often has its own torch and no network. The environment is used where it is there.
gpu: ## the tests and benchmarks that need a GPU, under eight minutes a call; the next call goes on (docs/benchmarks.md)
	$(if $(wildcard $(BIN)/python),$(BIN)/python,$(PYTHON_HERE)) -m dwlab bench gpu $(GPU_ARGS)

startup: setup ## what starts cost: `import dwlab`, `dwlab --help`, a first picture, a sweep that is finished (STARTUP_ARGS=--parts)
	$(BIN)/python tests/startup_cost.py $(STARTUP_ARGS)

simulate-votes: setup ## how many votes find a known order, chosen against random pairs, and how often intervals of votes are right: an hour (RATERS=40 for each row)
	PYTHONPATH=tests $(BIN)/python tests/simulate_votes.py --raters $(RATERS)

simulate: setup ## how often intervals and rankings are right, on sweeps with a known truth: ten minutes (SWEEPS=1000 of each kind)
	PYTHONPATH=tests $(BIN)/python tests/simulate.py --sweeps $(SWEEPS)

browser: setup ## install Chromium for the browser tests where it is missing
	bash .ci/browser

clean: ## remove .venv, caches and builds; results stay
	rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find dwlab tests -name __pycache__ -type d -prune -exec rm -rf {} +
