from honest import requests, say

for request in requests():
    say({"seq": request["seq"], "rejected": {"kind": "shape", "message": "no"}})
