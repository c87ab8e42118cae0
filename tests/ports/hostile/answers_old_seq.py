"""Gives the right answer under the seq of the question before."""

from honest import requests, right, say

before = "none"
for request in requests():
    say(right(request) | {"seq": before})
    before = request["seq"]
