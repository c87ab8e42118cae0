"""The real origin, loaded once, for the tests of this folder only.

They need torch, NumPy, OmegaConf, jaxtyping and lightning-pose itself, the
last one installed without its dependencies; `nox -s origin` sees to it.
"""

import pytest

from .loader import Origin, load_origin


@pytest.fixture(scope="session")
def origin() -> Origin:
    """Return the origin; without it these tests are errors, never skipped."""
    return load_origin()
