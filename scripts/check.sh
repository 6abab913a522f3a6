#!/usr/bin/env bash
# The one gate: style, types, import contracts, generated tables, tests. Uses .venv if there is one, else the PATH.
set -eu
cd "$(dirname "$0")/.."
if [ -d .venv/bin ]; then PATH="$PWD/.venv/bin:$PATH"; fi

ruff check .
ruff format --check .
mypy --strict nntrain
lint-imports
python scripts/readme.py --check
python -m pytest "$@"
