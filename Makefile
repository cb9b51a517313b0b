# `make demo` shows it at work, `make test` checks all that must hold; Python 3.11 and make are enough for both.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: help demo test bench pictures clean

help: ## say what can be made (this text)
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-10s%s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: .venv/for-demo ## write a sample newsletter into demo/ and publish it to every channel, as files
	@test -e demo/publisher.toml || $(BIN)/publish init demo
	@cd demo && ../$(BIN)/publish
	@$(BIN)/python -c 'from pathlib import Path; print("\nThe site:", Path("demo/public/index.html").resolve().as_uri())'
	@echo "The feeds lie beside it: feed.xml, atom.xml, feed.json."
	@echo "What would be sent lies in demo/outbox/: open preview.html for WeChat and Telegram, message.txt for mail."

test: .venv/for-test ## run everything: style, types, tests (make test ARGS="-k feed" for a part)
	@$(BIN)/python -m pytest --numprocesses auto $(ARGS)

# Its packages are installed as users have them: the hook of an editable install slows every start of Python.
bench: .venv/for-demo ## measure against bare Python, Pelican and Hugo, in one run
	@$(PYTHON) -m venv --without-pip build/bench
	@rm -rf build/lib  # an earlier build would leave its files to this one
	@$(BIN)/python -m pip --python build/bench/bin/python install --quiet --disable-pip-version-check '.[bench]'
	@build/bench/bin/python tests/bench

pictures: .venv/for-test ## photograph the sample with Chromium for the README, into tests/screenshots/
	@$(BIN)/python -m pytest --quiet --pictures tests/screenshots tests/judges/test_screenshots.py

clean: ## remove all that was made here
	rm -rf .venv demo build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# What is installed is installed again only when pyproject.toml has changed since.
.venv/for-test: EXTRA := [test]
.venv/for-demo .venv/for-test: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Python 3.11 or newer is needed, $(PYTHON) is older: make $(MAKECMDGOALS) PYTHON=python3.12" >&2; exit 1; }
	@echo "Setting up .venv (once) ..."
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.$(EXTRA)'
	@touch $@
