from honest import requests, say

for request in requests():
    say(request)
