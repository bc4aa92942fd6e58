#!/usr/bin/env bash
# Makes sure that Debian's PostgreSQL 15 binaries are there. Only the binaries are used.
set -euo pipefail

bin=/usr/lib/postgresql/15/bin

if [ -x "$bin/postgres" ] && [ -x "$bin/initdb" ]; then
  exit 0
fi
if ! command -v apt-get >/dev/null; then
  echo "PostgreSQL 15 is not in $bin and there is no apt-get: install it by hand" >&2
  exit 1
fi
if [ "$(id -u)" -ne 0 ]; then
  echo "PostgreSQL 15 is not in $bin: run as root: apt-get install postgresql-15" >&2
  exit 1
fi

export DEBIAN_FRONTEND=noninteractive
# No cluster of Debian's own is made or started: only the binaries are wanted.
mkdir -p /etc/postgresql-common
if [ ! -e /etc/postgresql-common/createcluster.conf ]; then
  echo "create_main_cluster = false" > /etc/postgresql-common/createcluster.conf
fi
{ apt-get update && apt-get install --yes --no-install-recommends postgresql-15; } >&2 || true

if [ ! -x "$bin/postgres" ]; then
  echo "apt-get could not install postgresql-15 (Debian 12 has it): see its messages above" >&2
  exit 1
fi
