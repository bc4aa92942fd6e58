#!/usr/bin/env bash
# Writes the hashed lock files from the dependency groups of pyproject.toml. No addresses are recorded.
set -euo pipefail
cd "$(dirname "$0")/.."
tool=.build/lock
python3 -m venv "$tool"
"$tool/bin/pip" install --quiet uv
compile() {
  "$tool/bin/uv" pip compile --quiet --universal --generate-hashes --no-header \
    --python-version "$2" --group "$1" --output-file "requirements/$1.txt" "${@:3}"
}
compile dev 3.11 "$@"
compile client-check 3.10 "$@"
compile client-test-py39 3.9 "$@"
compile core 3.9 "$@"
compile docs 3.11 "$@"
compile audit 3.11 "$@"
