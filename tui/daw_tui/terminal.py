"""The terminal that the screen is drawn in."""

from __future__ import annotations

import sys

if sys.platform == "win32":

    def is_gone() -> bool:
        """Windows ends a program together with its console."""
        return False

else:
    import errno
    import termios

    def is_gone() -> bool:
        """Whether the terminal was closed. A program without a session of that terminal's is sent no signal then."""
        try:
            termios.tcgetattr(0)
        except termios.error as error:
            return bool(error.args[0] == errno.EIO)
        return False
