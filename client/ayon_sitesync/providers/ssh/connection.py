"""A connection to an SSH server: made, proven, logged in; its SFTP and its shell."""

from __future__ import annotations

import importlib
import logging
import socket
import time
from contextlib import suppress
from typing import Any, Optional

from ...errors import (
    CREDENTIALS_REFUSED,
    DRIVER_MISSING,
    UNREACHABLE,
    SiteUnhealthyError,
)
from .host_keys import check_host_key, list_known_types
from .options import SshOptions
from .session import RECEIVE_BYTES, LinkError, SftpSession
from .shell import RemoteShell

CONNECT_SECONDS = 20.0
ANSWER_SECONDS = 60.0
"""How long a request may stay without any answer before the link counts as lost."""
KEEPALIVE_SECONDS = 30

FAST_CIPHERS = (
    "aes128-gcm@openssh.com",
    "aes256-gcm@openssh.com",
    "aes128-ctr",
    "aes256-ctr",
)


def load_paramiko(site_name: str) -> Any:
    """The SSH library. Raises `SiteUnhealthyError` that says what is missing."""
    try:
        found = importlib.import_module("paramiko")
    except ImportError as error:
        raise SiteUnhealthyError(
            site_name,
            "the Python package 'paramiko' is not installed on this machine; setting"
            f" 'sites > {site_name} > provider' (sftp) needs it. Add it to the"
            " dependency package or run: pip install paramiko",
            DRIVER_MISSING,
        ) from error
    if not hasattr(found.PKey, "from_path"):
        raise SiteUnhealthyError(
            site_name,
            f"the Python package 'paramiko' is {found.__version__} on this machine, and"
            " 4 or later is needed. Renew it in the dependency package or run: pip"
            " install -U paramiko",
            DRIVER_MISSING,
        )
    # Its errors are raised as well; the log need not have them with their tracebacks.
    logging.getLogger("paramiko").setLevel(logging.CRITICAL)
    return found


class Connection:
    """One SSH connection with one SFTP session on it."""

    def __init__(self, options: SshOptions) -> None:
        """Connect. Raises `SiteUnhealthyError` with the reason in words."""
        self._options = options
        self._paramiko = load_paramiko(options.site_name)
        self._link_errors = (self._paramiko.SSHException, OSError, EOFError)
        self._shell: Optional[RemoteShell] = None
        self._has_no_shell = False
        self.used_at = time.monotonic()
        self._transport = self._connect()
        try:
            self._log_in()
            self.session = self._open_sftp()
        except BaseException:
            self._transport.close()
            raise

    @property
    def is_alive(self) -> bool:
        return not self.session.is_broken and bool(self._transport.is_active())

    def close(self) -> None:
        self._transport.close()

    def find_shell(self) -> Optional[RemoteShell]:
        """A shell on the server to compute checksums with; None where there is none."""
        if self._shell is None and not self._has_no_shell:
            self._shell = self._open_shell()
            self._has_no_shell = self._shell is None
        return self._shell

    def drop_shell(self) -> None:
        """Its answers cannot be used: do without from now on."""
        self._shell = None
        self._has_no_shell = True

    # --- steps of connecting ---------------------------------------------------------

    def _connect(self) -> Any:
        options = self._options
        try:
            raw = socket.create_connection(
                (options.host, options.port), CONNECT_SECONDS
            )
        except OSError as error:
            raise self._make_fault(
                f"cannot be reached: {error.strerror or error}"
            ) from error
        transport = None
        try:
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            transport = self._paramiko.Transport(raw, default_window_size=RECEIVE_BYTES)
            self._prefer(transport)
            transport.start_client(timeout=CONNECT_SECONDS)
            check_host_key(self._paramiko, options, transport.get_remote_server_key())
            transport.set_keepalive(KEEPALIVE_SECONDS)
        except self._link_errors as error:
            _close(transport, raw)
            raise self._make_fault(f"does not speak SSH with us: {error}") from error
        except BaseException:
            _close(transport, raw)
            raise
        return transport

    def _prefer(self, transport: Any) -> None:
        """Fast ciphers first, and the kind of host key that is known."""
        security = transport.get_security_options()
        fast = [name for name in FAST_CIPHERS if name in security.ciphers]
        security.ciphers = fast + [n for n in security.ciphers if n not in fast]
        known = list_known_types(self._paramiko, self._options)
        if "ssh-rsa" in known:
            known += ["rsa-sha2-512", "rsa-sha2-256"]
        first = [name for name in security.key_types if name in known]
        security.key_types = first + [
            name for name in security.key_types if name not in first
        ]

    def _log_in(self) -> None:
        options, transport = self._options, self._transport
        key = self._load_key()
        refused = []
        try:
            if key is not None:
                refused.append(f"key {options.key_path}")
                self._try(transport.auth_publickey, options.user, key)
            if options.password and not transport.is_authenticated():
                refused.append("password")
                self._try(transport.auth_password, options.user, options.password)
        except self._link_errors as error:
            raise self._make_fault(f"ended the login: {error}") from error
        if not transport.is_authenticated():
            raise self._make_fault(
                f"does not let user '{options.user}' in with the {' or '.join(refused)}"
                " of the settings",
                CREDENTIALS_REFUSED,
            )

    def _try(self, authenticate: Any, *arguments: Any) -> None:
        """One way to log in; a refusal leaves the next one to be tried."""
        with suppress(self._paramiko.AuthenticationException):
            authenticate(*arguments)

    def _load_key(self) -> Any:
        path = self._options.key_path
        if not path:
            return None
        password = self._options.key_password
        try:
            return self._paramiko.PKey.from_path(
                path, password.encode() if password else None
            )
        except self._paramiko.pkey.UnknownKeyType as error:
            raise self._make_key_fault("is of a kind that is not supported") from error
        except OSError as error:
            raise self._make_key_fault(
                f"cannot be read: {error.strerror or error}"
            ) from error
        except (self._paramiko.SSHException, TypeError, ValueError) as error:
            raise self._make_key_fault(
                "cannot be opened: it needs the right 'sftp_key_pass', or it is not a"
                " private key in OpenSSH or PEM format (.ppk is not)"
            ) from error

    def _make_key_fault(self, problem: str) -> SiteUnhealthyError:
        return SiteUnhealthyError(
            self._options.site_name,
            f"the SSH key '{self._options.key_path}' {problem}",
            CREDENTIALS_REFUSED,
        )

    def _open_sftp(self) -> SftpSession:
        try:
            channel = self._transport.open_session(
                window_size=RECEIVE_BYTES, timeout=CONNECT_SECONDS
            )
            channel.settimeout(ANSWER_SECONDS)
            channel.invoke_subsystem("sftp")
            return SftpSession(channel, self._link_errors)
        except (*self._link_errors, LinkError) as error:
            raise self._make_fault(f"offers no SFTP: {error}") from error

    def _open_shell(self) -> Optional[RemoteShell]:
        try:
            channel = self._transport.open_session(timeout=CONNECT_SECONDS)
            channel.exec_command("/bin/sh")
            return RemoteShell.greet(channel)
        except self._link_errors:
            return None

    def _make_fault(self, problem: str, code: str = UNREACHABLE) -> SiteUnhealthyError:
        options = self._options
        return SiteUnhealthyError(
            options.site_name, f"server {options.host}:{options.port} {problem}", code
        )


def _close(transport: Any, raw: socket.socket) -> None:
    if transport is not None:
        transport.close()
    raw.close()
