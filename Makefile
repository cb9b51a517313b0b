# `make demo` builds a sample newsletter, `make test` runs the test suite. Both need only Python 3.11 and make.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: help demo test bench simulate screenshots captures clean

help: ## Show this help
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-12s%s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: .venv/for-demo ## Create sample newsletters in demo/, English and Chinese, and publish them as files
	@for lang in en zh; do \
	  test -e demo/$$lang/publisher.toml || $(BIN)/publish init --sample --lang $$lang demo/$$lang || exit; \
	  (cd demo/$$lang && ../../$(BIN)/publish) || exit; \
	done
	@$(BIN)/python -c 'from pathlib import Path; \
	  print(*("\nThe site: " + path.resolve().as_uri() for path in sorted(Path("demo").glob("*/public/index.html"))), sep="")'
	@echo "The feeds are in the same folders: feed.xml, atom.xml, feed.json."
	@echo "Messages to send are in outbox/: open preview.html for WeChat and Telegram, message.txt for email."

test: .venv/for-test ## Run all checks: style, types, tests (make test ARGS="-k feed" runs some of them)
	@$(BIN)/python -m pytest --numprocesses auto --dist worksteal $(ARGS)

# Not an editable install, because its import hook slows down every start of Python.
bench: .venv/for-demo ## Run benchmarks against bare Python, Pelican and Hugo
	@$(PYTHON) -m venv --without-pip build/bench
	@rm -rf build/lib  # files of an earlier build would be installed, too
	@$(BIN)/python -m pip --python build/bench/bin/python install --quiet --disable-pip-version-check '.[bench]'
	@build/bench/bin/python tests/bench

simulate: .venv/for-test ## Send one issue from workers that are killed, to 200,000 recipients and more (ten minutes)
	@$(BIN)/python -m tests.simulate $(ARGS)

screenshots: .venv/for-test ## Take the README's screenshots of the sample with Chromium, into tests/screenshots/
	@$(BIN)/python -m pytest --quiet --screenshots tests/screenshots tests/judges/test_screenshots.py

captures: .venv/for-test ## Take images of each command in a dark and a light terminal, into build/captures/
	@$(BIN)/python -m pytest --quiet --captures build/captures tests/judges/test_captures.py

clean: ## Remove all generated files
	rm -rf .venv demo build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Packages are reinstalled only after pyproject.toml has changed.
.venv/for-test: EXTRA := [test]
.venv/for-demo .venv/for-test: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Python 3.11 or newer is required, $(PYTHON) is older: make $(MAKECMDGOALS) PYTHON=python3.12" >&2; exit 1; }
	@echo "Setting up .venv (once) ..."
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.$(EXTRA)'
	@touch $@
