#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A million records in one go: each is there once, and memory stays where it was said."""
import os
import subprocess
import time

from harness import IS_ASAN, Collector, check, run, start, wait_for

COUNT = int(os.environ.get("RT_COUNT", "20000" if IS_ASAN else "1000000"))
LINE = ('{"schema":"llm-attempt/v1","operation_id":"op-%d","attempt":1,"service":"s%d",'
        '"http_request_method":"POST","http_route":"/v1/chat/completions",'
        '"http_response_status_code":200,"elapsed_ms":%d.5,"decision":"none"}')

code, out, err = run("check-config")
check(code == 0, err)
limit_mib = float(out.split("every table is full: ")[1].split(" ")[0])

c = Collector("--emitter-rate", "0")
began = time.monotonic()
emit = start("emit", "--intake", c.intake, "--timeout", "120", stdin=subprocess.PIPE)
for first in range(0, COUNT, 5000):
    text = "\n".join(LINE % (i, i % 7, i % 900)
                     for i in range(first, min(first + 5000, COUNT)))
    emit.stdin.write(text.encode() + b"\n")
emit.stdin.close()
check(emit.wait(240) == 0, "emit ended with", emit.returncode)
took = time.monotonic() - began
report = c.report()
intake = report["intake"]
check(intake["accepted"] == COUNT, "accepted", intake["accepted"], "of", COUNT)
check(intake["duplicates"] == 0 and intake["lost"] == 0, intake)
check(sum(intake["rejected"].values()) == 0, intake)
check(report["attempts"]["total"] == COUNT, "attempts", report["attempts"]["total"])
ops = report["operations"]
check(ops["started"] == COUNT == ops["ended"] + ops["unfinished"] + ops["evicted"], ops)
sender = report["senders"][0]
check(sender["taken"] == COUNT and sender["unexplained"] == 0, sender)
rss_mib = c.rss_kib() / 1024
check(IS_ASAN or rss_mib < limit_mib + 64, "RSS", rss_mib, "MiB; said", limit_mib)
c.stop()
print(f"{COUNT} records in {took:.1f} s, {COUNT / took:.0f}/s with the making of them; "
      f"RSS {rss_mib:.0f} MiB of {limit_mib:.0f} MiB allowed")
