import sys

from honest import requests

for _ in requests():
    while True:
        sys.stderr.write("warning: " * 100_000)
