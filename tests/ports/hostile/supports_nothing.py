"""Claims everything, then nothing."""

from honest import ABOUT, requests, say

OPS = ["value", "stages", "gradient", "temporal_norm", "estimate_epsilon"]
CLAIMS = {"ops": OPS, "dtypes": ["float16", "bfloat16", "float32", "float64"], "devices": ["cpu"]}
for request in requests(ABOUT | {"capabilities": CLAIMS}):
    say({"seq": request["seq"], "unsupported": "not implemented yet"})
