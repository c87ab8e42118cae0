import json

from honest import requests, right, write

for request in requests():
    write(json.dumps(right(request)) + "\r\n")
