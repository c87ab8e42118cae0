"""Answers every request but the first in time, and the first one after the limit (its one argument)."""

import sys
import time
from pathlib import Path

from honest import requests, right, say

marker = Path(sys.argv[2])
for request in requests():
    if not marker.exists():
        marker.touch()
        time.sleep(float(sys.argv[1]))
    say(right(request))
