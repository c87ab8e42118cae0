from honest import requests, right, say

for request in requests():
    say(right(request) | {"rejected": {"kind": "value", "message": "if that is what you want to hear"}})
