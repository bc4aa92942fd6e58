#!/usr/bin/env bash
# The addon's suite on a real checkout of ayon_core, in an environment of its own
# (.venv-core), and the import of the addon on Python 3.9 (.venv-core39).
set -euo pipefail
cd "$(dirname "$0")/../.."

checkout=${1:-}
if [ ! -d "$checkout/client/ayon_core" ]; then
  echo "Say where ayon-core is: make test-core AYON_CORE=/path/to/ayon-core" >&2
  exit 2
fi
checkout=$(cd "$checkout" && pwd)

# make_env FOLDER PYTHON LOCK...: made anew when one of the locks changed.
make_env() {
  local env=$1 python=$2
  shift 2
  if ! cat "$@" | cmp -s - "$env/installed.txt"; then
    rm -rf "$env"
    "$python" -m venv "$env"
    for lock in "$@"; do
      "$env/bin/python" -m pip install --quiet --disable-pip-version-check \
        --require-hashes -r "$lock"
    done
    cat "$@" >"$env/installed.txt"
  fi
}

export PYTHONDONTWRITEBYTECODE=1 AYON_CORE=$checkout
make_env .venv-core .venv/bin/python requirements/dev.txt requirements/core.txt
# Warnings of others are not ours to fix.
.venv-core/bin/python -m pytest -W default --ignore-glob '*/test_command_line*' \
  tests/integration/client tests/contract/test_core_api.py

python39=
for found in python3.9 "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.9.*/bin/python3.9; do
  if "$found" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 9))' \
    >/dev/null 2>&1; then
    python39=$found
    break
  fi
done
if [ -z "$python39" ]; then
  echo "the import was NOT tried on Python 3.9: no python3.9 interpreter was found"
  exit 0
fi
make_env .venv-core39 "$python39" requirements/client-test-py39.txt \
  requirements/core.txt
AYON_SITE_ID=any PYTHONPATH=$checkout/client:client .venv-core39/bin/python - <<'PY'
import platform

import ayon_core.addon
import ayon_sitesync

addon = ayon_sitesync.SiteSyncAddon(None, {})
assert isinstance(addon, ayon_core.addon.AYONAddon)
assert addon.enabled and addon.get_site_icons()
print("the addon is imported by ayon_core on Python", platform.python_version())
PY
