import sys

from honest import requests, right, say

for request in requests():
    say(right(request))
    while True:
        sys.stdout.write("{}\n" * 100_000)
