"""Raising a thread and lowering a process without POSIX scheduling: by class on macOS and Windows.

Neither needs a permission. Both are the system's own calls, through ctypes.
"""

from __future__ import annotations

import ctypes
import sys
from typing import Any, Final

_QOS_DEFAULT: Final = 0x15
_QOS_USER_INITIATED: Final = 0x19
_QOS_USER_INTERACTIVE: Final = 0x21
_WINDOWS_BELOW_NORMAL_CLASS: Final = 0x4000
_WINDOWS_NORMAL: Final = 0
_WINDOWS_ABOVE_NORMAL: Final = 1
_WINDOWS_HIGHEST: Final = 2
_WINDOWS_TIME_CRITICAL: Final = 15

_MAC: Final = (_QOS_DEFAULT, _QOS_USER_INITIATED, _QOS_USER_INITIATED, _QOS_USER_INTERACTIVE)
_WINDOWS: Final = (_WINDOWS_NORMAL, _WINDOWS_ABOVE_NORMAL, _WINDOWS_HIGHEST, _WINDOWS_TIME_CRITICAL)


def raise_by_class(step: int, platform: str = sys.platform) -> bool:
    """Put the calling thread on a step from 0, like any other, to 3, before all others; whether it is raised now."""
    try:
        if platform == "darwin":
            return _library(None).pthread_set_qos_class_self_np(_MAC[step], 0) == 0 and step > 0
        if platform == "win32":
            kernel = _library("kernel32")
            kernel.GetCurrentThread.restype = ctypes.c_void_p
            kernel.SetThreadPriority.argtypes = (ctypes.c_void_p, ctypes.c_int)
            return bool(kernel.SetThreadPriority(kernel.GetCurrentThread(), _WINDOWS[step])) and step > 0
    except (OSError, AttributeError):
        return False
    return False


def lower_by_class() -> None:
    """Put this process behind the others on Windows, which knows no niceness."""
    kernel = _library("kernel32")
    kernel.GetCurrentProcess.restype = ctypes.c_void_p
    kernel.SetPriorityClass.argtypes = (ctypes.c_void_p, ctypes.c_uint32)
    kernel.SetPriorityClass(kernel.GetCurrentProcess(), _WINDOWS_BELOW_NORMAL_CLASS)


def _library(name: str | None) -> Any:
    """A system library; the C library without a name."""
    return ctypes.CDLL(name)
