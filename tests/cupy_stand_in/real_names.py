"""What the real CuPy has, as one line of JSON; run in a process that has no stand-in."""

from __future__ import annotations

import inspect
import json
import warnings


def main() -> None:
    warnings.simplefilter("ignore")
    import cupy  # noqa: PLC0415 - it warns that there is no GPU

    functions, ufuncs = {}, {}
    for name, value in vars(cupy).items():
        if inspect.isfunction(value) and not name.startswith("_"):
            functions[name] = str(inspect.signature(value))
        elif isinstance(value, cupy.ufunc):
            ufuncs[name] = [value.name, value.nin, value.nout]
    public = {name for name in dir(cupy.ndarray) if not name.startswith("_")}
    hashable = {"Device": cupy.cuda.Device.__hash__ is not None, "ndarray": cupy.ndarray.__hash__ is not None}
    found = {"functions": functions, "ufuncs": ufuncs, "methods": sorted(public), "hashable": hashable}
    print(json.dumps({**found, "names": dir(cupy)}))  # noqa: T201 - that is what it is for


if __name__ == "__main__":
    main()
