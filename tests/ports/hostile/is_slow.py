import time

from honest import requests, right, say

for request in requests():
    time.sleep(0.3)
    say(right(request))
