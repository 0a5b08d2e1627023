# Everything is installed into .venv inside this folder; nothing outside is touched.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
CONFIG ?= configs/quickstart.yaml
# The published table (Borg et al. 2020, doi 10.6084/m9.figshare.12642953), which does not come with the project.
MPEA ?= ../shared/data/MPEA/MPEA_dataset.csv
# Published databases, which do not come with the project either.
TDB ?= ../shared/data/tdb/collection
SEEDS ?= 5
# Processes of bench-generators; each takes about 1 GB of memory.
JOBS ?= 1
export OMP_NUM_THREADS ?= 1
export MPLBACKEND = Agg
export MPLCONFIGDIR ?= $(CURDIR)/$(VENV)/matplotlib
# Of all that is installed a small part is ever imported; Python compiles it then.
PIP := $(BIN)/python -m pip install --disable-pip-version-check --no-cache-dir --no-compile --quiet

.PHONY: run test test-alone test-beside test-slow bench bench-generators bench-phases bench-sample-efficiency gpu-figures setup setup-dft setup-test setup-browser setup-debian setup-peers setup-ctgan docs screenshots lint lock audit clean
.DEFAULT_GOAL := run

setup: $(STAMP)

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "alloyloop needs Python 3.11 or later; got $$($(PYTHON) --version). Use: make PYTHON=python3.11"; exit 2; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || \
	  { echo "Python's venv module is missing; on Debian: apt-get install python3-venv"; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(PIP) -r requirements.lock
	$(PIP) --no-deps --no-build-isolation -e .
	@touch $@

# What GPAW is built with and reads.
DFT_DEBIAN := g++ python3-dev libxc-dev libopenblas-dev libfftw3-dev libopenmpi-dev openmpi-bin gpaw-data

setup-dft: $(STAMP)  ## ASE, GPAW and sqsgenerator for the validator `dft`; Debian's packages where this may install them
	@present=$$(dpkg-query -W -f '$${Package} $${Status}\n' $(DFT_DEBIAN) 2>/dev/null | awk '/ installed$$/ {print $$1}'); \
	for name in $(DFT_DEBIAN); do case " $$(echo $$present) " in *" $$name "*) ;; *) lacking="$$lacking $$name";; esac; done; \
	if [ -z "$$lacking" ]; then exit 0; fi; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$lacking; \
	else echo "GPAW needs packages that are missing; run: sudo apt-get install$$lacking"; exit 2; fi
	$(PIP) -e '.[dft]'
	@$(BIN)/python -c 'import ase, gpaw, sqsgenerator; print("dft: ASE", ase.__version__, "and GPAW", gpaw.__version__)'

setup-peers: $(STAMP)  ## Ax, BayBE and pymoo, which the loop is compared with
	$(PIP) -c requirements.lock -e '.[peers]'

# CTGAN needs pandas below 3, which the project does not have, and its licence (BUSL-1.1) is no free one: so it is no
# dependency, and lies in a folder that only `alloyloop evaluate augmentation` looks into. Torch and scipy are the project's.
CTGAN := build/ctgan
setup-ctgan: $(STAMP)  ## CTGAN in build/ctgan, which augmentation is tried with
	@rm -rf $(CTGAN)
	$(PIP) --no-deps --target $(CTGAN) 'ctgan>=0.12,<0.13' 'rdt>=2.0,<3' 'pandas>=2.2,<3' 'faker>=30' pytz tqdm
	@PYTHONPATH=$(CTGAN) $(BIN)/python -P -c 'import ctgan, pandas; print("ctgan", ctgan.__version__, "with pandas", pandas.__version__)'

run: $(STAMP)  ## set up everything and run the main job
	$(BIN)/alloyloop run $(CONFIG)

# Debian's package begins to serve where systemd runs, which a test must not bring about: there a person installs it.
setup-test:  ## PostgreSQL's programs for the tests of campaigns on a server, where this may install them
	@if command -v initdb >/dev/null || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1; then exit 0; fi; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && [ ! -d /run/systemd/system ]; then \
	  mkdir -p $(VENV); echo "installing Debian's postgresql for the tests of campaigns on a server"; \
	  { timeout 120 apt-get update -qq && DEBIAN_FRONTEND=noninteractive timeout 600 apt-get install -y -qq \
	    --no-install-recommends postgresql; } >$(VENV)/postgresql.log 2>&1 && exit 0; \
	  tail -n 3 $(VENV)/postgresql.log; \
	fi; \
	echo "tests of campaigns on a PostgreSQL server will be skipped; to have them run: sudo apt-get install postgresql"

setup-browser:  ## Chromium for the tests of pages, where this may install it
	@if command -v chromium >/dev/null && command -v chromedriver >/dev/null; then exit 0; fi; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && [ ! -d /run/systemd/system ]; then \
	  mkdir -p $(VENV); \
	  { timeout 120 apt-get update -qq && DEBIAN_FRONTEND=noninteractive timeout 600 apt-get install -y -qq \
	    --no-install-recommends chromium chromium-driver; } >$(VENV)/chromium.log 2>&1 && exit 0; \
	  tail -n 3 $(VENV)/chromium.log; \
	fi; \
	echo "tests of pages in a browser will be skipped; to have them run: sudo apt-get install chromium chromium-driver"

# Tests that have a Ray cluster, servers and kills: one at a time, and with little beside them, or they take long.
ALONE := $(addprefix tests/,acceptance extras loop/execute security/test_network.py)
# Of the others, these only compute: one process of them, after the lint, fills the time in which those wait. The rest
# waits now and then for a disk or a process: three at a time keep two cores busy.
BESIDE := $(addprefix tests/,generators surrogates validation)

setup-debian:  # one after the other: apt-get runs once at a time
	@$(MAKE) --no-print-directory setup-test
	@$(MAKE) --no-print-directory setup-browser

test:  ## set up everything and pass the tests
	@$(MAKE) --no-print-directory -j2 setup setup-debian
	@$(MAKE) --no-print-directory -j2 test-alone test-beside
	$(BIN)/python -m pytest -m "not slow" -n 3 --dist loadfile $(addprefix --ignore=,$(ALONE) $(BESIDE))

test-alone: $(STAMP)
	$(BIN)/python -m pytest -m "not slow" $(ALONE)

test-beside: lint
	$(BIN)/python -m pytest -m "not slow" $(BESIDE)

test-slow: $(STAMP)  ## the slow checks: whole campaigns, kills
	$(BIN)/python -m pytest -m slow

lint: $(STAMP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

bench: $(STAMP)  ## the figures: database, campaign, kills
	$(BIN)/python -m benchmarks.calphad
	$(BIN)/python -m benchmarks.phase_states
	$(BIN)/python -m benchmarks.campaign
	$(BIN)/python -m benchmarks.kills

bench-generators: $(STAMP)  ## every generator and baseline on the published alloys; figures in build/generators, measures in MLflow
	@test -f "$(MPEA)" || { echo "MPEA_dataset.csv is not at $(MPEA); download it and say make bench-generators MPEA=FILE"; exit 2; }
	@mkdir -p build
	$(BIN)/alloyloop data import "$(MPEA)" --format mpea --out build/mpea.csv
	$(BIN)/alloyloop evaluate generators --data build/mpea.csv --settings configs/generators_mpea.yaml \
	  --seeds $(SEEDS) --jobs $(JOBS) --figures build/generators --mlflow
	$(BIN)/python -m benchmarks.proposals --guided

bench-phases: $(STAMP)  ## the engine against plain pycalphad, on every database of a folder
	@test -d "$(TDB)" || { echo "no folder of databases at $(TDB); say make bench-phases TDB=FOLDER"; exit 2; }
	@mkdir -p build
	$(BIN)/python -m benchmarks.phase_equilibria "$(TDB)" --kept build/phase_equilibria.json
	$(BIN)/python -m benchmarks.phase_equilibria "$(TDB)" --kept build/phase_equilibria.json --random 200

# After `make setup-peers`; without it, Ax, BayBE and NSGA-II are left out. Hours on two cores; what is done is kept.
bench-sample-efficiency: $(STAMP)  ## evaluations that the loop and its peers need, from the same start
	$(BIN)/python -m benchmarks.efficiency --seeds $(SEEDS)

# With GPU_PYTHON, that Python does it, as it is: on a machine whose own torch knows its GPU. What it lacks costs its steps alone.
gpu-figures: $(if $(GPU_PYTHON),,$(STAMP))  ## every figure that a GPU owes, in less than eight minutes, into build/gpu.txt
	@mkdir -p build
	$(or $(GPU_PYTHON),$(BIN)/python) -u -m benchmarks.gpu $(if $(SMALL),--small) > build/gpu.txt 2>&1; status=$$?; \
	  cat build/gpu.txt; exit $$status

docs: $(STAMP)  ## these pages as HTML in build/docs; a warning is an error
	$(BIN)/python -m sphinx -W --keep-going -q -b html docs build/docs
	@echo "the pages are in build/docs; open its index.html"

screenshots: $(STAMP) setup-browser  ## docs/pictures anew, from real runs: the report, the terminal, figures; about three minutes
	$(BIN)/python -m benchmarks.pages.screenshots

lock: $(STAMP)  ## write what is installed as the lock
	$(BIN)/python -m pip freeze --all --exclude-editable --exclude alloyloop --exclude pip | sed 's/+cpu$$//' > requirements.lock

AUDIT := build/audit

audit:  ## what the advisory services know of requirements.lock; needs the network, and says where it had none
	@test -x $(AUDIT)/bin/pip-audit || { $(PYTHON) -m venv $(AUDIT) && \
	  $(AUDIT)/bin/python -m pip install --disable-pip-version-check --quiet 'pip-audit>=2.7'; } || \
	  { echo "NOT AUDITED: pip-audit could not be installed in $(AUDIT)"; rm -rf $(AUDIT); exit 2; }
	$(PYTHON) -m tests.security.audit requirements.lock $(AUDIT)/bin/pip-audit

clean:
	rm -rf $(VENV) campaigns .pytest_cache .mypy_cache .ruff_cache .hypothesis
