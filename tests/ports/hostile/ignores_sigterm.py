import signal
import time

from honest import requests

for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
    signal.signal(number, signal.SIG_IGN)
for _ in requests():
    time.sleep(600)
