"""An SSH server with a password, in this process, and none of OpenSSH's extensions.

An account with a password cannot be made on the tests' machine without changing it. It
also stands for the servers of other makers: SFTP only, no shell, no limits told.
"""

from __future__ import annotations

import os
import socket
import threading
from pathlib import Path
from typing import Any

import paramiko

USER, PASSWORD = "artist", "paß word {1}"


class _Login(paramiko.ServerInterface):
    def check_auth_password(self, username: str, password: str) -> int:
        if (username, password) == (USER, PASSWORD):
            return paramiko.AUTH_SUCCESSFUL
        return paramiko.AUTH_FAILED

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return paramiko.OPEN_SUCCEEDED

    def get_allowed_auths(self, username: str) -> str:
        return "password"


class _Files(paramiko.SFTPServerInterface):
    """Plain files of this machine, without a rename that replaces."""

    def lstat(self, path: str) -> Any:
        return self._describe(os.lstat, path)

    def stat(self, path: str) -> Any:
        return self._describe(os.stat, path)

    @staticmethod
    def _describe(look: Any, path: str) -> Any:
        try:
            return paramiko.SFTPAttributes.from_stat(look(path))
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno)

    def canonicalize(self, path: str) -> str:
        return os.path.realpath(path)

    def mkdir(self, path: str, attr: Any) -> int:
        return self._do(os.mkdir, path)

    def remove(self, path: str) -> int:
        return self._do(os.remove, path)

    def rename(self, oldpath: str, newpath: str) -> int:
        if Path(newpath).exists():
            return paramiko.SFTP_FAILURE
        return self._do(os.rename, oldpath, newpath)

    def posix_rename(self, oldpath: str, newpath: str) -> int:
        return paramiko.SFTP_OP_UNSUPPORTED

    def chattr(self, path: str, attr: Any) -> int:
        return self._do(os.utime, path, (attr.st_atime, attr.st_mtime))

    @staticmethod
    def _do(work: Any, *arguments: Any) -> int:
        try:
            work(*arguments)
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno)
        return paramiko.SFTP_OK

    def list_folder(self, path: str) -> Any:
        return [
            paramiko.SFTPAttributes.from_stat(entry.stat(), entry.name)
            for entry in os.scandir(path)
        ]

    def open(self, path: str, flags: int, attr: Any) -> Any:
        try:
            descriptor = os.open(path, flags, 0o666)
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno)
        mode = "r+b" if flags & (os.O_RDWR | os.O_WRONLY) else "rb"
        return _Open(os.fdopen(descriptor, mode, buffering=0), path)


class _Open(paramiko.SFTPHandle):
    def __init__(self, file: Any, path: str) -> None:
        super().__init__()
        self.readfile = self.writefile = file
        self._path = path

    def stat(self) -> Any:
        return paramiko.SFTPAttributes.from_stat(os.fstat(self.readfile.fileno()))

    def chattr(self, attr: Any) -> int:
        os.utime(self._path, (attr.st_atime, attr.st_mtime))
        return int(paramiko.SFTP_OK)


class PasswordServer:
    """Serves the whole machine's files to `USER` with `PASSWORD`."""

    def __init__(self) -> None:
        self._key = paramiko.RSAKey.generate(2048)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._transports: list[Any] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            transport = paramiko.Transport(client)
            transport.add_server_key(self._key)
            transport.set_subsystem_handler("sftp", paramiko.SFTPServer, _Files)
            self._transports.append(transport)
            transport.start_server(threading.Event(), _Login())

    def close(self) -> None:
        self._listener.close()
        for transport in self._transports:
            transport.close()

    @property
    def settings(self) -> dict[str, Any]:
        return {
            "sftp_host": "127.0.0.1",
            "sftp_port": self.port,
            "sftp_user": USER,
            "sftp_pass": PASSWORD,
        }
