# Every target wraps one command of `python -m lab` or `python -m scripts`; `make help` lists them. Where a command fails,
# make's own exit code is always 2: where the exit code matters, call the command itself.
LAB ?= lab
export LAB
# Set in many containers, and then every process compiles what it imports: each `pulumi` of the lab starts five.
unexport PYTHONDONTWRITEBYTECODE
# Labs boot the golden image; `LAB_PROVISION= make up` boots one without the packages, as a stock image is.
LAB_PROVISION ?= $(CURDIR)/image/provision.sh
export LAB_PROVISION
# For the operator's targets: the stack, a user's key, a port, and more arguments for the command.
S ?= $(LAB)
U ?= app
P ?= 3307
# For `make torture`: seconds, and the seed of chance, which is another one each time if not set.
BUDGET ?= 600
SEED ?=
ARGS ?=
PYTHON := .venv/bin/python
STAMP := .venv/requirements.stamp
# Of the unit tests those that take half of the time.
UNIT_HALF := tests/unit/program tests/unit/workflows tests/unit/outputs tests/unit/preview

.DEFAULT_GOAL := help
.PHONY: help packages programs setup lab-setup up lab-up preview down status check unit test test-lab torture bench connect tunnel users backup backups drill rotate finish-rotation drift repair switch-over upgrade diagram image

help: ## show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 24

$(STAMP): requirements-dev.txt requirements.txt scripts/requirements.txt lab/requirements.txt lab/requirements-test.txt
	@tools/venv
	@touch $@

# Side by side: the lab waits for a program that is still being built when it needs it.
setup: ## install the lab's packages, find or build the engine, build the hosts' image
	@$(MAKE) --no-print-directory --jobs=3 programs lab-setup

up: ## bring the pair up on a lab on this machine
	@$(MAKE) --no-print-directory --jobs=3 programs lab-up

programs:
	@tools/programs

packages:
	@tools/packages

lab-setup: packages $(STAMP)
	@$(PYTHON) -m lab setup

lab-up: packages $(STAMP)
	@$(PYTHON) -m lab up
	@echo "  a shell on a host     $(PYTHON) -m scripts ssh server --stack $(LAB)   (or client-1)"
	@echo "  a mysql prompt        make connect LAB=$(LAB)"

preview: $(STAMP) ## show what `make up` would change
	@$(PYTHON) -m lab preview

down: $(STAMP) ## destroy the stack and its lab; nothing is left behind
	@$(PYTHON) -m lab down

status: $(STAMP) ## show the lab's hosts and addresses
	@$(PYTHON) -m lab status

connect: $(STAMP) ## open a mysql prompt on a client host: U=app, S=stack
	@$(PYTHON) -m scripts connect '$(U)' --stack '$(S)' $(ARGS)

tunnel: $(STAMP) ## forward a port of this machine to MySQL: U=app P=3307
	@$(PYTHON) -m scripts tunnel '$(U)' --port '$(P)' --stack '$(S)' $(ARGS)

users: $(STAMP) ## list users, grants and the age of passwords
	@$(PYTHON) -m scripts users --stack '$(S)' $(ARGS)

rotate: $(STAMP) ## set a new password, the old one is still accepted: U=app, ARGS=--yes
	@$(PYTHON) -m scripts rotate '$(U)' --stack '$(S)' $(ARGS)

finish-rotation: $(STAMP) ## discard the old password: U=app
	@$(PYTHON) -m scripts finish-rotation '$(U)' --stack '$(S)' $(ARGS)

drift: $(STAMP) ## show what was changed behind the stack's back
	@$(PYTHON) -m scripts drift --stack '$(S)' $(ARGS)

repair: $(STAMP) ## put drift right
	@$(PYTHON) -m scripts repair --stack '$(S)' $(ARGS)

switch-over: $(STAMP) ## have another server take the writes: ARGS=server-2
	@$(PYTHON) -m scripts switch-over --stack '$(S)' $(ARGS)

upgrade: $(STAMP) ## install newer packages of MySQL's: one restart, checked
	@$(PYTHON) -m scripts upgrade --stack '$(S)' $(ARGS)

backup: $(STAMP) ## make a base backup now
	@$(PYTHON) -m scripts backup --stack '$(S)' $(ARGS)

backups: $(STAMP) ## list backups, and to which moments one can go back
	@$(PYTHON) -m scripts backups --stack '$(S)' $(ARGS)

drill: $(STAMP) ## rehearse a restore now
	@$(PYTHON) -m scripts drill --stack '$(S)' $(ARGS)

diagram: $(STAMP) ## draw what is deployed, as SVG: ARGS='--output FILE'
	@$(PYTHON) -m scripts diagram --stack '$(S)' $(ARGS)

image: ## make an AMI with the packages in it: ARGS='region=eu-central-1 ubuntu_release=24.04'
	@tools/image $(ARGS)

check: $(STAMP) ## check lint, format, types and templates
	@tools/packages check
	@tools/check

unit: $(STAMP) ## run the tests that need no lab
	@$(MAKE) --no-print-directory --jobs=2 --output-sync unit-half unit-rest

.PHONY: unit-half unit-rest
# Side by side without xdist, with which both processes collect all tests, and tell a third one of each.
unit-half: $(STAMP)
	@$(PYTHON) -m pytest $(UNIT_HALF) -q

unit-rest: $(STAMP)
	@$(PYTHON) -m pytest tests/unit lab/tests/unit $(addprefix --ignore=,$(UNIT_HALF)) -q

test: $(STAMP) ## run all checks and tests, on labs of their own
	@tools/packages drivers
	@$(MAKE) --no-print-directory --jobs=2 check test-lab
	@$(PYTHON) -m pytest tests lab/tests --numprocesses=3 --no-loadscope-reorder --maxfail=10 --durations=30

test-lab: $(STAMP)
	@$(PYTHON) -m lab setup --lab test

torture: $(STAMP) ## break a lab's group of servers at random and check what clients were told: SEED=1 BUDGET=600
	@$(PYTHON) -m tests.torture --stack '$(LAB)' $(if $(SEED),--seed '$(SEED)') --budget '$(BUDGET)' $(ARGS)

bench: $(STAMP) ## measure beside empty programs and plain scripts, and write docs/performance.md: QUICK=1
	@$(PYTHON) -m bench $(if $(QUICK),--quick) $(ARGS)
