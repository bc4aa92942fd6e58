#!/usr/bin/env bash
# The client's suites on Python 3.9, the oldest that it runs on, in an environment of
# their own (.venv-client39). Without a Python 3.9 that is said in the last line, and is
# a failure where CI is set.
set -euo pipefail
cd "$(dirname "$0")/../.."

lock=requirements/client-test-py39.txt
env=.venv-client39

runs_as_39() {
  "$1" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 9))' >/dev/null 2>&1
}

find_python39() {
  local found
  for found in python3.9 \
    "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.9.*/bin/python3.9 \
    /opt/python/cp39-cp39/bin/python3.9; do
    if runs_as_39 "$found"; then
      printf '%s\n' "$found"
      return
    fi
  done
}

python=$(find_python39)
if [ -z "$python" ]; then
  echo "client suite was NOT run on Python 3.9: no python3.9 interpreter was found"
  [ -z "${CI:-}" ]
  exit
fi

# Made anew when the locked packages changed or the last try did not finish.
if ! cmp -s "$lock" "$env/installed.txt" || ! runs_as_39 "$env/bin/python"; then
  rm -rf "$env"
  "$python" -m venv "$env"
  "$env/bin/python" -m pip install --quiet --disable-pip-version-check \
    --require-hashes -r "$lock"
  cp "$lock" "$env/installed.txt"
fi

# Own options: the repository's are for a newer pytest, its conftest for the server.
PYTHONPATH=.:client PYTHONDONTWRITEBYTECODE=1 "$env/bin/python" -m pytest \
  -c /dev/null --rootdir=. --confcutdir=tests/unit/client -p no:cacheprovider \
  --import-mode=importlib --strict-markers -ra -W error -o timeout=60 \
  tests/unit/client tests/contract/test_providers.py

echo "client suite passed on Python $("$env/bin/python" -c \
  'import platform; print(platform.python_version())')"
