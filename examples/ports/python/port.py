"""A port around Python callables on NumPy arrays: python port.py value=MODULE:NAME stages=MODULE:NAME ..."""

import json
import sys
from pkgutil import resolve_name

import numpy as np

OUTPUTS = {"stages": ("differences", "masked", "rectified"), "gradient": ("loss", "gradient")}
OUTPUTS |= {"value": ("loss",), "temporal_norm": ("norm",), "estimate_epsilon": ("epsilon",)}
calls = {op: resolve_name(spec) for op, _, spec in (word.partition("=") for word in sys.argv[1:])}
about = {"protocol": 1, "port": {"name": "temporal-loss-python", "version": "1.0.0", "language": "Python"}}
dtypes = ["float16", "float32", "float64"] + ["bfloat16"] * ("ml_dtypes" in sys.modules)
about["capabilities"] = {"ops": [*calls], "dtypes": dtypes, "devices": ["cpu"]}


def read(data):  # only arrays have bits; JSON lacks a few numbers, so parameters name those
    if "bits" not in data:
        return {k: float(v) if type(v) is str and v in ("nan", "inf", "-inf") else v for k, v in data.items()}
    words = np.array([int(digits, 16) for digits in data["bits"]], f"u{np.dtype(data['dtype']).itemsize}")
    return words.view(data["dtype"]).reshape(data["shape"])


def write(array):
    bits = [f"{w:0{2 * array.itemsize}x}" for w in array.reshape(-1).view(f"u{array.itemsize}").tolist()]
    return {"dtype": array.dtype.name, "shape": array.shape, "bits": bits}


while (ask := json.loads(sys.stdin.readline() or '{"cmd": "stop"}', object_hook=read))["cmd"] != "stop":
    answer = about if ask["cmd"] == "start" else {"seq": ask["seq"]}
    try:
        if ask["cmd"] == "run":
            found = calls[ask["op"]](**ask["inputs"], **ask["params"])
            found = map(np.asarray, found if isinstance(found, tuple) else (found,))
            answer |= {"device": "cpu", "outputs": dict(zip(OUTPUTS[ask["op"]], found, strict=True))}
    except (TypeError, ValueError) as error:
        kind = getattr(error, "kind", "type" if isinstance(error, TypeError) else "value")
        answer["rejected"] = {"kind": kind, "message": str(error)}
    print(json.dumps(answer, default=write), flush=True)
