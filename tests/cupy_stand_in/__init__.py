"""A stand-in for CuPy where there is no GPU: its names, its refusals and its rules, computing with NumPy.

It has the installed CuPy's functions with their signatures, two devices, and streams. It is stricter
than CuPy where that finds mistakes: work on an array of another device than the current one is an
error, as is reading what another stream may still be writing, and each copy to the host and each wait
is counted. What it says of a library's speed is nothing, and of its numbers no more than NumPy does.
"""

from cupy_stand_in.cuda import Traffic, counted
from cupy_stand_in.kernels import DeviceMismatchError, UnorderedError
from cupy_stand_in.module import install

__all__ = ["DeviceMismatchError", "Traffic", "UnorderedError", "counted", "install"]
