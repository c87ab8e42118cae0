"""Ports that misbehave: `python hostile.py NAME`, a name in ANSWERS or TEXTS, or of a function."""

import json
import math
import os
import signal
import struct
import sys
import time
from collections.abc import Callable
from pathlib import Path

from honest import (
    ABOUT,
    Message,
    answer,
    bits,
    first,
    loss,
    reason,
    requests,
    result,
    right,
    say,
    serve,
    sleep,
    steps,
    write,
)

# Lines to one request. -----------------------------------------------------------------------

ANSWERS: dict[str, Callable[[Message], object]] = {
    "answers_both": lambda r: right(r) | {"rejected": {"kind": "value", "message": "whichever you like"}},
    "answers_unknown_kind": lambda r: {
        "seq": r["seq"],
        "rejected": {"kind": "any", "message": "type, shape or value"},
    },
    "answers_with_more": lambda r: right(r) | {"verdict": "pass"},
    "answers_without_seq": lambda r: {k: v for k, v in right(r).items() if k != "seq"},
    "answers_wrong_seq": lambda r: right(r) | {"seq": "1"},
    "echoes": lambda r: r,
    "gives_0x_bits": lambda r: answer(r, ["0x" + bits(loss(r))]),
    "gives_bits": lambda r: answer(r, [sys.argv[2]]),
    "gives_list_for_scalar": lambda r: answer(r, [bits(loss(r))], shape=(1,)),
    "gives_other_device": lambda r: right(r) | {"device": "cuda:0"},
    "gives_other_output": lambda r: right(r) | {"outputs": {"Loss": right(r)["outputs"]["loss"]}},
    "gives_short_bits": lambda r: answer(r, [bits(loss(r)).rstrip("0")]),
    # The digits of one number in two strings: joined they would read well.
    "gives_split_bits": lambda r: answer(r, [bits(loss(r))[:8], bits(loss(r))[8:]]),
    "gives_too_many_bits": lambda r: answer(r, [bits(loss(r))] * 2),
    # The right number as float32.
    "gives_wrong_dtype": lambda r: answer(r, [struct.pack(">f", loss(r)).hex()], "float32"),
    "rejects_everything": lambda r: {"seq": r["seq"], "rejected": {"kind": "shape", "message": "no"}},
    "says_it_broke": lambda r: {
        "seq": r["seq"],
        "errored": {"message": "\x1b[2Jout of luck\nand more \ud83d\ude00"},
    },
    "writes_list": lambda r: [right(r)],
}
TEXTS: dict[str, Callable[[Message], str]] = {
    "ends_lines_with_crlf": lambda r: json.dumps(right(r)) + "\r\n",
    "writes_1e400": lambda r: result(r, "1e400"),
    "writes_blank_line": lambda r: "\n" + json.dumps(right(r)) + "\n",
    "writes_bom": lambda r: "\ufeff" + json.dumps(right(r)) + "\n",
    "writes_deep_nesting": lambda r: reason(r, "[" * 100_000 + "]" * 100_000),
    "writes_half_surrogate": lambda r: reason(r, '"\\ud800"'),
    "writes_infinity": lambda r: result(r, "Infinity"),
    # A reader that takes the last of two seqs would credit this, one that takes the first would not.
    "writes_key_twice": lambda r: '{"seq": "0", ' + json.dumps(right(r))[1:] + "\n",
    "writes_long_integer": lambda r: result(r, "9" * 5000),
    "writes_nan": lambda r: result(r, "NaN"),
    # One line that is short of the limit as text, and many times that as objects.
    "floods_items": lambda r: reason(r, "[" + "[]," * 10_000_000 + "[]]"),
}


# Before or in place of the handshake. --------------------------------------------------------


def is_honest() -> None:
    serve()


def hangs_before_handshake() -> None:
    sleep()


def exits_at_start() -> None:
    sys.exit("no licence found")


def dies_at_start_by_signal() -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def hangs_in_handshake() -> None:
    write('{"protocol": 1, "port"')
    sleep()


def says_banner() -> None:
    write("Welcome to the framework, version 7!\n")
    serve()


def speaks_other_protocol() -> None:
    serve(ABOUT | {"protocol": 2})


def supports_nothing() -> None:
    """Claims everything, then nothing."""
    ops = ["value", "stages", "gradient", "temporal_norm", "estimate_epsilon"]
    claims = {"ops": ops, "dtypes": ["float16", "bfloat16", "float32", "float64"], "devices": ["cpu"]}
    for request in requests(ABOUT | {"capabilities": claims}):
        say({"seq": request["seq"], "unsupported": "not implemented yet"})


def reads_nothing_more() -> None:
    sys.stdin.readline()
    say(ABOUT)
    sleep()


def answers_unasked() -> None:
    """Answers before it is asked, in the hope that numbers are given out in order."""
    sys.stdin.readline()
    say(ABOUT)
    time.sleep(0.1)
    say({"seq": "1", "unsupported": "not today"})
    serve()


def starts_as_another() -> None:
    """Says of itself at the first start what it says no more later; what, is the second argument."""
    marker = Path(sys.argv[3])
    again = marker.exists()
    marker.touch()
    port = ABOUT["port"] | {"name": "better"}
    more = ABOUT["capabilities"] | {"dtypes": ["float32", "float64"]}
    serve(ABOUT | {"name": {"port": port}, "claims": {"capabilities": more}}[sys.argv[2]] if again else ABOUT)


def is_slow_on_two_devices() -> None:
    claims = ABOUT["capabilities"] | {"devices": ["cpu", "gpu"]}
    for request in requests(ABOUT | {"capabilities": claims}):
        time.sleep(0.3)
        say(right(request) | {"device": request["device"]})


def cannot_start() -> None:
    sys.stdin.readline()
    say({"errored": {"message": "no licence found"}})


# Answers that depend on what came before. ----------------------------------------------------


def answers_late() -> None:
    """Answers every request but the first in time, and the first one that many seconds late."""
    marker = Path(sys.argv[3])
    for request in requests():
        if not marker.exists():
            marker.touch()
            time.sleep(float(sys.argv[2]))
        say(right(request))


def answers_old_seq() -> None:
    before = "none"
    for request in requests():
        say(right(request) | {"seq": before})
        before = request["seq"]


def answers_twice() -> None:
    for request in requests():
        say(right(request))
        say(right(request))


def is_slow() -> None:
    for request in requests():
        time.sleep(0.3)
        say(right(request))


def remembers() -> None:
    """Right at first, off by one more with each answer after that."""
    for asked, request in enumerate(requests()):
        say(answer(request, [bits(loss(request) + asked)]))


# Wrong in large alone. -----------------------------------------------------------------------


def of_steps(mean: Callable[[list[float]], float]) -> None:
    for request in requests():
        say(answer(request, [bits(mean(steps(request)))]))


def counts_in_short() -> None:
    of_steps(lambda found: math.fsum(found) / max(len(found) % 2**16, 1))


def stops_at_short() -> None:
    """Has 16 bits for the number of a step, of which one is the sign."""
    of_steps(lambda found: math.fsum(found[: 2**15]) / len(found))


def recurses() -> None:
    """Calls itself for each step."""

    def total(found: list[float], start: int = 0) -> float:
        return found[start] + total(found, start + 1) if start < len(found) else 0.0

    sys.setrecursionlimit(20_000)
    of_steps(lambda found: total(found) / len(found))


# Ends and hangs at a request. ----------------------------------------------------------------


def exits_in_case() -> None:
    first()
    sys.exit("segmentation fault, core not dumped")


def exits_in_line() -> None:
    write('{"seq": "' + first()["seq"])


def exits_after_right_answer() -> None:
    say(right(first()))


def dies_by_signal() -> None:
    first()
    os.kill(os.getpid(), signal.SIGSEGV)


def closes_stdout() -> None:
    first()
    os.close(1)
    sleep()


def hangs_in_case() -> None:
    first()
    sleep()


def hangs_in_line() -> None:
    write('{"seq": "' + first()["seq"])
    sleep()


def ignores_sigterm() -> None:
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    hangs_in_case()


# Floods and leaks. ---------------------------------------------------------------------------


def floods_lines() -> None:
    say(right(first()))
    while True:
        sys.stdout.write("{}\n" * 100_000)


def floods_stderr() -> None:
    for request in requests():
        for _ in range(20):
            sys.stderr.write("warning: " * 100_000)
        say(right(request))


def floods_stderr_for_ever() -> None:
    first()
    while True:
        sys.stderr.write("warning: " * 100_000)


def floods_stdout() -> None:
    """Never ends its line."""
    first()
    while True:
        sys.stdout.write("[" * 1_000_000)


def leaks_memory() -> None:
    kept = []
    for request in requests():
        for _ in range(50):
            kept.append(bytearray(b"x") * 10_000_000)
            time.sleep(0.05)
        say(right(request))


def leaks_processes() -> None:
    for request in requests():
        for _ in range(20):
            if os.fork() == 0:
                sleep()
        time.sleep(0.7)
        say(right(request))


def leaves_daemon() -> None:
    """A child that leaves the process group holds the pipe open."""
    first()
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            sleep()
        os._exit(0)
    os.wait()
    sleep()


def leaves_bare_daemon() -> None:
    """Ends, while a child that has left the group, its parent and the environment goes on."""
    first()
    start_bare_daemon()
    os._exit(0)


def hangs_beside_bare_daemon() -> None:
    first()
    start_bare_daemon()
    sleep()


def start_bare_daemon() -> None:
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            waits = [sys.executable, "-S", "-c", "import time; time.sleep(600)", *sys.argv[2:]]
            os.execve(sys.executable, waits, {})  # noqa: S606
        os._exit(0)
    os.wait()


def leaves_grandchild() -> None:
    """Ends, while a child of its own holds the pipe open."""
    first()
    if os.fork() == 0:
        sleep()
    os._exit(0)


def writes_no_utf8() -> None:
    for request in requests():
        sys.stdout.buffer.write(reason(request, '"caf\xe9"').encode("latin-1"))
        sys.stdout.flush()


def main(name: str) -> None:
    if name not in {**ANSWERS, **TEXTS}:
        globals()[name]()
    elif name in TEXTS:
        for request in requests():
            write(TEXTS[name](request))
    else:
        for request in requests():
            say(ANSWERS[name](request))


if __name__ == "__main__":
    main(sys.argv[1])
