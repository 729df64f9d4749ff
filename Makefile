# Sets itself up in .venv with the pinned packages of requirements.lock. Needs python3 (>= 3.11), a
# C++ compiler, make and perl; everything else comes with pip, which keeps its own configuration.

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready

.PHONY: setup demo test bench regress calibrate levers lint clean

setup: $(READY)

$(READY): requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python >= 3.11 is needed")'
	$(PYTHON) -m venv .venv
	$(BIN)/pip install -q --disable-pip-version-check -r requirements.lock
	$(BIN)/pip install -q --disable-pip-version-check --no-deps \
		$$(sed -n 's/^# no-deps: //p' requirements.lock)
	$(BIN)/pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

# The whole path on real data: checkpoint, integers, Verilog, simulation, place and route, report.
demo: $(READY)
	$(BIN)/spikeloom demo -o runs/demo

test: lint
	$(BIN)/pytest -q -n 2

# The promised figures, beside other tools' where those are installed: takes hours the first time,
# goes on where it was interrupted, and needs SPIKELOOM_DATA. Writes docs/bench.md.
bench: $(READY) .venv/.peers
	$(BIN)/spikeloom bench -o runs/bench --docs docs/bench.md

# The tools that it compares with. Nothing else needs them.
.venv/.peers: requirements-peers.lock $(READY)
	$(BIN)/pip install -q --disable-pip-version-check --no-deps -r requirements-peers.lock
	# pyverilog brings its own tests as a package of that name, which would stand before ours.
	rm -rf .venv/lib/python3*/site-packages/tests
	touch $@

# Every system of the zoo: 200 images through each circuit, every value compared. Takes half an
# hour the first time, goes on where it was interrupted, and needs SPIKELOOM_DATA.
regress: $(READY)
	$(BIN)/spikeloom zoo -o runs/zoo

# The area model beside circuits that are built: docs/area.md. Takes two hours the first time.
calibrate: $(READY)
	$(BIN)/python -m spikeloom.calibration

# What each lever of training buys on Fashion-MNIST: docs/levers.md. Needs SPIKELOOM_DATA.
levers: $(READY)
	$(BIN)/python -m spikeloom.lever_study

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/pyright
	$(BIN)/lint-imports

clean:
	rm -rf runs build .pytest_cache .ruff_cache .import_linter_cache .hypothesis
