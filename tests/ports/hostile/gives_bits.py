"""Answers everything with the bits of its one argument."""

import sys

from honest import requests, say

for request in requests():
    array = {"dtype": "float64", "shape": [], "bits": [sys.argv[1]]}
    say({"seq": request["seq"], "device": "cpu", "outputs": {"loss": array}})
