from honest import requests, right, say

for request in requests():
    answer = right(request)
    del answer["seq"]
    say(answer)
