#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The probe against servers of other people: a mock of the API with faults of its own
(@copilotkit/aimock) and an AI gateway in front of it (@portkey-ai/gateway).  What is
injected is what is seen, one by one and in shares.  `make foreign` installs and runs it."""
import collections
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import urllib.request

from harness import ROOT, SLOW, Collector, check, children, run, scratch, wait_for

HERE = ROOT + "/tests/e2e/foreign"
MODULES = ROOT + "/build/foreign/node_modules"
MOCK = MODULES + "/@copilotkit/aimock/dist/cli.js"
GATEWAY = MODULES + "/@portkey-ai/gateway/build/start-server.js"
KEY = "sk-foreign-0123456789"
PER_TARGET = 100 if os.environ.get("RT_FULL") else 12
FAULTS = {"drop": "dropRate", "malformed": "malformedRate", "rateLimit": "rateLimitRate",
          "disconnect": "disconnectRate"}

if not shutil.which("node"):
    print("node is not installed")
    sys.exit(77)
if not (os.path.exists(MOCK) and os.path.exists(GATEWAY)):
    print("the servers are not installed; `make foreign` does that")
    sys.exit(77)

# ---- the servers -------------------------------------------------------------------------

WORDS = {"content": "one two three four five six seven eight nine ten"}


def error(status, kind, code=None, **more):
    return {"error": {"message": "no", "type": kind, "code": code}, "status": status, **more}


# model: what the mock does
FIXTURES = {
    "sound": {"response": WORDS},
    "e500": {"response": error(500, "server_error")},
    "e503": {"response": error(503, "server_error")},
    "e429": {"response": error(429, "rate_limit_error", retryAfter=2)},
    "quota": {"response": error(429, "insufficient_quota", "insufficient_quota")},
    "unknown": {"response": error(404, "invalid_request_error", "model_not_found")},
    "malformed": {"response": WORDS, "chaos": {"malformedRate": 1}},
    "disconnect": {"response": WORDS, "chaos": {"disconnectRate": 1}},
    "late": {"response": WORDS, "chaos": {"latencyMs": 400}},
    "too-late": {"response": WORDS, "chaos": {"latencyMs": 1500}},
    "cut": {"response": WORDS, "chunkSize": 4, "latency": 40, "truncateAfterChunks": 4},
    "stuck": {"response": WORDS, "chunkSize": 4, "streamingProfile": {"ttft": 20, "tps": 0.4}},
    "slow-first": {"response": WORDS, "chunkSize": 9, "streamingProfile": {"ttft": 300, "tps": 200}},
}


def start_server(name, *command, **env):
    path = f"{scratch}/{name}.log"
    log = open(path, "w")
    child = subprocess.Popen(["node", "--import", HERE + "/loopback.mjs", *command], stdout=log,
                             stderr=log, stdin=subprocess.DEVNULL, env=dict(os.environ, **env))
    child.log_path = path
    children.append(child)

    def port():
        check(child.poll() is None, name, "ended with", child.returncode)
        with open(path, errors="replace") as f:
            found = re.search(r"listening on port (\d+)", f.read())
        return found and f"http://127.0.0.1:{found[1]}"
    return wait_for("the port of " + name, port, 30)


with open(f"{scratch}/fixtures.json", "w") as f:
    json.dump({"fixtures": [{"match": {"model": m, **x.pop("match", {})}, **x} for m, x in (
        # Twice in a row: no, then yes.  Before the others, as the first match decides.
        ("second", {"match": {"sequenceIndex": 0}, "response": error(503, "server_error")}),
        ("second", {"response": WORDS}), *FIXTURES.items())]}, f)
mock = start_server("aimock", MOCK, "-f", f"{scratch}/fixtures.json", "--journal-max", "0",
                    AIMOCK_API_KEYS=KEY)
gateway = start_server("gateway", GATEWAY, "--headless", TRUSTED_CUSTOM_HOSTS="127.0.0.1")


def control(method, path, body=None):
    request = urllib.request.Request(f"{mock}/__aimock{path}", method=method,
                                     data=None if body is None else json.dumps(body).encode())
    request.add_header("Authorization", "Bearer " + KEY)
    request.add_header("Content-Type", "application/json")
    with urllib.request.urlopen(request, timeout=10 * SLOW) as answer:
        return json.loads(answer.read() or b"null")


# ---- the targets -------------------------------------------------------------------------

KINDS = [("chat", "no"), ("chat", "yes"), ("responses", "no"), ("responses", "yes")]
THROUGH = f"header = x-portkey-provider: openai\nheader = x-portkey-custom-host: {mock}/v1\n"
RETRY = 'header = x-portkey-config: {"retry":{"attempts":2,"on_status_codes":[503]}}'


def section(name, model, kind, is_through, *settings):
    return "\n".join((f"[canary {name}]", f"base_url = {gateway if is_through else mock}",
                      f"model = {model}", f"surface = {kind[0]}", f"stream = {kind[1]}",
                      *(() if any(s.startswith("key") for s in settings) else ("key_env = FOREIGN_KEY",)),
                      "interval = 1s", "max_per_minute = 120", "max_tokens_per_day = 100000000",
                      f"max_per_run = {PER_TARGET}", *settings, THROUGH if is_through else "", ""))


def canary(text, *args):
    with open(f"{scratch}/foreign.conf", "w") as f:
        f.write(text)
    code, out, err = run("canary", "--config", f"{scratch}/foreign.conf", "--json", *args,
                         env=dict(os.environ, FOREIGN_KEY=KEY))
    check(KEY not in out + err, "the key is in what is printed")
    rows = [json.loads(line) for line in out.splitlines()]
    return code, rows, err


# ---- one by one --------------------------------------------------------------------------

OK, SERVER, RATE = ("none", None), ("server_error", "http_error"), ("rate_limited", "http_error")
CUT, CLOSED = ("stream_interrupted", None), ("connection", "connection_closed")
MALFORMED = ("schema", "parse_error")
HEADERS, IDLE = ("timeout", "timeout_headers"), ("timeout", "timeout_idle")
# model, what is wanted plain and streamed, and of the same through the gateway (which makes
# a 500 of what it cannot read itself), settings
CASES = [
    ("sound", OK, OK, OK, OK),
    ("e500", SERVER, SERVER, SERVER, SERVER),
    ("e429", RATE, RATE, RATE, RATE),
    ("quota", ("quota", "quota"), ("quota", "quota"), ("quota", "quota"), ("quota", "quota")),
    ("unknown", *[("caller_error", None)] * 4),
    ("malformed", MALFORMED, MALFORMED, SERVER, MALFORMED),
    ("disconnect", CLOSED, CLOSED, SERVER, SERVER),
    ("cut", OK, CUT, OK, CUT),
    ("late", OK, OK, OK, OK),
    ("too-late", HEADERS, HEADERS, HEADERS, HEADERS, "headers_timeout = 500ms"),
    ("stuck", OK, IDLE, OK, IDLE, "idle_timeout = 500ms"),
    ("slow-first", OK, OK, OK, OK),
    ("second", *[None] * 2, OK, OK, RETRY),
    ("e503", *[None] * 2, SERVER, SERVER, RETRY),
    ("sound", *[("auth", "http_error")] * 2, None, None, "key = none"),
]
sections, wanted = [], {}
for at, (model, *rest) in enumerate(CASES):
    for kind in KINDS:
        for is_through in (0, 1):
            want = rest[2 * is_through + (kind[1] == "yes")]
            if not want:
                continue
            # The sequence of "second" is counted by surface, so each surface has one go.
            if model == "second" and kind != KINDS[at % 2]:
                continue
            name = f"{at}.{model}.{'.'.join(kind)}.{is_through}"
            wanted[name] = want
            sections.append(section(name, model, kind, is_through, *rest[4:]))
seen = 0
for first in range(0, len(sections), 32):
    code, rows, err = canary("".join(sections[first:first + 32]), "--once", "--intake", "off")
    for r in rows:
        name, event = r["target"], r["event"]
        model, stream = name.split(".")[1], name.split(".")[3] == "yes"
        want_class, want_type = wanted[name]
        seen += 1
        check(r["error_class"] == want_class, name, "is", r["error_class"], r)
        check(want_type in (None, event.get("error_type")), name, r)
        check(r["verdict"] == ("ok" if want_class == "none" else "failed"), name, r)
        if model == "e429":
            check(event["retry_after_ms"] == 2000, name, r)
        if model == "late":
            check(event["elapsed_ms"] >= 400 and r["phases_ms"]["headers"] >= 400, name, r)
        if model == "slow-first" and stream:
            check(event["ttft_ms"] >= 300, name, r)
        if model == "second":
            check(event["upstream_attempts"] == 2, name, r)
        if model == "sound" and want_class == "none":
            check(event["usage_seen"] and event["finish_reason_seen"], name, r)
check(seen == len(wanted), "probes", seen, "of", len(wanted))

# ---- in shares ---------------------------------------------------------------------------

# What the mock says it did against what the canary and the collector say they saw.
SEEN_AS = {"drop": "server_error", "malformed": "schema", "rateLimit": "rate_limited",
           "disconnect": "connection", None: "none"}
SEEN_THROUGH = dict(SEEN_AS, disconnect="server_error")
rates = {"dropRate": 0.1, "malformedRate": 0.1, "rateLimitRate": 0.1, "disconnectRate": 0.1}
report_lines = []
for is_through in (0, 1):
    control("POST", "/reset/journal")
    control("POST", "/chaos", rates)
    collector = Collector()
    text = "".join(section(f"{'.'.join(kind)}.{i}", "sound", kind, is_through, "service = s" + "".join(kind))
                   for kind in KINDS for i in range(6))
    code, rows, err = canary(text, "--intake", collector.intake)
    control("DELETE", "/chaos")
    rows = [r for r in rows if "event" in r]
    journal = control("GET", "/journal")
    entries = journal if isinstance(journal, list) else journal["entries"]
    injected, saw = collections.Counter(), collections.Counter()
    for e in entries:
        if e["method"] != "POST" or not e["path"].startswith("/v1/"):
            continue
        stream = bool(e["body"].get("stream"))
        fault = e["response"].get("chaosAction")
        # A gateway cannot read the one, and hands on the other.
        as_class = (SEEN_THROUGH if is_through else SEEN_AS)[fault]
        if is_through and fault == "malformed" and not stream:
            as_class = "server_error"
        injected["chat" if "chat" in e["path"] else "responses", stream, as_class] += 1
    for r in rows:
        surface, stream, _ = r["target"].split(".")
        saw[surface, stream == "yes", r["error_class"]] += 1
    check(len(rows) == 24 * PER_TARGET, "probes", len(rows), err)
    check(injected == saw, "injected", injected, "seen", saw)
    check(len({k[2] for k in saw}) == (4 if is_through else 5), "not every fault was met", saw)
    total = sum(saw.values())
    share = collections.Counter()
    for (_, _, as_class), n in saw.items():
        share[as_class] += n
    report = wait_for("all events in the report", lambda: (lambda d: d["intake"]["synthetic"] == total and d)(
        collector.report()), 20)
    told = collections.defaultdict(lambda: (0, 0))
    for c in report["canaries"]:
        before = told[c["name"], c["route"]]
        told[c["name"], c["route"]] = (before[0] + c["attempts"], before[1] + c["ok"])
    for (surface, stream) in KINDS:
        mine = {k: n for k, n in saw.items() if k[:2] == (surface, stream == "yes")}
        route = "/v1/chat/completions" if surface == "chat" else "/v1/responses"
        check(told[f"s{surface}{stream}", route] ==
              (sum(mine.values()), mine.get((surface, stream == "yes", "none"), 0)), surface, stream, told, mine)
    collector.stop()
    report_lines.append(("through the gateway " if is_through else "direct ") + ", ".join(
        f"{c} {n} ({100 * n / total:.1f}%)" for c, n in share.most_common()))
print(f"ok: {seen} cases; of {total} probes each, all as injected: " + "; ".join(report_lines))
