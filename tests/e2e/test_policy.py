#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The configured retry policy decides which rules fire: replayed, live, and on SIGHUP."""
import json
import signal

from harness import Collector, check, publisher, record, run, scratch, wait_for


def write(name, text):
    path = f"{scratch}/{name}"
    with open(path, "w") as f:
        f.write(text)
    return path


def operation(name, service, tries=3, model="a", **last):
    """Failed tries with growing waits, then a fallback on what failed."""
    for i in range(1, tries + 1):
        is_last = i == tries
        yield record(
            ts=f"2026-06-13T09:00:{i * 10:02}Z", operation_id=name, attempt=i,
            service=service, tenant="acme", model_requested=model, elapsed_ms=10,
            http_response_status_code=503,
            decision="fallback_secondary" if is_last else "retry_same",
            decision_reason="http_503", backoff_ms=1000 * i,
            **({"fallback_target": "b", **last} if is_last else {}))
    yield record(ts="2026-06-13T09:00:50Z", operation_id=name, attempt=tries + 1,
                 service=service, tenant="acme", model_requested="b")


log = "\n".join([*operation("op-1", "checkout"), *operation("op-2", "search")]) + "\n"
path = write("log.jsonl", log)


def fired(*args):
    code, out, err = run("replay", "--report", "json", *args, path)
    check(code == 0, "replay", code, err)
    return {v["rule"]: (v["count"], {e["service"] for e in v["examples"]})
            for v in json.loads(out)["violations"]}


check(fired() == {}, "by default", fired())
strict = write("strict.conf", """
[policy checkout]
max_attempts = 2
[policy search]
fallback_classes = timeout
[tenant acme]
fallbacks_per_minute = 1
""")
got = fired("--config", strict)
check(got["attempts-over-cap"] == (1, {"checkout"}), got)
check(got["fallback-not-allowed"] == (1, {"search"}), got)
check(len(got) == 3 and any("tenant" in rule for rule in got), got)
# What one service may do, the others may not.
for_all = write("all.conf", "[policy]\nmax_attempts = 2\n[policy search]\nmax_attempts = 9\n")
got = fired("--config", for_all)
check(got == {"attempts-over-cap": (1, {"checkout"})}, got)

# What is not called retryable is a violation, what is, is none; of a tenant as well.
classes = write("classes.conf", "[policy search]\nretryable_classes = timeout, auth\n")
got = fired("--config", classes)
check(got == {"retry-not-allowed": (1, {"search"})}, got)
got = fired("--config", write("acme.conf", """
[policy search]
retryable_classes = timeout, auth
[tenant acme]
retryable_classes = server_error
"""))
check(got == {}, got)


# Tries come 10 s apart.  Where 5 s of silence make an orphan, the second try is late, the
# third begins the operation anew (it was forgotten), and the answer after 20 s is late.
by_time = write("by-time.jsonl", "".join(
    line + "\n" for line in sorted(log.splitlines(), key=lambda l: json.loads(l)["ts"])))


def orphans(*args):
    code, out, err = run("replay", "--report", "json", *args, by_time)
    check(code == 0, "replay", code, err)
    return json.loads(out)["operations"]["by_fate"].get("orphaned", 0)


check(orphans() == 0, "by default")
short = write("short.conf", "[policy search]\noperation_timeout = 5s\n")
check(orphans("--config", short) == 2, "one service", orphans("--config", short))
check(orphans("--config", short, "--operation-timeout", "5") == 4, "both")
long_ = write("long.conf", "[collector]\noperation_timeout = 5s\n"
              "[policy search]\noperation_timeout = 60s\n[tenant acme]\n")
check(orphans("--config", long_) == 2, "the other service")
with open(long_, "a") as f:
    f.write("operation_timeout = 61s\n")
check(orphans("--config", long_) == 0, "the tenant of both")

code, out, err = run("check-config", "--config", strict)
check(code == 0 and "[policy checkout]\nmax_attempts = 2 ; line 3" in out, out, err)
for text, where, what in (
        ("[policy]\nfallback_classes = sometimes\n", ":2:", "not 'sometimes'"),
        ("[policy]\n\nmax_attempts = 0\n", ":3:", "from 1 to 1000"),
        ("[policy s]\nretryable_classes = 503\n", ":2:", "not '503'"),
        ("[policy]\noperation_timeout = 60s\n", ":2:", "stands in [collector]"),
        ("[tenant t]\noperation_timeout = 60\noperation_timeout = 2m\n", ":3:", "line 2"),
        ("".join(f"[policy s{i}]\n" for i in range(65)), ":65:", "64 sections")):
    bad = write("bad.conf", text)
    code, _, err = run("replay", "--config", bad, "--report", "text", path)
    check(code == 78 and bad + where in err and what in err, code, err)

# Live, before and after SIGHUP.
conf = write("live.conf", "")
collector = Collector("--config", conf)
events = publisher(collector.events)
events.send_string(log.replace("op-", "before-"))
wait_for("8 records", lambda: collector.accepted() == 8)
check(not collector.report()["violations"], collector.report()["violations"])
write("live.conf", "[policy checkout]\nmax_attempts = 2\n")
collector.signal(signal.SIGHUP)
wait_for("the reload", lambda: "reloaded" in collector.log())
events.send_string(log.replace("op-", "after-"))
wait_for("16 records", lambda: collector.accepted() == 16)
got = [(v["rule"], v["count"]) for v in collector.report()["violations"]]
check(got == [("attempts-over-cap", 1)], got)

# Operations of checkout fall silent after a second, those of others do not.
write("live.conf", "[policy checkout]\noperation_timeout = 1s\n")
collector.signal(signal.SIGHUP)
wait_for("the second reload", lambda: collector.log().count("reloaded") == 2)
for service in ("checkout", "search"):
    events.send_string(record(operation_id=f"silent-{service}", service=service,
                              http_response_status_code=503, decision="retry_same",
                              decision_reason="http_503", backoff_ms=10))
wait_for("silence", lambda: "missing-terminal-record" in
         [v["rule"] for v in collector.report()["violations"]])
got = {v["rule"]: [e["operation_id"] for e in v["examples"]]
       for v in collector.report()["violations"]}
check(got["missing-terminal-record"] == ["silent-checkout"], got)
events.close()
collector.stop()
print("policies replayed, refused, live and reloaded")
