"""Never ends its line."""

import sys

from honest import requests

for _ in requests():
    while True:
        sys.stdout.write("[" * 1_000_000)
