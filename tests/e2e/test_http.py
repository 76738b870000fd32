#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""/metrics and /healthz: what they say, and that no client of them holds up intake."""
import http.client
import json
import os
import re
import signal
import socket as sockets
import subprocess
import threading
import time

import zmq

from harness import (IS_ASAN, ROOT, SLOW, Collector, check, publisher, record, run, scratch,
                     start, wait_for)

KEY = "sk-planted0123456789abcdefghij"
NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = r'[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*"'
SAMPLE = re.compile(rf"({NAME})(?:\{{({LABEL}(?:,{LABEL})*)\}})? (-?[0-9.e+-]+)")
SUFFIX = {"counter": "_total", "gauge": "", "info": "_info"}


class Served(Collector):
    def __init__(self, *args):
        super().__init__("--http", "tcp://127.0.0.1:*", *args)
        self.address = re.search(r"http://(127\.0\.0\.1:\d+)/metrics", self.log()).group(1)

    def ask(self, path, method="GET", body=None):
        c = http.client.HTTPConnection(self.address, timeout=30 * SLOW)
        c.request(method, path, body)
        answer = c.getresponse()
        answer.body = answer.read().decode()
        c.close()
        return answer

    def metrics(self):
        answer = self.ask("/metrics")
        check(answer.status == 200, "/metrics is", answer.status)
        return parse(answer.body)

    def health(self):
        answer = self.ask("/healthz")
        return answer.status, json.loads(answer.body)

    def connect(self):
        host, port = self.address.split(":")
        return sockets.create_connection((host, int(port)))


def parse(page):
    """{(name, labels): value}; refuses what OpenMetrics does."""
    lines = page.split("\n")
    check(lines[-2:] == ["# EOF", ""], "the end is", lines[-2:])
    samples, seen, family = {}, set(), None
    for line in lines[:-2]:
        if line.startswith("# TYPE "):
            _, _, family, kind = line.split(" ")
            check(family not in seen, family, "comes twice")
            seen.add(family)
        elif line.startswith("# HELP "):
            check(line.split(" ")[2] == family and len(line.split(" ")) > 3, line)
        else:
            m = SAMPLE.fullmatch(line)
            check(m, "not a sample:", repr(line))
            check(m.group(1) == family + SUFFIX[kind], line, "in", family)
            labels = tuple(sorted(re.findall(LABEL, m.group(2) or "")))
            check((m.group(1), labels) not in samples, line, "comes twice")
            samples[m.group(1), labels] = float(m.group(3))
    return samples


def unescape(label):
    value = label.split("=", 1)[1][1:-1]
    return re.sub(r"\\(.)", lambda m: {"n": "\n"}.get(m.group(1), m.group(1)), value)


def both_pages_and_nothing_else():
    c = Served()
    for method in ("GET", "HEAD"):
        answer = c.ask("/metrics", method)
        check(answer.status == 200 and answer.getheader("Content-Type") ==
              "application/openmetrics-text; version=1.0.0; charset=utf-8", method)
        check(bool(answer.body) == (method == "GET"), method, answer.body)
    status, health = c.health()
    check(status == 200 and health["status"] == "ok" and health["unexplained"] == 0 and
          health["last_event_age_ms"] is None and "journal" not in health, health)
    for path in ("/", "/metrics/", "/v1/traces", "/../etc/passwd"):
        check(c.ask(path).status == 404, path)
    for method in ("POST", "DELETE", "OPTIONS"):
        check(c.ask("/metrics", method, "x" * 100000).status == 405, method)
    c.stop()


def the_numbers_are_those_of_the_report():
    c = Served()
    socket = publisher(c.events)
    names = ['a"b', "a\\", 'x"} 9', "line\nbreak", "\x1b[2J", "plain"]
    for i, name in enumerate(names):
        socket.send_string(record(operation_id=f"h{i}", service=name))
    for i in range(40):
        socket.send_string(record(operation_id=f"o{i}", service="s", attempt=1, elapsed_ms=10,
                                  http_response_status_code=503, decision="retry_same",
                                  backoff_ms=5))
        socket.send_string(record(operation_id=f"o{i}", service="s", attempt=2))
    socket.send_string(record(operation_id="key", provider=KEY, api_key=KEY))
    socket.send_string("{")
    wait_for("the records", lambda: c.accepted() == 87)
    wait_for("a page that holds them",
             lambda: c.metrics()["retrytop_records_accepted_total", ()] == 87)
    m, report = c.metrics(), c.report()
    for name, want in (
            ("attempts", report["attempts"]["total"]),
            ("errors", report["rates"]["error"]["numerator"]),
            ("retries", report["attempts"]["retries"]),
            ("operations_rescued", report["rates"]["rescued"]["numerator"]),
            ("spent_milliseconds", report["rates"]["waste"]["denominator"])):
        check(abs(m[f"retrytop_{name}_total", ()] - want) < 1e-6, name, want)
    check(m["retrytop_records_rejected_total", ('reason="not_json"',)] == 1, "rejected")
    check(m["retrytop_attempts_by_status_total", ('status="503"',)] == 40, "503")
    series = {labels: v for (name, labels), v in m.items()
              if name == "retrytop_series_attempts_total"}
    check(sum(series.values()) == report["attempts"]["total"], "the series add up", series)
    got = {unescape(l) for labels in series for l in labels if l.startswith("service=")}
    want = {row["labels"]["service"] for row in report["series"]}
    check(got == want, got, "but the report has", want)
    page = c.ask("/metrics").body + c.ask("/healthz").body
    check(KEY not in page, "the planted key is on a page")
    check(not re.search("[\x00-\x09\x0b-\x1f\x7f]", page), "control characters")
    socket.close()
    c.stop()


def pages_are_made_once_a_second_at_most():
    c = Served()
    began = time.monotonic()
    stamps = {c.metrics()["retrytop_uptime_seconds", ()] for _ in range(150)}
    seconds = time.monotonic() - began
    check(len(stamps) <= seconds + 2, len(stamps), "pages in", seconds)
    first = c.metrics()["retrytop_uptime_seconds", ()]
    wait_for("a page of its own", lambda:
             c.metrics()["retrytop_uptime_seconds", ()] > first)
    c.stop()


def unexplained_loss_is_degraded():
    c = Served("--journal", f"{scratch}/healthy")
    check(c.health()[1]["journal"] == {"state": "ok", "not_journalled": 0}, c.health())
    dealer = zmq.Context.instance().socket(zmq.DEALER)
    dealer.connect(c.intake)
    head = {"version": 1, "emitter": "e", "epoch": 1, "first_seq": 1, "count": 0,
            "offered": 1, "dropped": 0}

    def say(body, **fields):
        dealer.send_multipart([json.dumps(dict(head, **fields)).encode(), body])
        check(dealer.poll(5000 * SLOW), "no answer")
        return json.loads(dealer.recv())["acked"]

    say(b"")
    check(say(record().encode(), count=1) == 1, "a record")
    check(c.health()[0] == 200, c.health())
    # It was told that 2..9 are in, and nobody here has seen them.
    say(b"", first_seq=10, offered=9)
    status, health = wait_for("degraded", lambda: c.health() if c.health()[0] != 200 else None)
    check(status == 503 and health["status"] == "degraded" and health["unexplained"] == 8,
          status, health)
    m = wait_for("the same on the other page", lambda: c.metrics())
    check(m["retrytop_degraded", ()] == 1 and m["retrytop_unexplained_total", ()] == 8 and
          m["retrytop_journal_up", ()] == 1, "metrics")
    dealer.close(linger=0)
    c.stop()


def a_port_that_others_took_is_degraded():
    c = Served()
    check(c.health()[0] == 200 and c.health()[1]["lost_ports"] == 0, c.health())
    os.unlink(c.intake[len("ipc://"):])
    status, health = wait_for("degraded", lambda: c.health() if c.health()[0] != 200 else None)
    check(status == 503 and health["lost_ports"] == 1, status, health)
    wait_for("the same on the other page", lambda: c.metrics()["retrytop_lost_ports", ()] == 1)
    c.stop()


def slow_clients_hold_up_nobody():
    count = 5000 if IS_ASAN else 50000
    c = Served()
    slow, stop = [], threading.Event()

    def drip():
        while not stop.wait(0.05):
            for s in list(slow):
                try:
                    s.send(b"a")
                except OSError:
                    slow.remove(s)

    for i in range(80):
        s = c.connect()
        if i % 4 == 0:
            pass  # says nothing
        elif i % 4 == 1:
            s.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n")  # asks, and never ends
        elif i % 4 == 2:
            s.sendall(b"POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n")
        else:
            s.sendall(b"GET " + b"/" * 300)
        s.setblocking(False)
        slow.append(s)
    thread = threading.Thread(target=drip, daemon=True)
    thread.start()
    emit = start("emit", "--intake", c.intake, "--timeout", "60", stdin=subprocess.PIPE)
    began = time.monotonic()
    emit.stdin.write("".join(record(operation_id=f"op-{i}") + "\n"
                             for i in range(count)).encode())
    emit.stdin.close()
    check(emit.wait(60 * SLOW) == 0, "emit ended with", emit.returncode)
    took = time.monotonic() - began
    report = c.report()
    check(report["intake"]["accepted"] == count, report["intake"])
    check(len(slow) > 40, "too few slow clients were left to test with", len(slow))
    # All places are theirs until their time is up; then an honest client has its turn.
    check(c.health()[0] == 200, "no health after slow clients")
    check(time.monotonic() - began < 45 * SLOW, "health took too long")
    stop.set()
    thread.join()
    c.stop()
    cut_off = int(re.search(r"(\d+) connections cut off", c.log()).group(1))
    check(cut_off >= 16, "cut off", cut_off)
    return f"{count} records in {took:.1f} s beside 80 slow clients, {cut_off} cut off"


def it_ends_with_clients_connected():
    c = Served()
    idle = [c.connect() for _ in range(3)]
    c.signal(signal.SIGTERM)
    check(c.child.wait(10 * SLOW) == 0, "ended with", c.child.returncode)
    for s in idle:
        s.close()


def addresses_are_held_to_the_rules():
    rest = ("--events", "off", "--intake", "off", "--query", "off")
    with sockets.socket() as s:
        s.bind(("127.0.0.1", 0))
        s.listen()
        taken = f"127.0.0.1:{s.getsockname()[1]}"
        for where, code, words in ((taken, 74, "in use"), ("0.0.0.0:1", 64, "--insecure"),
                                   ("example.org:1", 64, "ADDRESS:PORT"),
                                   ("ipc:///tmp/x", 64, "ADDRESS:PORT")):
            got, out, err = run("collect", *rest, "--http", where)
            check(got == code and "--http" in err and words in err, where, got, err)
    # Nobody named the default, and somebody has it: no reason not to start.
    with sockets.socket() as s:
        try:
            s.bind(("127.0.0.1", 7783))
            s.listen()
        except OSError:
            pass  # somebody does have it
        c = Collector()
        c.stop()
        at = c.args.index("--http")
        del c.args[at:at + 2]
        c.start()
        wait_for("the reason", lambda: "no /metrics" in c.log())
        c.stop()


def the_alert_rules_name_what_is_there():
    c = Served("--journal", f"{scratch}/rules")
    socket = publisher(c.events)
    socket.send_string(record(synthetic=True, service="canary"))
    socket.send_string(record())
    socket.send_string(record(operation_id="auth", http_response_status_code=401,
                              error_type="authentication_error", decision="retry_same"))
    wait_for("the records", lambda: c.accepted() == 3)
    names = wait_for("a page with them and an alert", lambda: (
        lambda m: m if {"retrytop_last_event_age_seconds", "retrytop_alert_firing"} <= m
        else None)({n for n, _ in c.metrics()}))
    with open(ROOT + "/contrib/prometheus/rules.yml") as f:
        used = set(re.findall(r"\bretrytop_[a-z_]+", f.read()))
    check(len(used) > 5 and used <= names, "not on the page:", used - names)
    socket.close()
    c.stop()


for case in (both_pages_and_nothing_else, the_numbers_are_those_of_the_report,
             pages_are_made_once_a_second_at_most, unexplained_loss_is_degraded,
             a_port_that_others_took_is_degraded,
             slow_clients_hold_up_nobody, it_ends_with_clients_connected,
             addresses_are_held_to_the_rules, the_alert_rules_name_what_is_there):
    print("ok", case.__name__, case() or "", flush=True)
