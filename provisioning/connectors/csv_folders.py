"""Folders below the one that the operator allows: opened step by step, so that no path and no link leads out of it."""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import PurePosixPath
from typing import BinaryIO

from django.conf import settings
from django.utils.translation import gettext as _

from .base import ConnectorError

FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
READING = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
FOR_THE_GROUP = 0o640
LINKS = (errno.ELOOP, errno.ENOTDIR)


def is_inside(path: str) -> bool:
    """Whether a path, as it is written, stays below where it begins."""
    parts = PurePosixPath(path).parts
    return bool(parts) and not path.startswith("/") and ".." not in parts and "\0" not in path and "\\" not in path


@contextmanager
def opened(path: str, *, system: str) -> Iterator[int]:
    """The folder's descriptor. Raises ConnectorError where it is not there, or is reached by a link."""
    handle = _root(system)
    try:
        for part in PurePosixPath(path).parts:
            inner = os.open(part, FOLDER, dir_fd=handle)
            os.close(handle)
            handle = inner
    except OSError as error:
        os.close(handle)
        raise unusable(error, what=path, system=system) from error
    try:
        yield handle
    finally:
        os.close(handle)


def _root(system: str) -> int:
    if settings.CSV_ROOT is None:
        raise ConnectorError(
            _("%(system)s exchanges files, but no folder is set aside for that: the operator sets ACCESSGOV_CSV_ROOT.")
            % {"system": system},
            is_outage=True,
        )
    try:
        return os.open(settings.CSV_ROOT, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise unusable(error, what=str(settings.CSV_ROOT), system=system) from error


def is_writable(folder: int) -> bool:
    """Whether we may put files there."""
    return os.access(".", os.W_OK | os.X_OK, dir_fd=folder)


def read(folder: int, name: str) -> BinaryIO:
    """An ordinary file in the folder. Raises OSError where it is a link, a pipe or not there."""
    handle = os.open(name, READING, dir_fd=folder)
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise OSError(errno.EINVAL, _("it is no ordinary file"))
    return os.fdopen(handle, "rb")


def write(folder: int, name: str, content: bytes) -> None:
    """A new file that appears whole, or not at all, and is on the disk when this returns. Raises OSError."""
    part = f".{name}.part"
    try:
        with os.fdopen(os.open(part, NEW, FOR_THE_GROUP, dir_fd=folder), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.rename(part, name, src_dir_fd=folder, dst_dir_fd=folder)
    except OSError:
        with suppress(OSError):
            os.unlink(part, dir_fd=folder)
        raise
    os.fsync(folder)


def names(folder: int, *, prefix: str) -> list[str]:
    """The files that begin like this, in their order."""
    return sorted(name for name in os.listdir(folder) if name.startswith(prefix))


def unusable(error: OSError, *, what: str, system: str) -> ConnectorError:
    """A folder or file cannot be used: every change meets the same."""
    reason = _("a link, or no folder: links are not followed") if error.errno in LINKS else error.strerror or str(error)
    return ConnectorError(
        _("%(what)s cannot be used for %(system)s (%(reason)s).") % {"what": what, "system": system, "reason": reason},
        is_outage=True,
    )
