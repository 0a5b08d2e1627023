"""A validator that waits a known time: stands for an outside program. Its only argument is the seconds."""

import json
import sys
import time

begin = time.monotonic()
request = json.load(sys.stdin)
verdict = {name: request[name] for name in ("protocol", "key", "nonce")}
verdict["properties"] = {"liquidus": {"value": 2500.0, "unit": "K"}}
time.sleep(max(0.0, float(sys.argv[1]) - (time.monotonic() - begin)))
json.dump(verdict, sys.stdout)
