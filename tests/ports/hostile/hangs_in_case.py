import time

from honest import requests

for _ in requests():
    time.sleep(600)
