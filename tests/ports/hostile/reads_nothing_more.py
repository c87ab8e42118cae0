"""Shakes hands, then leaves its input unread."""

import sys
import time

from honest import ABOUT, say

sys.stdin.readline()
say(ABOUT)
time.sleep(600)
