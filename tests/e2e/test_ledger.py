#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The evidence ledger: appended to, drift seen, lost documented paths fail, nothing of an
answer or a key in it, and a damaged file read as far as it goes."""
import http.server
import json
import os
import threading

from harness import check, run, scratch

KEY = "sk-planted-0123456789abcdef"
USAGE = {"total_tokens": 3}
shape = {"usage": USAGE, "system_fingerprint": "planted-value"}


class Server(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        answer = {"object": "chat.completion", "choices": [
            {"message": {"content": "planted answer"}, "finish_reason": "stop"}], **shape}
        text = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *args):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
conf, ledger = f"{scratch}/ledger.conf", f"{scratch}/ledger.jsonl"
base = (f"[canary here]\nbase_url = http://127.0.0.1:{server.server_address[1]}\n"
        "model = m\nkey_env = LEDGER_KEY\n")
env = dict(os.environ, LEDGER_KEY=KEY)


def suite(more=""):
    with open(conf, "w") as f:
        f.write(base + more)
    code, out, err = run("suite", "--live", "--config", conf, "--row", "golden-chat", "--ledger", ledger, env=env)
    return code, err


def lines():
    with open(ledger) as f:
        return [json.loads(line) for line in f if line.startswith("{")]


def area(name, back=0):
    return [r for r in lines() if r["area"] == name][-1 - back]


# The first run: one line an area, tested or not; no value of the answer, no key.
check(suite() == (0, ""), "first run")
check(len(lines()) == 12, "a line an area", len(lines()))
first = area("response fields")
check(first["result"] == "pass" and first["basis"] == "observed", first)
check(first["credential"] == "env LEDGER_KEY" and first["tls_verified"], first)
check(len(first["config_sha256"]) == 64 and "libcurl" in first["libraries"], first)
golden = first["shapes"]["golden-chat"]
check("choices[].message.content string" in golden["paths"] and golden["paths"] == sorted(golden["paths"]), golden)
check(area("support escalation")["result"] == "not_tested", "untested areas are lines")
with open(ledger) as f:
    text = f.read()
check("planted" not in text and KEY not in text, "a value or the key is in the ledger")
check(os.stat(ledger).st_mode & 0o777 == 0o600, "mode", oct(os.stat(ledger).st_mode))
check(run("ledger", "diff", ledger)[0] == 74, "diff of one run")

# The same again: nothing to say.  Then a path more, and one of another type: drift.
check(suite() == (0, ""), "second run")
check(run("ledger", "diff", ledger) == (0, "", ""), run("ledger", "diff", ledger))
shape = {"usage": USAGE, "system_fingerprint": 7, "service_tier": "x"}
code, err = suite()
check(code == 0 and "response fields: drift: 1 pass; paths gained 1, lost 0, changed 1" in err, code, err)
check(area("response fields")["result"] == "drift", area("response fields"))
code, out, err = run("ledger", "diff", ledger)
check(code == 1 and "response fields: pass -> drift" in out, code, out)
check("~ system_fingerprint string -> number\n+ service_tier string\n" in out, out)

# A path lost is drift as long as nothing documents it; then it fails.
shape = {"usage": USAGE, "service_tier": "x"}
check(suite()[0] == 0 and area("response fields")["result"] == "drift", area("response fields"))
shape = {"usage": USAGE}
code, err = suite("source = https://docs.example/a|b\naccessed = 2026-11-22\n")
last = area("response fields")
check(code == 1 and last["result"] == "fail" and last["basis"] == "documented", code, err, last)
code, out, err = run("ledger", "export", "--markdown", ledger)
check(code == 0 and "| response fields | documented | fail | 1 pass; paths gained 0, lost 1, changed 0 | "
      "https://docs.example/a\\|b | 2026-11-22 |" in out, out)
check(len([line for line in out.splitlines() if line.startswith("| ")]) == 13, out)

# Damage: what is no record is counted, what follows a torn line begins a new one.
with open(ledger, "a") as f:
    f.write('not json\n{"schema":"retrytop-evidence/v1"}\n' + "x" * 300000 + '\n{"torn":')
check(suite()[0] == 0, "run after damage")
code, out, err = run("ledger", "show", ledger)
check(code == 0 and "4 lines are no records" in err and "response fields" in out, code, err)

# Terminal controls written into the file by somebody do not come out.
with open(ledger) as f:
    text = f.read()
with open(ledger, "w") as f:
    f.write(text.replace('"model":"m"', '"model":"\\u001b[31m"'))
code, out, err = run("ledger", "show", ledger)
check(code == 0 and "\x1b" not in out and "\ufffd[31m" in out.encode(errors="surrogateescape").decode(), out[:400])
check(run("ledger", "show", "/nowhere/x")[0] == 74, "a file that is not there")
check(run("ledger", "show")[0] == 64, "no file")
server.shutdown()
print("ok")
