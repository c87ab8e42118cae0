"""What tests share: which backends are under test, and arrays from and to nested lists."""

from support.arrays import INTEGERS, Arrays
from support.compare import NAN, near
from support.selection import available, select, under_test

__all__ = ["INTEGERS", "NAN", "Arrays", "available", "near", "select", "under_test"]
