"""Run the loss on tensors that are distributed over one process, and print what comes out, as JSON.

`test_torch_tensors` runs this file in a process of its own, since a process group starts threads.
"""

from __future__ import annotations

import gc
import json
import sys
from pathlib import Path
from typing import Any

import torch
import torch.distributed

# Imported later, it would keep the process group of that moment for ever.
import torch.distributed.nn.functional
from torch.distributed.tensor import DTensor, Replicate, Shard, distribute_tensor

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from temporal_loss import TemporalLoss, count_valid, estimate_epsilon, temporal_loss, temporal_loss_and_grad

# Steps of 5 and 10, then of 0 and 2; frame 2 of the second keypoint is unsure.
KEYPOINTS = [[0.0, 0, 0, 0], [3, 4, 6, 8], [3, 4, 6, 10]]
CONFIDENCES = [[1.0, 1], [1, 1], [1, 0.25]]
EPSILONS: dict[str, Any] = {"number": 2.0, "list": [1.0, 2.0], "tuple": (1.0, 2.0), "one": [1.0, 1.0]}


def _read(array: Any) -> Any:
    return array.full_tensor().tolist() if isinstance(array, DTensor) else array.tolist()


def outcomes(mesh: Any, placement: Any) -> dict[str, Any]:
    """Values and gradients by form of epsilon."""
    found: dict[str, Any] = {}
    confidences = distribute_tensor(torch.tensor(CONFIDENCES), mesh, [placement])
    for name, epsilon in EPSILONS.items():
        keypoints = distribute_tensor(torch.tensor(KEYPOINTS), mesh, [placement]).requires_grad_()
        options: dict[str, Any] = {"epsilon": epsilon, "prob_threshold": 0.5, "reduction": "sum"}
        loss = temporal_loss(keypoints, confidences, **options)
        (3 * loss).backward()
        both = temporal_loss_and_grad(keypoints.detach(), confidences, **options)
        suggested = estimate_epsilon(keypoints.detach(), quantile=0.5)
        of_class = TemporalLoss(**options)(keypoints.detach(), confidences)[0]
        found[name] = {
            "loss": _read(loss.detach()),
            "distributed": isinstance(loss, DTensor),
            "gradient": _read(keypoints.grad),
            "both": [_read(each) for each in both],
            "class": _read(of_class),
            "suggested": _read(suggested),
            "counts": [
                _read(count_valid(keypoints, confidences, prob_threshold=0.5)),
                _read(count_valid(keypoints)),
            ],
        }
    return found


def main() -> None:
    torch.set_num_threads(1)
    store = torch.distributed.FileStore(sys.argv[1], 1)
    torch.distributed.init_process_group("gloo", store=store, rank=0, world_size=1)
    mesh = torch.distributed.device_mesh.init_device_mesh("cpu", (1,))
    found = {"replicated": outcomes(mesh, Replicate()), "frames": outcomes(mesh, Shard(0))}
    del mesh
    gc.collect()
    torch.distributed.destroy_process_group()
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
