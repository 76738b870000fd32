#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The five lines of the README that judge one's own client: run as they stand there, with a
careless Python client and with curl in the place of `your-client`, on ports of the test."""
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import urllib.request

from harness import PROGRAM, ROOT, SLOW, check, children, run, scratch, wait_for

# Tries again at once, whatever the server asked for.
CARELESS = r"""
import json, os, time, urllib.error, urllib.request
url = os.environ["OPENAI_BASE_URL"] + "/chat/completions"
body = json.dumps({"model": "m", "messages": [{"role": "user", "content": "x"}]}).encode()
for n in range(40):
    for attempt in (1, 2, 3, 4):
        r = {"schema": "llm-attempt/v1", "operation_id": "py-%d" % n, "attempt": attempt, "service": "careless",
             "http_request_method": "POST", "http_route": "/v1/chat/completions"}
        began = time.monotonic()
        try:
            request = urllib.request.Request(url, body, {"Content-Type": "application/json", "Authorization": "Bearer x"})
            with urllib.request.urlopen(request, timeout=10) as answer:
                json.loads(answer.read())
                r["http_response_status_code"] = answer.status
        except urllib.error.HTTPError as e:
            r["http_response_status_code"] = e.code
            if e.headers.get("Retry-After"):
                r["retry_after_ms"] = 1000 * int(e.headers["Retry-After"])
        r["elapsed_ms"] = round((time.monotonic() - began) * 1e3, 3)
        r["decision"] = "none" if r["http_response_status_code"] == 200 else "retry_same" if attempt < 4 else "abort_error"
        if r["decision"] == "retry_same":
            r["backoff_ms"] = 0
        print(json.dumps(r), flush=True)
        if r["decision"] != "retry_same":
            break
"""
CURL = r"""
for i in $(seq 40); do
	curl -s -o /dev/null "$OPENAI_BASE_URL/chat/completions" -H 'Authorization: Bearer x' \
		-H 'Content-Type: application/json' -d '{"model":"m","messages":[{"role":"user","content":"x"}]}' \
		-w '{"schema":"llm-attempt/v1","operation_id":"curl-'$i'","attempt":1,"service":"curl","http_response_status_code":%{http_code}}\n'
done
"""

if not shutil.which("curl"):
    print("curl is not installed")
    sys.exit(77)
with open(ROOT + "/README.md") as f:
    block = re.search(r"## Judging your own client\n\n```sh\n(.*?)```", f.read(), re.S)[1]
lines = [re.sub(r" +#.*", "", line) for line in block.splitlines() if line]
check(len(lines) == 5 and lines[3] == "your-client &" and lines[4] == "retrytop", "the README has other lines", lines)


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as s:
        return s.getsockname()[1]


def judge(name, client):
    """The report of the five lines with that client, and what the gateway says it did."""
    port, folder = free_port(), f"{scratch}/{name}"
    os.makedirs(folder)
    ends = {kind: f"ipc://{folder}/{kind}" for kind in ("events", "intake", "query")}
    script = "\n".join(lines[:4]).replace("8099", str(port)) \
        .replace("retrytop gateway", f"retrytop gateway --listen 127.0.0.1:{port}") \
        .replace("retrytop collect", "retrytop collect --http off " + " ".join(f"--{k} {v}" for k, v in ends.items())) \
        .replace("your-client", f"({client}) | retrytop emit --intake {ends['intake']}")
    # The client of the reader starts when she does; this one when both servers are there.
    script = script.replace("export", f"until curl -s http://127.0.0.1:{port}/__faults >/dev/null; do :; done; export")
    os.symlink(PROGRAM, f"{folder}/retrytop")
    with open(f"{folder}/log", "w") as log:
        shell = subprocess.Popen(["bash", "-c", script + "\nwait"], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                 start_new_session=True, env=dict(os.environ, PATH=f"{folder}:{os.environ['PATH']}"))
    shell.log_path = f"{folder}/log"
    children.append(shell)

    def done():
        code, out, _ = run("report", "-c", ends["query"], "--format", "json")
        found = json.loads(out) if code == 0 else None
        return found and found["operations"]["started"] >= 40 and found["intake"]["accepted"] == served() and found

    def served():
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/__faults", timeout=10 * SLOW) as answer:
            return json.loads(answer.read())["requests"]
    try:
        report = wait_for("the operations of " + name, done, 60)
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/__faults", timeout=10 * SLOW) as answer:
            told = json.loads(answer.read())
        code, out, err = run("--once", "-c", ends["query"])
        check(code in (0, 1) and name in out, "the dashboard of " + name, code, out, err)
    finally:
        os.killpg(shell.pid, signal.SIGTERM)
        shell.wait(10 * SLOW)
    return report, told


with open(f"{scratch}/client.py", "w") as f:
    f.write(CARELESS)
with open(f"{scratch}/client.sh", "w") as f:
    f.write(CURL)
for name, client in (("careless", f"/usr/bin/python3 {scratch}/client.py"), ("curl", f"bash {scratch}/client.sh")):
    report, told = judge(name, client)
    refused = told["rules"][0]["induced"]
    check(report["attempts"]["total"] == told["requests"], name, "attempts", report["attempts"], told)
    check(refused > 0 and report["attempts"]["by_class"]["rate_limited"] == refused, name, "429s", report["attempts"], told)
    broken = {v["rule"]: v["count"] for v in report["violations"]}
    check(("retry-after-ignored" in broken) == (name == "careless"), name, "violations", broken)
    print(f"ok: {name}: {told['requests']} requests, {refused} answered 429, broken: {broken}")
