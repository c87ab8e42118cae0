import time

from honest import requests, write

for request in requests():
    write('{"seq": "' + request["seq"])
    time.sleep(600)
