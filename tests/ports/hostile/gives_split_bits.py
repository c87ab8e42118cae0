"""The digits of one number in two strings: joined they would read well."""

from honest import requests, right, say

for request in requests():
    answer = right(request)
    digits = answer["outputs"]["loss"]["bits"][0]
    answer["outputs"]["loss"]["bits"] = [digits[:8], digits[8:]]
    say(answer)
