"""Devices, streams and events without a GPU: which work comes after which, and what the host waits for."""

from __future__ import annotations

import itertools
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

if TYPE_CHECKING:
    from collections.abc import Iterator

DEVICES = 2


@dataclass
class Traffic:
    """Copies to the host, waits of the host, and copies from it."""

    copies: int = 0
    waits: int = 0
    uploads: int = 0


traffic = Traffic()


@contextmanager
def counted() -> Iterator[Traffic]:
    """Count what happens inside; the numbers are there on leaving."""
    before, found = Traffic(**vars(traffic)), Traffic()
    try:
        yield found
    finally:
        for name, count in vars(traffic).items():
            setattr(found, name, count - getattr(before, name))


class CUDARuntimeError(RuntimeError):
    """What CUDA itself refuses."""


class Device:  # noqa: PLW1641 - not hashable, as the real one
    """As CuPy's: equal by number, a context manager, and not hashable."""

    def __init__(self, device: Any = None) -> None:
        self.id = _current.device if device is None else int(device)
        self._former: list[int] = []

    def __int__(self) -> int:
        return self.id

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Device) and self.id == other.id

    def __repr__(self) -> str:
        return f"<stand-in for CUDA Device {self.id}>"

    def __enter__(self) -> Self:
        self._former.append(_current.device)
        self.use()
        return self

    def __exit__(self, *_: object) -> None:
        _current.device = self._former.pop()

    def use(self) -> None:
        """Make it the current one."""
        if not 0 <= self.id < DEVICES:
            message = f"cudaErrorInvalidDevice: invalid device ordinal {self.id}"
            raise CUDARuntimeError(message)
        _current.device = self.id

    def synchronize(self) -> None:
        """Wait for all that was asked of it."""
        traffic.waits += 1
        for (device, _), queue in list(_queues.items()):
            if device == self.id:
                queue.finish()


class Queue:
    """Work of one device in one stream: how much has been issued, and what it comes after."""

    def __init__(self, device: int, *, null: bool, blocking: bool) -> None:
        self.device, self.null, self.blocking = device, null, blocking
        self.issued = self.done = 0
        self.after: dict[Queue, int] = {}

    def begin(self) -> None:
        """Let the next work come after what streams wait for by themselves: the null stream, and for it."""
        if self.blocking:
            for other in list(_queues.values()):
                if other.device == self.device and other.blocking and self.null is not other.null:
                    self.wait(other.issued_so_far())

    def issue(self) -> int:
        """Number one more piece of work."""
        self.issued += 1
        return self.issued

    def issued_so_far(self) -> dict[Queue, int]:
        """Tell all that comes before whatever waits for this queue now."""
        return {**self.after, self: self.issued}

    def wait(self, times: dict[Queue, int]) -> None:
        """Let the next work come after those times of other queues."""
        for other, time in times.items():
            self.after[other] = max(self.after.get(other, 0), time)

    def is_after(self, other: Queue, time: int) -> bool:
        """Whether work issued now comes after the work of that number."""
        return other is self or time <= max(other.done, self.after.get(other, 0))

    def finish(self) -> None:
        """The host has seen it all done, and with it what it came after."""
        for queue, time in self.issued_so_far().items():
            queue.done = max(queue.done, time)


class Event:
    """A point in a stream's work."""

    def __init__(self, block: bool = False, disable_timing: bool = False, interprocess: bool = False) -> None:  # noqa: FBT001, FBT002 - CuPy's signature
        del block, disable_timing, interprocess
        self.times: dict[Queue, int] = {}

    def record(self, stream: Stream | None = None) -> None:
        """Take the point that a stream has reached."""
        self.times = (stream or get_current_stream()).queue.issued_so_far()

    def synchronize(self) -> None:
        """Wait until it is reached."""
        traffic.waits += 1
        for queue, time in self.times.items():
            queue.done = max(queue.done, time)


class Stream:
    """As CuPy's: equal and hashable by its pointer; the null stream is one object for all devices."""

    null: ClassVar[Stream]
    _pointers: ClassVar[Iterator[int]] = itertools.count(0x1000, 0x10)

    def __init__(
        self,
        null: bool = False,  # noqa: FBT001, FBT002 - CuPy's signature
        non_blocking: bool = False,  # noqa: FBT001, FBT002
        ptds: bool = False,  # noqa: FBT001, FBT002
        priority: int | None = None,
    ) -> None:
        if ptds or priority is not None:
            message = "the stand-in has no such streams"
            raise NotImplementedError(message)
        self.ptr = 0 if null else next(self._pointers)
        self.device_id = -1 if null else _current.device
        self.is_non_blocking = non_blocking

    def queue_on(self, device: int) -> Queue:
        """Its work on a device: the null stream has some on each."""
        key = (device, self.ptr)
        if key not in _queues:
            _queues[key] = Queue(device, null=not self.ptr, blocking=not self.is_non_blocking)
        return _queues[key]

    @property
    def queue(self) -> Queue:
        """Its work; the null stream's on the current device."""
        return self.queue_on(_current.device if self.device_id == -1 else self.device_id)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Stream) and self.ptr == other.ptr

    def __hash__(self) -> int:
        return self.ptr

    def __repr__(self) -> str:
        return f"<stand-in for Stream {self.ptr} (device {self.device_id})>"

    def __enter__(self) -> Self:
        device = self._device()
        _current.former.append((device, _current.streams[device]))
        return self.use()

    def __exit__(self, *_: object) -> None:
        device, stream = _current.former.pop()
        _current.streams[device] = stream

    def use(self) -> Self:
        """Make it the current one of its device."""
        _current.streams[self._device()] = self
        return self

    def _device(self) -> int:
        if self.device_id not in {-1, _current.device}:
            message = (
                f"The device that the stream is created on ({self.device_id}) does not match with the "
                f"current device ({_current.device})"
            )
            raise RuntimeError(message)
        return _current.device

    def synchronize(self) -> None:
        """Wait for all that was asked of it."""
        traffic.waits += 1
        self.queue.begin()
        self.queue.finish()

    def record(self, event: Event | None = None) -> Event:
        """Record an event."""
        event = event or Event()
        event.record(self)
        return event

    def wait_event(self, event: Event) -> None:
        """Let its next work come after an event; the host does not wait."""
        self.queue.wait(event.times)

    def is_capturing(self) -> bool:
        """Whether its work is recorded as a graph: never here."""
        return False


class _Current(threading.local):
    def __init__(self) -> None:
        self.device = 0
        self.streams = [Stream.null] * DEVICES
        self.former: list[tuple[int, Stream]] = []


_queues: dict[tuple[int, int], Queue] = {}
Stream.null = Stream(null=True)
_current = _Current()


def get_device_id() -> int:
    """Number of the current device."""
    return _current.device


def get_current_stream(device_id: int = -1) -> Stream:
    """Return the current stream of a device, by default of the current one."""
    return _current.streams[_current.device if device_id == -1 else device_id]


def current_queue(device: int) -> Queue:
    """Work of a device in its current stream."""
    return get_current_stream(device).queue_on(device)
