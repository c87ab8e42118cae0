import sys

from honest import requests, right, say

for request in requests():
    for _ in range(20):
        sys.stderr.write("warning: " * 100_000)
    say(right(request))
