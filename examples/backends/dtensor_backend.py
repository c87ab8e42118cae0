"""torch's DTensor, along its first axis on the ranks that torchrun has started; each runs the whole suite."""

from __future__ import annotations

from typing import Any

from plain import Plain

from conformance.subjects.backends.torch_backend import BACKEND as TORCH


class DTensorBackend(Plain):
    name = "dtensor"
    module = "torch.distributed.tensor"
    distribution = "torch"
    array_type = "DTensor"

    def xp(self) -> Any:
        found = super().xp()
        import torch.distributed as dist

        if not dist.is_initialized():
            dist.init_process_group("gloo")
        return found

    def from_bytes(self, data: bytes, dtype: str, shape: tuple[int, ...], device: str, mode: str) -> Any:
        del mode
        import torch
        from torch.distributed.device_mesh import init_device_mesh

        here = TORCH.from_bytes(data, dtype, shape, device, "eager")
        xp = self.xp()
        mesh = init_device_mesh("cpu", (torch.distributed.get_world_size(),))
        place = xp.Shard(0) if shape else xp.Replicate()
        return xp.distribute_tensor(here, mesh, [place])

    def to_bytes(self, native: Any) -> bytes:
        return TORCH.to_bytes(native.full_tensor())

    def dtype_name(self, native: Any) -> str:
        return TORCH.dtype_name(native)


BACKEND = DTensorBackend()
