# Every target wraps one command of `python -m lab` or `python -m scripts`; `make help` lists them. A failing command's
# exit code is 2 here, whatever its own: where it matters, call the command itself.
LAB ?= lab
export LAB
# Of the operator's targets: the stack, a user's key, a port, and more words for the command.
S ?= $(LAB)
U ?= app
P ?= 3307
ARGS ?=
PYTHON := .venv/bin/python
STAMP := .venv/requirements.stamp

.DEFAULT_GOAL := help
.PHONY: help setup up preview down status check unit test bench connect tunnel users rotate finish-rotation drift mend diagram

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 24

$(STAMP): requirements-dev.txt requirements.txt lab/requirements.txt lab/requirements-test.txt
	@tools/venv
	@touch $@

setup: $(STAMP) ## install what the lab needs, build or find the engine, build the hosts' image
	@tools/packages
	@$(PYTHON) -m lab setup

up: $(STAMP) ## bring the pair up on this machine
	@tools/packages
	@$(PYTHON) -m lab up
	@echo "  a shell on a host     $(PYTHON) -m scripts ssh server --stack $(LAB)   (or client-1)"
	@echo "  a mysql prompt        make connect LAB=$(LAB)"

preview: $(STAMP) ## what `make up` would change
	@$(PYTHON) -m lab preview

down: $(STAMP) ## destroy it all; nothing is left behind
	@$(PYTHON) -m lab down

status: $(STAMP) ## the lab's hosts and addresses
	@$(PYTHON) -m lab status

connect: $(STAMP) ## a mysql prompt on a client host: U=app, S=stack
	@$(PYTHON) -m scripts connect '$(U)' --stack '$(S)' $(ARGS)

tunnel: $(STAMP) ## MySQL on a port of this machine: U=app P=3307
	@$(PYTHON) -m scripts tunnel '$(U)' --port '$(P)' --stack '$(S)' $(ARGS)

users: $(STAMP) ## who may log in, with what, and how old the passwords are
	@$(PYTHON) -m scripts users --stack '$(S)' $(ARGS)

rotate: $(STAMP) ## a new password, the old one still accepted: U=app, ARGS=--yes
	@$(PYTHON) -m scripts rotate '$(U)' --stack '$(S)' $(ARGS)

finish-rotation: $(STAMP) ## the old password accepted no more: U=app
	@$(PYTHON) -m scripts finish-rotation '$(U)' --stack '$(S)' $(ARGS)

drift: $(STAMP) ## what is live, compared with what the stack says
	@$(PYTHON) -m scripts drift --stack '$(S)' $(ARGS)

mend: $(STAMP) ## what is live, made as the stack says again
	@$(PYTHON) -m scripts mend --stack '$(S)' $(ARGS)

diagram: $(STAMP) ## a picture of what is deployed, as SVG: ARGS='--output FILE'
	@$(PYTHON) -m scripts diagram --stack '$(S)' $(ARGS)

check: $(STAMP) ## lint, format, types, templates
	@tools/packages
	@tools/check

unit: $(STAMP) ## tests that need no lab, in seconds
	@$(PYTHON) -m pytest tests/unit lab/tests/unit --numprocesses=2 -q

test: check ## everything, on labs of its own, two processes side by side
	@tools/packages drivers
	@$(PYTHON) -m lab setup --lab test
	@$(PYTHON) -m pytest tests lab/tests --numprocesses=2 --maxfail=10 --durations=30

bench: $(STAMP) ## wall time of `up` against a plain shell script doing the same
	@$(PYTHON) -m bench.up
