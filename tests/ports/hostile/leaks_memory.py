import time

from honest import requests, right, say

kept = []
for request in requests():
    for _ in range(50):
        kept.append(bytearray(b"x") * 10_000_000)
        time.sleep(0.05)
    say(right(request))
