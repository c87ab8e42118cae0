from honest import requests, say

for request in requests():
    say({"seq": request["seq"], "rejected": {"kind": "any", "message": "type, shape or value"}})
