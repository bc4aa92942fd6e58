#!/usr/bin/env bash
# Makes sure that a Chromium is there for the tests in a browser.
set -euo pipefail

for name in chromium chromium-browser google-chrome; do
  if command -v "$name" >/dev/null; then
    exit 0
  fi
done
if ! command -v apt-get >/dev/null; then
  echo "Chromium is not installed and there is no apt-get: install it by hand" >&2
  exit 1
fi
if [ "$(id -u)" -ne 0 ]; then
  echo "Chromium is not installed: run as root: apt-get install chromium" >&2
  exit 1
fi

export DEBIAN_FRONTEND=noninteractive
{ apt-get update && apt-get install --yes --no-install-recommends chromium; } >&2 || true

if ! command -v chromium >/dev/null; then
  echo "apt-get could not install chromium: see its messages above" >&2
  exit 1
fi
