#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The contract suite: every row holds against the faults it induces, and fails where the
fault is not there; a live run asks only what is safe."""
import glob
import http.server
import json
import os
import re
import threading

from harness import ROOT, check, run, scratch, start, wait_for

# What needs no fault to hold: the golden requests and the mistakes of the caller.
SOUND = {"golden-chat", "golden-chat-stream", "golden-responses", "golden-responses-stream",
         "usage-empty-choices"}


def rows(*args):
    code, out, err = run("suite", "--json", *args)
    return code, {r["id"]: r for r in map(json.loads, out.splitlines())}, err


class Faultless(http.server.BaseHTTPRequestHandler):
    """Takes rules and keys, and answers soundly whatever they say."""
    protocol_version = "HTTP/1.1"
    served = 0
    bodies = []

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/__faults":
            return self.answer("application/json", json.dumps({"requests": Faultless.served, "rules": []}))
        Faultless.served += 1
        Faultless.bodies.append(body)
        try:
            asked = json.loads(body)
        except ValueError:
            asked = {}
        usage = {"total_tokens": 3, "input_tokens": 1, "output_tokens": 2}
        if self.path.endswith("responses"):
            answer = {"object": "response", "status": "completed", "usage": usage,
                      "output": [{"type": "message", "content": [{"type": "output_text", "text": "x"}]}]}
            events = [{"type": "response.output_text.delta", "delta": "x"},
                      {"type": "response.completed", "response": answer}]
        else:
            answer = {"object": "chat.completion", "usage": usage,
                      "choices": [{"message": {"content": "x"}, "finish_reason": "stop"}]}
            events = [{"choices": [{"delta": {"content": "x"}, "finish_reason": None}]},
                      {"choices": [{"delta": {}, "finish_reason": "stop"}]},
                      {"choices": [], "usage": usage}]
        if asked.get("stream"):
            text = "".join(f"data: {json.dumps(e)}\n\n" for e in events) + "data: [DONE]\n\n"
            return self.answer("text/event-stream", text)
        return self.answer("application/json", json.dumps(answer))

    def answer(self, kind, text):
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *args):
        pass


# Every row holds; nothing stays behind.
def mine():
    return set(glob.glob("/tmp/retrytop-suite-*"))


folders = mine()
code, seen, err = rows("--sim")
bad = [r for r in seen.values() if r["result"] == "fail"]
check(code == 0 and not bad, "suite --sim", code, bad, err)
check(len(seen) >= 60, "rows", len(seen))
for row in seen.values():
    check(row["induced"] and row["expected"] and row["saw"], row)
    if row["result"] == "skipped":
        check("openssl(1)" in row["reason"], row)
check(mine() <= folders, "certificates stayed behind")

# Without its fault a row fails: the suite sees what it says it sees.
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Faultless)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{server.server_address[1]}"
code, out, _ = run("suite", "--list")
gateway = [i for i, r in seen.items() if not i.startswith(("tls-", "framing-", "stream-error-"))
           and i not in ("dns", "refused", "timeout-connect", "timeout-first-event", "timeout-total",
                         "wrong-path-html", "wrong-path-redirect", "body-compressed")]
args = [a for i in gateway for a in ("--row", i)]
check(all(i in out for i in seen), "--list does not list all rows")
code, seen, err = rows("--sim", "--gateway", url, *args)
check(code == 1, "suite against a faultless server", code, err)
check(set(seen) == set(gateway), "rows asked for and run differ")
for name, row in seen.items():
    want = "pass" if name in SOUND or name.startswith(("body-bom", "body-cr", "body-byte", "usage-twice")) else "fail"
    check(row["result"] == want, name, row)

# Live: only what is safe, with the target's own key, and never another one.
log = open(f"{scratch}/url", "w+")
child = start("gateway", "--listen", "127.0.0.1:0", "--require-key", stdout=log)
live = wait_for("the gateway", lambda: open(f"{scratch}/url").read().strip())
with open(f"{scratch}/live.conf", "w") as f:
    f.write(f"[canary here]\nbase_url = {live}\nmodel = m\nkey_env = LIVE_KEY\nmax_per_minute = 60\n")
env = dict(os.environ, LIVE_KEY="sk-live-0123456789abcdef")
code, out, err = run("suite", "--json", "--live", "--config", f"{scratch}/live.conf", env=env)
seen = {r["id"]: r for r in map(json.loads, out.splitlines())}
check(set(seen) == {"golden-chat", "golden-chat-stream", "missing-auth", "bad-auth", "invalid-model",
                    "malformed-json", "missing-field", "wrong-path"}, "live rows", set(seen), err)
# This gateway knows every model: the one row that must fail here does.
check(code == 1 and [i for i, r in seen.items() if r["result"] == "fail"] == ["invalid-model"], code, out)
check("sk-live" not in out + err, "the key was printed")

# A target that asks for a pause is left alone: one 429, and nothing more until it is over.
import urllib.request  # noqa: E402


def served(rules=None):
    with urllib.request.urlopen(live + "/__faults", data=None if rules is None else rules.encode()) as answer:
        return json.loads(answer.read())["requests"]


before = served("status=429 retry_after=300")
code, out, err = run("suite", "--json", "--live", "--config", f"{scratch}/live.conf", "--ledger", f"{scratch}/l", env=env)
seen = [json.loads(line) for line in out.splitlines()]
check(served("") == before + 1, "requests while paused", served() - before, out)
check([r["result"] for r in seen] == ["fail"] + ["skipped"] * 7, out)
check(all(r["reason"] == "the target asked for a pause" for r in seen[1:]), out)
with open(f"{scratch}/l") as f:
    check(any(json.loads(line)["result"] == "blocked" for line in f), "not blocked")
# And its budget holds for all rows together.
with open(f"{scratch}/live.conf", "a") as f:
    f.write("max_per_run = 3\n")
before = served()
code, out, err = run("suite", "--json", "--live", "--config", f"{scratch}/live.conf", env=env)
check(served() == before + 3 and out.count("a budget of the target is used up") == 5, served() - before, out, err)
child.terminate()
child.wait()

# The manual knows every key of a target.
code, out, err = run("check-config", "--config", f"{scratch}/live.conf")
keys = set(re.findall(r"^(?:# )?(\w+) = ", out.split("[canary here]")[1].split("\n[")[0], re.M))
with open(ROOT + "/tui/retrytop.1") as f:
    manual = f.read()
lost = [k for k in keys if not re.search(r"^\.It Cm " + k + "$", manual, re.M)]
check(len(keys) >= 40 and not lost, "not in the manual:", lost, len(keys))

# Refusals.
for args, code, words in ((["--sim", "--row", "nope"], 64, "there is no row nope"),
                          ([], 64, "needs one of --sim and --live"),
                          (["--sim", "--live"], 64, "needs one of --sim and --live"),
                          (["--live", "--config", "/nowhere"], 74, "/nowhere"),
                          (["--sim", "--row", "golden-chat", "--gateway", "http://127.0.0.1:1"], 69, "")):
    got, out, err = run("suite", *args)
    check(got == code and words in err, args, got, err)
server.shutdown()
print("ok")
