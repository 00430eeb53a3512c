# SPDX-License-Identifier: Apache-2.0
"""The one door to numba: `compiled` and unaligned loads. Imported only by the compiled_* files, which are imported only when used.

Importing numba costs half a second and 100 MB, so nothing on the way to a sensor or the command line may import this module.
The code cache is keyed by a digest of all kernels: numba alone would not notice a change in a kernel that another file calls.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

F = TypeVar("F", bound=Callable[..., Any])


def _cache_directory() -> Path:
    digest = hashlib.blake2b(numba.__version__.encode(), digest_size=8)
    folder = Path(__file__).parent
    kernels = [*sorted(folder.glob("compiled_*.py")), *sorted((folder.parent / "importers").glob("compiled_*.py"))]
    for source in (*kernels, folder / "jit.py", folder / "layout.py", folder.parent / "importers" / "field_layout.py"):
        digest.update(source.read_bytes())
    home = os.environ.get("XDG_CACHE_HOME") or str(Path("~/.cache").expanduser())
    return Path(home) / "teiten" / f"kernels-{digest.hexdigest()}"


if "NUMBA_CACHE_DIR" not in os.environ:
    setattr(numba.config, "CACHE_DIR", str(_cache_directory()))  # noqa: B010 - made at run time, unknown to type checkers


def compiled(function: F) -> F:
    """Compile at first call and keep the code on disk; without a writable place for it, compile in every process."""
    options: dict[str, Any] = {"nogil": True, "boundscheck": False, "error_model": "numpy"}
    try:
        return cast(F, numba.njit(cache=True, **options)(function))
    except (RuntimeError, OSError):
        return cast(F, numba.njit(**options)(function))


def _load(bits: int, swap: bool) -> Callable[[int], int]:
    """Reads a number at an address, unsigned but for 64 bits.

    Addresses are plain integers here, because arrays handed from kernel to kernel cost reference counts at every packet.
    """

    def load(_context: Any, _address: Any) -> Any:
        def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
            value = builder.load(builder.inttoptr(arguments[0], ir.PointerType(ir.IntType(bits))), align=1)
            value = builder.bswap(value) if swap else value
            return value if bits == 64 else builder.zext(value, ir.IntType(64))

        return types.int64(types.int64), generate

    return cast(Callable[[int], int], intrinsic(load))


byte, little16, little32, load64 = _load(8, False), _load(16, False), _load(32, False), _load(64, False)
big16, big32, big64 = _load(16, True), _load(32, True), _load(64, True)


def _store(_context: Any, _address: Any, _value: Any) -> Any:
    def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        builder.store(arguments[1], builder.inttoptr(arguments[0], ir.PointerType(ir.IntType(64))), align=1)
        return context.get_dummy_value()

    return types.void(types.int64, types.int64), generate


store64: Callable[[int, int], None] = cast(Callable[[int, int], None], intrinsic(_store))


def _prefetch(_context: Any, _address: Any) -> Any:
    def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        pointer, number = ir.PointerType(ir.IntType(8)), ir.IntType(32)
        function = builder.module.declare_intrinsic("llvm.prefetch", [pointer], ir.FunctionType(ir.VoidType(), [pointer, number, number, number]))
        builder.call(function, [builder.inttoptr(arguments[0], pointer), *(ir.Constant(number, n) for n in (1, 3, 1))])
        return context.get_dummy_value()

    return types.void(types.int64), generate


prefetch: Callable[[int], None] = cast(Callable[[int], None], intrinsic(_prefetch))
