"""Arrays of the suite to and from little-endian C-order bytes, the one form every backend can take."""

from __future__ import annotations

import array
import struct
import sys

from conformance.model import Array

_CODES = {"float32": "f", "float64": "d", "int64": "q", "bool": "B"}
WIDTHS = {"float16": 2, "bfloat16": 2, "float32": 4, "float64": 8, "int64": 8, "bool": 1}


def pack(source: Array) -> bytes:
    """Bytes of an array, little-endian, in C order."""
    if source.dtype == "float16":
        return struct.pack(f"<{len(source.values)}e", *source.values)
    if source.dtype == "bfloat16":
        wide = struct.pack(f"<{len(source.values)}f", *source.values)
        return b"".join(wide[i : i + 2] for i in range(2, len(wide), 4))
    if source.dtype == "complex64":
        # Such arrays exist to be refused: the imaginary parts are zero.
        return b"".join(struct.pack("<ff", v, 0.0) for v in source.values)
    if source.dtype == "int64":
        flat: array.array[int] | array.array[float] = array.array("q", [int(v) for v in source.values])
    else:
        flat = array.array(_CODES[source.dtype], source.values)
    if sys.byteorder == "big":
        flat.byteswap()
    return flat.tobytes()


def unpack(data: bytes, dtype: str, shape: tuple[int, ...]) -> Array:
    """Array from bytes as `pack` writes them. A dtype the suite does not know gives no values."""
    if dtype not in WIDTHS:
        return Array(dtype, shape, ())
    values: tuple[float | int, ...]
    if dtype == "float16":
        values = struct.unpack(f"<{len(data) // 2}e", data)
    elif dtype == "bfloat16":
        wide = b"".join(b"\0\0" + data[i : i + 2] for i in range(0, len(data), 2))
        values = struct.unpack(f"<{len(wide) // 4}f", wide)
    else:
        flat: array.array[float] | array.array[int] = array.array(_CODES[dtype])
        flat.frombytes(data)
        if sys.byteorder == "big":
            flat.byteswap()
        values = tuple(flat)
    return Array(dtype, shape, values)
