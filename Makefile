# Needs Python 3.11 or newer, and make. `make` alone lists what there is.

# The first of these that is new enough makes the virtual environment.
PYTHON ?= python3 python3.13 python3.12 python3.11
PY = .venv/bin/python
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.DEFAULT_GOAL = help
.NOTPARALLEL:
.PHONY: help run test quick bench fuzz checks venv setup setup-dev setup-train try-train

help:
	@echo 'make run     start everything; prints the address to open (Ctrl-C ends it)'
	@echo 'make test    all checks and all tests, as in CI'
	@echo 'make quick   the checks and the fast tests'
	@echo 'make bench   measure speed; writes benchmarks/RESULTS.md'
	@echo 'make fuzz    some minutes of a fuzzer for each parser'
	@echo 'Settings are variables: make run PORT=8001. README.md has them all.'

# Who ends make means the server, too.
run: setup try-train
	@exec $(PY) -m speechstudio.up --with-parent

# The fast layer on all cores; what has servers and a browser of its own one by one.
test: quick
	$(PY) -m pytest -m real

quick: checks
	$(PY) -m pytest -m "not real" -n auto

bench: setup-dev
	$(PY) -m benchmarks

FUZZ_SECONDS ?= 60
fuzz: setup-dev
	$(PY) -m pip install --quiet atheris==3.0.0
	for kind in plain_text pronunciation structured_text output_format spoken transcript archive audio; do \
		echo "fuzz: $$kind" >&2; \
		$(PY) -m benchmarks.fuzz $$kind -max_total_time=$(FUZZ_SECONDS) -timeout=20 -rss_limit_mb=1000 -verbosity=0 datasets/examples || exit 1; \
	done

checks: setup-dev
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	find templates */templates -name '*.html' 2>/dev/null | xargs .venv/bin/djade --check
	$(PY) -m mypy
	$(PY) manage.py makemigrations --check

setup: venv
	$(call install,requirements.txt)

setup-dev: setup-train
	$(call install,requirements-dev.txt)

setup-train: setup
	$(call install,requirements-train.txt)

# Whatever else there is works without, so this fails once and is not in the way again.
TRAIN = requirements-train.txt
try-train: setup
	@cmp -s $(TRAIN) .venv/$(TRAIN) || cmp -s $(TRAIN) .venv/not-$(TRAIN) || { \
		echo 'Installing $(TRAIN) into .venv, once. This may take some minutes.' >&2; \
		$(PY) -m pip install --quiet --requirement $(TRAIN) && cp $(TRAIN) .venv/$(TRAIN); \
	} || { \
		cp $(TRAIN) .venv/not-$(TRAIN); \
		echo 'speechstudio: $(TRAIN) could not be installed, so nothing can be trained on audio; the reason is above. To try again: make setup-train' >&2; \
	}

# Install a list of requirements when it is not the one installed last.
define install
@cmp -s $(1) .venv/$(1) || { \
	echo 'Installing $(1) into .venv, once. This may take some minutes.' >&2; \
	$(PY) -m pip install --quiet --requirement $(1) && cp $(1) .venv/$(1); \
} || { echo 'speechstudio: $(1) could not be installed; the reason is above.' >&2; exit 1; }
endef

venv:
	@$(PY) -c 'import pip' 2>/dev/null && exit; \
	for python in $(PYTHON) ''; do \
		[ -n "$$python" ] || { echo 'speechstudio: Python 3.11 or newer is needed, and none of these is: $(PYTHON). Install it, or name it: make $(MAKECMDGOALS) PYTHON=/path/to/python' >&2; exit 1; }; \
		"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && break; \
	done; \
	"$$python" -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "speechstudio: the venv module of $$python is missing. Install it (Debian, Ubuntu: apt-get install python3-venv) and try again." >&2; exit 1; }; \
	"$$python" -m venv --clear .venv || { \
		echo 'speechstudio: the folder .venv could not be made; the reason is above.' >&2; exit 1; }
