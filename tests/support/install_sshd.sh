#!/usr/bin/env bash
# Makes sure that an OpenSSH server is there for the tests of the SFTP provider, and
# the program that it sums files with.
set -euo pipefail

has_all() {
  [ -x "$(command -v sshd || echo /usr/sbin/sshd)" ] && command -v openssl >/dev/null
}

if has_all; then
  exit 0
fi
if ! command -v apt-get >/dev/null; then
  echo "The OpenSSH server or openssl is not installed and there is no apt-get: install it by hand" >&2
  exit 1
fi
if [ "$(id -u)" -ne 0 ]; then
  echo "OpenSSH server or openssl is not installed; run as root: apt-get install openssh-server openssl" >&2
  exit 1
fi

# Installed, not started: tests run their own on loopback.
export DEBIAN_FRONTEND=noninteractive RUNLEVEL=1
{ apt-get update && apt-get install --yes --no-install-recommends openssh-server openssl; } >&2 || true

if ! has_all; then
  echo "apt-get could not install openssh-server and openssl: see its messages above" >&2
  exit 1
fi
