# Everything sets itself up in a virtual environment of its own, with pinned versions.
#   make bench   compare all policies (README's table and plots, in results/)
#   make learned train the learned agents and write their page, agents/RESULTS.md
#   make test    linters, type checker and tests
#   make quick   the same with the fast tests alone, for the inner loop
#   make docs    the documentation site, in docs/_build/html
# For a CPU build of torch: make test TORCH_INDEX=<the CPU index that pytorch.org names>

PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
# Modules are compiled when they are first imported, which most of what is installed never is.
PIP = $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile \
	--constraint constraints.txt

# Tests run in a process a core; more threads in each would only wait for one another.
test quick: export OMP_NUM_THREADS = 1
test quick: export OPENBLAS_NUM_THREADS = 1

.PHONY: bench learned test quick lint docs speed clean

bench: $(VENV)/benchmarks.installed
	$(BIN)/python -m benchmarks

learned: $(VENV)/all.installed
	$(BIN)/python -m benchmarks learned

speed: $(VENV)/all.installed
	$(BIN)/python -m benchmarks speed

test: lint
	$(BIN)/python -m pytest -n auto --dist loadfile --durations 10

quick: lint
	$(BIN)/python -m pytest -n auto --dist loadfile --quick

lint: $(VENV)/dev.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/python -m tests.import_chains
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.citation-file-format CITATION.cff
	$(BIN)/python -m benchmarks pages --check

docs: $(VENV)/docs.installed
	$(BIN)/python -m sphinx --fail-on-warning --keep-going --jobs auto docs docs/_build/html

$(VENV)/made:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.11 …")'
	$(PYTHON) -m venv $(VENV)
	touch $@

$(VENV)/torch.installed: constraints.txt $(VENV)/made
	$(PIP) torch $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX))
	touch $@

# Playing needs no torch; training and the tests do.
$(VENV)/benchmarks.installed: pyproject.toml constraints.txt $(VENV)/made
	$(PIP) --editable '.[benchmarks]'
	touch $@

$(VENV)/all.installed: pyproject.toml constraints.txt $(VENV)/torch.installed
	$(PIP) --editable '.[agents,benchmarks,training]'
	touch $@

$(VENV)/dev.installed: pyproject.toml constraints.txt $(VENV)/torch.installed
	$(PIP) --editable '.[dev]'
	touch $@

$(VENV)/docs.installed: pyproject.toml constraints.txt $(VENV)/torch.installed
	$(PIP) --editable '.[docs]'
	touch $@

clean:
	rm -rf $(VENV)
