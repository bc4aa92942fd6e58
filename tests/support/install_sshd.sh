#!/usr/bin/env bash
# Makes sure that an OpenSSH server is there for the tests of the SFTP provider.
set -euo pipefail

has_sshd() {
  [ -x "$(command -v sshd || echo /usr/sbin/sshd)" ]
}

if has_sshd; then
  exit 0
fi
if ! command -v apt-get >/dev/null; then
  echo "The OpenSSH server is not installed and there is no apt-get: install it by hand" >&2
  exit 1
fi
if [ "$(id -u)" -ne 0 ]; then
  echo "The OpenSSH server is not installed: run as root: apt-get install openssh-server" >&2
  exit 1
fi

# Installed, not started: tests run their own on loopback.
export DEBIAN_FRONTEND=noninteractive RUNLEVEL=1
{ apt-get update && apt-get install --yes --no-install-recommends openssh-server; } >&2 || true

if ! has_sshd; then
  echo "apt-get could not install openssh-server: see its messages above" >&2
  exit 1
fi
