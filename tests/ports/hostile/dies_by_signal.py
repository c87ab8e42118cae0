import os
import signal

from honest import requests

for _ in requests():
    os.kill(os.getpid(), signal.SIGSEGV)
