"""Messages of the protocol as the suite's words, and back."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import jsonschema

from conformance import bits
from conformance.model import (
    Answer,
    Array,
    Errored,
    ErrorKind,
    Outputs,
    Rejected,
    Status,
    Unsupported,
    params_to_json,
)
from conformance.port.strict import BadLineError
from conformance.port.text import clean

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from conformance.model import Request

PROTOCOL = 1
START = json.dumps({"cmd": "start", "protocol": PROTOCOL}).encode() + b"\n"
STOP = json.dumps({"cmd": "stop"}).encode() + b"\n"
_WIDTHS = {name: form.width // 4 for name, form in bits.FORMATS.items()} | {"int64": 16, "bool": 2}
_HEX = re.compile(r"[0-9a-fA-F]*")


def lacking(request: Request, ops: Collection[str], dtypes: Collection[str]) -> str | None:
    """Name the operation or dtype that a request needs and that is not among these; None if there is none."""
    if request.op not in ops:
        return str(request.op)
    for name, array in request.inputs.items():
        # Arrays of other kinds are there to be refused, whatever is claimed, or are no floats.
        if array.dtype in bits.FORMATS and array.dtype not in dtypes:
            return f"{array.dtype} ({name})"
    return None


@dataclass(frozen=True)
class About:
    """What a port says of itself when it starts."""

    name: str
    version: str
    language: str
    ops: tuple[str, ...]
    dtypes: tuple[str, ...]
    devices: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """JSON form."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> About:
        """Read the JSON form."""
        fields: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in data.items()}
        return cls(**fields)

    def lacks(self, request: Request) -> str | None:
        """Say what the request needs and the port does not claim; None if it is to be asked."""
        missing = lacking(request, self.ops, self.dtypes)
        return f"its capabilities have no {missing}" if missing else None


def size(request: Request) -> int:
    """Return how many elements the arrays of a request have, and of an answer to it at most."""
    return sum(len(array.values) for array in request.inputs.values())


def run_line(request: Request, seq: str, device: str) -> bytes:
    """Write the message that asks for one answer."""
    message = {
        "cmd": "run",
        "seq": seq,
        "case": request.case,
        "op": request.op.value,
        "device": device,
        "inputs": {name: _packed(array) for name, array in request.inputs.items()},
        "params": params_to_json(request.params),
    }
    return json.dumps(message, allow_nan=False, ensure_ascii=False).encode() + b"\n"


def about_of(message: Mapping[str, Any]) -> About:
    """Read the answer to `start`; BadLineError if it is none."""
    _check(message, "started")
    port, claims = message["port"], message["capabilities"]
    return About(
        port["name"],
        port["version"],
        port["language"],
        tuple(claims["ops"]),
        tuple(claims["dtypes"]),
        tuple(claims["devices"]),
    )


def answer_of(message: Mapping[str, Any]) -> Answer:
    """Read the answer to a request; BadLineError if it is none."""
    kinds = [kind for kind in ("outputs", "rejected", "unsupported", "errored") if kind in message]
    if len(kinds) != 1:
        named = " and ".join(kinds) or "none"
        problem = f"one of outputs, rejected, unsupported and errored is due, it holds {named}"
        raise BadLineError(problem)
    kind = kinds[0]
    _check(message, kind)
    body = message[kind]
    if kind == "outputs":
        arrays = {name: _unpacked(name, array) for name, array in body.items()}
        return Outputs(arrays, message["device"])
    if kind == "rejected":
        return Rejected(ErrorKind(body["kind"]), clean(body["message"]))
    if kind == "unsupported":
        return Unsupported(clean(body))
    return Errored(Status.CRASH, f"it says that it broke: {clean(body['message'])}")


def _packed(array: Array) -> dict[str, Any]:
    return {
        "dtype": array.dtype,
        "shape": list(array.shape),
        "bits": [bits.encode(v, array.dtype) for v in array.values],
    }


def _unpacked(name: str, array: Mapping[str, Any]) -> Array:
    dtype, shape, digits = array["dtype"], tuple(int(n) for n in array["shape"]), array["bits"]
    width = _WIDTHS.get(dtype)
    if width is None:
        return Array(clean(dtype, 40), shape, ())
    for place, word in enumerate(digits):
        if not isinstance(word, str) or len(word) != width or not _HEX.fullmatch(word):
            found = f"bits[{place}] of {name} is {clean(repr(word), 60)}"
            problem = f"{found}; {dtype} has {width} hex digits"
            raise BadLineError(problem)
    return Array(dtype, shape, bits.decode_all(digits, dtype))


def _check(message: Mapping[str, Any], kind: str) -> None:
    for error in _validator(kind).iter_errors(_short(message)):
        problem = f"{clean(error.json_path, 80)}: {clean(error.message)}"
        raise BadLineError(problem)


def _short(message: Mapping[str, Any]) -> Mapping[str, Any]:
    """Leave out the elements of arrays: reading them checks each, in less time and in plainer words."""
    outputs = message.get("outputs")
    if not isinstance(outputs, dict):
        return message

    def cut(array: Any) -> Any:
        if isinstance(array, dict) and isinstance(array.get("bits"), list):
            return {**array, "bits": []}
        return array

    return {**message, "outputs": {name: cut(array) for name, array in outputs.items()}}


@cache
def _validator(kind: str) -> jsonschema.Draft202012Validator:
    schema = json.loads(files("conformance").joinpath("schema", "protocol-answer.schema.json").read_bytes())
    return jsonschema.Draft202012Validator({"$ref": f"#/$defs/{kind}", "$defs": schema["$defs"]})
