from honest import requests, say

for request in requests():
    say({"seq": request["seq"], "errored": {"message": "\x1b[2Jout of luck\nand more \ud83d\ude00"}})
