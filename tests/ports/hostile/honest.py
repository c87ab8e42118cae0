"""A port that gives right answers, for the hostile ones to spoil. Mean of float64 steps in a plane only."""

import json
import math
import struct
import sys
from collections.abc import Iterator
from typing import Any

Message = dict[str, Any]
ABOUT: Message = {
    "protocol": 1,
    "port": {"name": "hostile", "version": "1", "language": "Python"},
    "capabilities": {"ops": ["value"], "dtypes": ["float64"], "devices": ["cpu"]},
}


def bits(number: float) -> str:
    return struct.pack(">d", number).hex()


def loss(request: Message) -> float:
    array = request["inputs"]["keypoints"]
    frames, columns = array["shape"]
    x = [struct.unpack(">d", bytes.fromhex(d))[0] for d in array["bits"]]
    steps = [
        math.hypot(*(x[(t + 1) * columns + k + d] - x[t * columns + k + d] for d in (0, 1)))
        for t in range(frames - 1)
        for k in range(0, columns, 2)
    ]
    return sum(steps) / len(steps)


def right(request: Message) -> Message:
    array = {"dtype": "float64", "shape": [], "bits": [bits(loss(request))]}
    return {"seq": request["seq"], "device": "cpu", "outputs": {"loss": array}}


def write(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


def say(message: object) -> None:
    write(json.dumps(message) + "\n")


def requests(about: Message = ABOUT) -> Iterator[Message]:
    """Shake hands, and give each request; the port answers it."""
    for line in sys.stdin:
        message = json.loads(line)
        if message["cmd"] == "start":
            say(about)
        elif message["cmd"] == "stop":
            return
        else:
            yield message
