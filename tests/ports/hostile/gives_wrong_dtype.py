"""The right number as float32."""

import struct

from honest import loss, requests, right, say

for request in requests():
    answer = right(request)
    digits = struct.pack(">f", loss(request)).hex()
    answer["outputs"]["loss"] = {"dtype": "float32", "shape": [], "bits": [digits]}
    say(answer)
