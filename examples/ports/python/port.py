"""A port around Python callables on NumPy arrays: python port.py value=MODULE:NAME stages=MODULE:NAME ..."""

import json
import sys
from pkgutil import resolve_name

import numpy as np

OUTPUTS = {"stages": ("differences", "masked", "rectified"), "gradient": ("loss", "gradient")}
OUTPUTS |= {"value": ("loss",), "temporal_norm": ("norm",), "estimate_epsilon": ("epsilon",)}
calls = {op: resolve_name(spec) for op, _, spec in (word.partition("=") for word in sys.argv[1:])}
calls["echo"] = None
about = {"protocol": 1, "port": {"name": "temporal-loss-python", "version": "1.0.0", "language": "Python"}}
dtypes = ["float16", "float32", "float64"] + ["bfloat16"] * ("ml_dtypes" in sys.modules)
about["capabilities"] = {"ops": [*calls], "dtypes": dtypes, "devices": ["cpu"]}


def read(data):  # only arrays have bits
    if "bits" not in data:
        return data
    words = np.array([int(digits, 16) for digits in data["bits"]], f"u{np.dtype(data['dtype']).itemsize}")
    return words.view(data["dtype"]).reshape(data["shape"])


def write(array):
    bits = [f"{w:0{2 * array.itemsize}x}" for w in array.reshape(-1).view(f"u{array.itemsize}").tolist()]
    return {"dtype": array.dtype.name, "shape": array.shape, "bits": bits}


def echo(ask):  # halves are computed in float32, and given back in it
    found = {k: v.astype(np.float32) if v.itemsize == 2 else v for k, v in ask["inputs"].items()}
    found |= {"first": found["keypoints"][0]} | ask["param_bits"]
    if missing := ask["params"].keys() - found.keys():
        raise ValueError(f"no number: {missing}")
    return found


def compute(ask):  # numbers are read from their bits, where no decimal can go wrong
    params = ask["params"] | {name: array.tolist() for name, array in ask["param_bits"].items()}
    found = calls[ask["op"]](**ask["inputs"], **params)
    found = map(np.asarray, found if isinstance(found, tuple) else (found,))
    return dict(zip(OUTPUTS[ask["op"]], found, strict=True))


while (ask := json.loads(sys.stdin.readline() or '{"cmd": "stop"}', object_hook=read))["cmd"] != "stop":
    answer = about if ask["cmd"] == "start" else {"seq": ask["seq"]}
    try:
        if ask["cmd"] == "run":
            outputs = echo(ask) if ask["op"] == "echo" else compute(ask)
            answer |= {"device": "cpu", "outputs": outputs}
    except (TypeError, ValueError) as error:
        kind = getattr(error, "kind", "type" if isinstance(error, TypeError) else "value")
        answer["rejected"] = {"kind": kind, "message": str(error)}
    print(json.dumps(answer, default=write), flush=True)
