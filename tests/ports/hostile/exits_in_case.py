import sys

from honest import requests

for _ in requests():
    sys.exit("segmentation fault, core not dumped")
