"""Answers before it is asked, in the hope that numbers are given out in order."""

import sys
import time

from honest import ABOUT, requests, right, say

sys.stdin.readline()
say(ABOUT)
time.sleep(0.1)
say({"seq": "1", "unsupported": "not today"})
for request in requests():
    say(right(request))
