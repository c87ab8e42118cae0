from honest import requests, right, say

for request in requests():
    say([right(request)])
