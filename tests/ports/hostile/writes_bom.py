import json

from honest import requests, right, write

for request in requests():
    write("\ufeff" + json.dumps(right(request)) + "\n")
