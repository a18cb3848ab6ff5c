# Every target wraps one command of `python -m lab` or `python -m scripts`; `make help` lists them.
LAB ?= lab
export LAB
PYTHON := .venv/bin/python
STAMP := .venv/requirements.stamp

.DEFAULT_GOAL := help
.PHONY: help setup up preview down status check unit test bench

help: ## this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 18

$(STAMP): requirements-dev.txt requirements.txt lab/requirements.txt
	@tools/venv
	@touch $@

setup: $(STAMP) ## install what the lab needs, build or find the engine, build the hosts' image
	@tools/packages
	@$(PYTHON) -m lab setup

up: $(STAMP) ## bring the pair up on this machine
	@tools/packages
	@$(PYTHON) -m lab up

preview: $(STAMP) ## what `make up` would change
	@$(PYTHON) -m lab preview

down: $(STAMP) ## destroy it all; nothing is left behind
	@$(PYTHON) -m lab down

status: $(STAMP) ## the lab's hosts and addresses
	@$(PYTHON) -m lab status

check: $(STAMP) ## lint, format, types, templates
	@tools/packages
	@tools/check

unit: $(STAMP) ## tests that need no lab, in seconds
	@$(PYTHON) -m pytest tests/unit -q

test: check ## everything, on a lab of its own
	@$(PYTHON) -m lab setup --lab test
	@$(PYTHON) -m pytest tests

bench: $(STAMP) ## wall time of `up` against a plain shell script doing the same
	@$(PYTHON) -m bench.up
