"""dpnp: arrays of SYCL; here on the processor, by OpenCL."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from plain import Plain

if TYPE_CHECKING:
    import numpy as np


class DpnpBackend(Plain):
    name = module = distribution = "dpnp"
    array_type = "ndarray"
    lacking = {"bfloat16": "no such dtype"}

    def xp(self) -> Any:
        # Where pip has put the package intel-opencl-rt; the loader of OpenCL looks elsewhere.
        os.environ.setdefault("OCL_ICD_FILENAMES", str(Path(sys.prefix) / "lib" / "libintelocl.so"))
        return super().xp()

    def to_numpy(self, native: Any) -> np.ndarray:
        return self.xp().asnumpy(native)


BACKEND = DpnpBackend()
