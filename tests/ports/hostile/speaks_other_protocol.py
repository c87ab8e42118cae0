from honest import ABOUT, requests, right, say

for request in requests(ABOUT | {"protocol": 2}):
    say(right(request))
