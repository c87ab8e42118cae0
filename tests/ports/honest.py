"""A port that gives right answers, for the hostile ones to spoil. Mean of float64 steps in a plane only.

Only the standard library is imported: without site-packages a Python starts in a third of the time.
"""

import json
import math
import struct
import sys
import time
from collections.abc import Iterator
from typing import Any, NoReturn

Message = dict[str, Any]
ABOUT: Message = {
    "protocol": 1,
    "port": {"name": "hostile", "version": "1", "language": "Python"},
    "capabilities": {"ops": ["value"], "dtypes": ["float64"], "devices": ["cpu"]},
}


def bits(number: float) -> str:
    return struct.pack(">d", number).hex()


def steps(request: Message) -> list[float]:
    array = request["inputs"]["keypoints"]
    frames, columns = array["shape"]
    x = [struct.unpack(">d", bytes.fromhex(d))[0] for d in array["bits"]]
    return [
        math.hypot(*(x[(t + 1) * columns + k + d] - x[t * columns + k + d] for d in (0, 1)))
        for t in range(frames - 1)
        for k in range(0, columns, 2)
    ]


def loss(request: Message) -> float:
    found = steps(request)
    return sum(found) / len(found)


def answer(
    request: Message, digits: list[str], dtype: str = "float64", shape: tuple[int, ...] = ()
) -> Message:
    array = {"dtype": dtype, "shape": shape, "bits": digits}
    return {"seq": request["seq"], "device": "cpu", "outputs": {"loss": array}}


def right(request: Message) -> Message:
    return answer(request, [bits(loss(request))])


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


def first() -> Message:
    """Shake hands, and give the first request; end where there is none."""
    for request in requests():
        return request
    sys.exit()


def serve(about: Message = ABOUT) -> None:
    for request in requests(about):
        say(right(request))


def sleep() -> NoReturn:
    while True:
        time.sleep(600)


def result(request: Message, value: str) -> str:
    """Write an answer whose loss is this text, JSON or not."""
    return '{"seq": "' + request["seq"] + '", "device": "cpu", "outputs": {"loss": ' + value + "}}\n"


def reason(request: Message, value: str) -> str:
    """Write an answer whose reason is this text, JSON or not."""
    return '{"seq": "' + request["seq"] + '", "unsupported": ' + value + "}\n"
