"""A child that leaves the process group holds the pipe open."""

import os
import time

from honest import requests

for _ in requests():
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            time.sleep(600)
        os._exit(0)
    os.wait()
    time.sleep(600)
