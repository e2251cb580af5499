# tlsfleet.iis: everything a developer runs. `make help` lists it.
# CORE=2.16 uses that ansible-core instead of the newest; IIS_PYTHON=/path/to/python3.x picks the Python.

PYTHON ?= python3
CORE ?=
ENGINE ?= model
WORKERS ?= 2
PROFILE ?= ci
ARGS ?=

ENVIRONMENT := $(PYTHON) tests/tools/environment.py
CHOICE := $(if $(CORE),--core $(CORE))
ENTER = eval "$$($(ENVIRONMENT) exports $(CHOICE))"
SUITES := $(wildcard tests/tools tests/unit tests/laws tests/lab tests/engine tests/e2e tests/bench)

.DEFAULT_GOAL := help
.PHONY: help setup env demo test laws check lab compact bench clean

help: ## show this list
	@grep -E '^[a-z]+:.*## ' $(firstword $(MAKEFILE_LIST)) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 16

setup: ## make .env: Python packages, ansible-core, this checkout as a collection
	@$(ENVIRONMENT) setup $(CHOICE)

env: setup ## print shell exports, to be used with eval
	@$(ENVIRONMENT) exports $(CHOICE)

demo: setup ## the main job on five simulated hosts (ENGINE=model)
	@$(ENTER); ENGINE=$(ENGINE) tests/demo/run

test: setup ## unit tests, laws, lab, one end-to-end play
	@$(ENTER); PYTHONPATH=tests python -m tools.mono
	@$(ENTER); python -m pytest $(SUITES) -n $(WORKERS) --dist loadscope --hypothesis-profile=$(PROFILE) \
		$(if $(SEED),--hypothesis-seed=$(SEED)) $(ARGS)

laws: setup ## the laws over many random cases (ARGS="--first 1000000 --cases 100000", or "--small L3")
	@$(ENTER); PYTHONPATH=tests:.env/collections python -m laws --workers $(WORKERS) $(ARGS)

check: setup ## every gate: linters, types, sanity, docs, package, all cores (ARGS="--only ruff,mypy")
	@$(ENVIRONMENT) setup --lint
	@$(ENTER); PYTHONPATH=tests python -m tools.check $(ARGS)

lab: setup ## start five simulated hosts in .lab and print their inventory
	@$(ENTER); tests/lab/lab start --dir .lab --hosts 5 --seed 1 --engine $(ENGINE) >&2; echo "$(CURDIR)/.lab/inventory.yml"

compact: setup ## write the C# that the host modules upload from plugins/module_utils/TlsFleet*.cs
	@$(ENTER); PYTHONPATH=tests python -m tools.compact

bench: setup ## measure: counts, bytes and ratios, beside other collections (ARGS="wire")
	@$(ENTER); tests/bench/run $(ARGS)

clean: ## stop the lab and remove .env, .lab and caches
	@if [ -d .lab ] && [ -x tests/lab/lab ] && [ -d .env/venv ]; then $(ENTER); tests/lab/lab stop --dir .lab || true; fi
	rm -rf .env .lab .cache .hypothesis .mypy_cache .pytest_cache .ruff_cache .ansible tlsfleet-iis-*.tar.gz
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
