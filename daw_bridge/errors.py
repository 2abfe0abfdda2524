"""The error family: what is wrong, where, and what the user can do next."""

from __future__ import annotations


class BridgeError(Exception):
    """A failure the user is told about in one line: what, where, and the cure.

    `exit_status` is the process status a command ends with: 1 for a failure while running.
    """

    exit_status = 1

    def __init__(self, what: str, *, where: str | None = None, cure: str | None = None) -> None:
        self.what = what
        self.where = where
        self.cure = cure
        line = what if where is None else f"{where}: {what}"
        super().__init__(line if cure is None else f"{line}; {cure}")


class UsageError(BridgeError):
    """Wrong options, settings or unusable input: the fault is on the caller's side, status 2."""

    exit_status = 2


class MissingPartError(BridgeError):
    """A port, library, device or file that this machine lacks: the cure says what to install or connect."""

    exit_status = 2
