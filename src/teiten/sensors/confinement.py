# SPDX-License-Identifier: Apache-2.0
"""Takes from a sensor process everything it does not need, before it listens: other files, outgoing TCP connections, new rights.

Landlock (Linux 5.13; outgoing TCP from 6.7) works without any right of its own. As root the process also becomes an unprivileged
user. What could not be taken is returned in words, so that `teiten status` and the log can say it; nothing is claimed silently.
"""

from __future__ import annotations

import ctypes
import os
import pwd
import sys
from collections.abc import Iterable
from pathlib import Path

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # the same numbers on every architecture
_PR_SET_NO_NEW_PRIVS = 38
_READ = 0b1101  # execute, read file, read directory
_FILE_ACCESS = 0b101  # what may be asked for a path that is a plain file: execute and read
_WRITE = (1 << 1) | (1 << 2) | (1 << 3) | (1 << 5) | (1 << 7) | (1 << 8)  # write, read, list, remove file, make folder, make file
_FILE_BITS = {1: 13, 2: 14, 3: 15, 4: 15}  # how many kinds of file access each version of the interface knows; later: 16
_CONNECT_TCP = 1 << 1


class _Ruleset(ctypes.Structure):
    _fields_ = (("files", ctypes.c_uint64), ("network", ctypes.c_uint64))


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed", ctypes.c_uint64), ("folder", ctypes.c_int32))


def confine(writable: Iterable[Path], readable: Iterable[Path] = (), user: str = "nobody") -> list[str]:
    """Restrict this process for ever to writing in `writable`, reading Python, the system and `readable`. Returns what could not be done.

    Must run before threads start: a thread that is already there keeps its rights.
    """
    writable = [*writable]
    missing = _become(user, writable) if os.geteuid() == 0 else []
    return missing + _landlock(writable, [*_readable(), *readable])


def _readable() -> list[Path]:
    system = ["/usr", "/lib", "/lib64", "/bin", "/etc", "/proc", "/sys", "/dev"]
    return [Path(p) for p in (*system, sys.prefix, sys.base_prefix, str(Path(__file__).parents[2]))]


def _become(user: str, folders: list[Path]) -> list[str]:
    try:
        entry = pwd.getpwnam(user)
    except KeyError:
        return [f"runs as root: there is no user {user!r} to become"]
    if not all(os.access(part, os.X_OK) for folder in folders for part in folder.parents):
        return [f"runs as root: a parent of {folders[0]} can't be entered"]
    closed = _closed(folders, entry.pw_uid)
    if closed:
        return [f"runs as root: {user} can't enter {closed[0]}, which it would have to"]
    for folder in folders:
        for path in (folder, *folder.rglob("*")):
            os.chown(path, entry.pw_uid, entry.pw_gid)
    os.setgroups([])
    os.setgid(entry.pw_gid)
    os.setuid(entry.pw_uid)
    return []


def _closed(folders: list[Path], uid: int) -> list[Path]:
    """Folders on the way to data or program that are closed to others."""
    needed = {parent for place in (*folders, Path(sys.executable), Path(sys.base_prefix), Path(__file__)) for parent in place.resolve().parents}
    return sorted(parent for parent in needed if not (parent.stat().st_mode & 0o001 or parent.stat().st_uid == uid))


def _landlock(writable: list[Path], readable: list[Path]) -> list[str]:
    libc = ctypes.CDLL(None, use_errno=True)
    version = libc.syscall(_CREATE_RULESET, None, 0, 1)
    if version < 1:
        return ["may read other files of its user and open connections: this kernel has no Landlock"]
    handled = (1 << _FILE_BITS.get(version, 16)) - 1
    attributes = _Ruleset(handled, _CONNECT_TCP if version >= 4 else 0)
    rules = libc.syscall(_CREATE_RULESET, ctypes.byref(attributes), ctypes.sizeof(attributes) if version >= 4 else 8, 0)
    if rules < 0:
        return [f"not confined by Landlock: {os.strerror(ctypes.get_errno())}"]
    try:
        for paths, allowed in ((writable, _WRITE | ((1 << 14) if version >= 3 else 0)), (readable, _READ)):
            for path in paths:
                _allow(libc, rules, path, allowed & handled)
        if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or libc.syscall(_RESTRICT_SELF, rules, 0):
            return [f"not confined by Landlock: {os.strerror(ctypes.get_errno())}"]
    finally:
        os.close(rules)
    return [] if version >= 4 else ["may open outgoing connections: this kernel's Landlock is older than version 4"]


def _allow(libc: ctypes.CDLL, rules: int, path: Path, allowed: int) -> None:
    try:
        folder = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        rule = _PathBeneath(allowed if path.is_dir() else allowed & _FILE_ACCESS, folder)
        if libc.syscall(_ADD_RULE, rules, 1, ctypes.byref(rule), 0):
            raise OSError(ctypes.get_errno(), f"Landlock rule for {path}")
    finally:
        os.close(folder)
