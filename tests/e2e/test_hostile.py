#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Nothing that is sent stops the collector, goes uncounted, or reaches a terminal."""
import json
import random
import re
import signal
import socket as sockets
import subprocess

import zmq

from harness import Collector, check, publisher, record, run, start, wait_for

random.seed(7)
UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u202a-\u202e"
                    "\u2066-\u2069\ufeff]")
NASTY = "\x1b[2J\x1b]0;owned\x07\x9b31m\u202e\u200b\r"

c = Collector("--query", "tcp://127.0.0.1:*")
log = c.log()
c.query = log.split("query ")[1].split(";")[0]
socket = publisher(c.events)
accepted = 0


def rejected():
    return c.report()["intake"]["rejected"]


for _ in range(200):
    noise = bytes(random.choice(range(11, 256)) for _ in range(random.randint(1, 400)))
    socket.send(b"#" + noise)
wait_for("random bytes", lambda: rejected().get("not_json") == 200)

good = record().encode()
socket.send(good[:len(good) // 2])
socket.send(b'{"a":' * 50 + b"1" + b"}" * 50)
socket.send(b'{"schema":"llm-attempt/v9","operation_id":"x"}')
socket.send(b'{"hello":"world"}')
socket.send(b'{"schema":"llm-attempt/v1","operation_id":"x"}')
socket.send(record(attempt="one").encode())
socket.send(record(attempt=0).encode())
socket.send(record(service="x" * 9000).encode())
socket.send(b"x" * (300 << 10))
socket.send(b"y" * (10 << 20))
want = {"not_json": 201, "too_deep": 1, "unknown_schema": 1, "unknown_shape": 1,
        "missing_field": 1, "bad_type": 1, "out_of_range": 1, "too_large": 3}
wait_for("each refusal by its reason", lambda: {
    k: v for k, v in rejected().items() if v} == want)

socket.send_multipart([good, good])
wait_for("a multipart message", lambda: rejected()["not_json"] == 202)

# Beyond the backstop the peer is thrown out; it may come back.
peer = publisher(c.events)
monitor = peer.get_monitor_socket(zmq.EVENT_DISCONNECTED)
peer.send(b"z" * (17 << 20))
check(monitor.poll(10000), "the peer was not thrown out")


def is_back():
    # Numbered, so that only the first to arrive counts.
    peer.send_string(record(emitter="back", seq=1))
    return c.accepted() == accepted + 1


wait_for("the peer to return", is_back)
accepted += 1
peer.disable_monitor()
peer.close(linger=0)

# Raw bytes and questions that are none.
with sockets.create_connection(("127.0.0.1", int(c.query.rsplit(":", 1)[1]))) as raw:
    raw.sendall(bytes(random.randrange(256) for _ in range(4096)))
dealer = zmq.Context.instance().socket(zmq.DEALER)
dealer.connect(c.query)
dealer.send(b"alone")
dealer.send_multipart([b"1", b"2", b"3", b"4"])
for question in (b"", b"{", b"[]", b'{"window_s":7}', b"{" * 4000, bytes(range(256))):
    dealer.send_multipart([b"\x00" * 8, question])
    check(dealer.poll(5000), "no answer to", question)
    head, answer = dealer.recv_multipart()
    check(head == b"\x00" * 8, "the number is not repeated")
    parsed = json.loads(answer)
    check("error" in parsed or parsed["schema"] == "retrytop-report/v1", answer)
dealer.close(linger=0)

# Acknowledged intake that is none.
dealer = zmq.Context.instance().socket(zmq.DEALER)
dealer.connect(c.intake)
header = {"version": 1, "emitter": "e", "epoch": 1, "first_seq": 1, "count": 0,
          "offered": 1, "dropped": 0}
before = sum(rejected().values())
dealer.send(b"alone")
dealer.send_multipart([b"no header", good])
dealer.send_multipart([json.dumps(header).encode(), b""])
check(dealer.poll(5000), "HELLO is not answered")
check(json.loads(dealer.recv())["acked"] == 0, "HELLO")
dealer.send_multipart([json.dumps(dict(header, count=2)).encode(), good])
dealer.send_multipart([json.dumps(dict(header, count=1)).encode(), good])
check(dealer.poll(5000), "a batch is not answered")
check(json.loads(dealer.recv())["acked"] == 1, "a batch")
accepted += 1
wait_for("three messages refused", lambda: sum(rejected().values()) == before + 3)
dealer.close(linger=0)

# Escapes in every field.
fields = {k: NASTY + k for k in (
    "service", "service_version", "environment", "tenant", "provider",
    "http_request_method", "http_route", "error_type", "decision", "decision_reason",
    "fallback_target", "model_requested", "model_returned", "response_object_type",
    "final_outcome", "upstream_request_id", "parent_operation_id", "emitter")}
nasty = record(operation_id=NASTY + "op", **fields)
socket.send(nasty.encode())
socket.send(json.dumps(json.loads(nasty), ensure_ascii=False).replace(
    "\x1b", "\\u001b").replace("\x07", "\\u0007").replace("\r", "\\r").encode())
socket.send(nasty.replace('"attempt": 1', '"attempt": "' + "\x1b[31m" + '"').encode())
accepted += 2
wait_for("the escapes", lambda: c.accepted() == accepted)
wait_for("the broken one",
         lambda: sum(rejected().values()) == before + 4)

for args in (("report", "--format", "text"), ("report", "--format", "json")):
    code, out, err = run(args[0], "-c", c.query, *args[1:])
    check(code == 0, args, err)
    check(not UNSAFE.search(out), args, "drives the terminal", repr(out))
for args in ((), ("--json",)):
    tail = start("tail", "-c", c.query, "--all", *args, stdout=subprocess.PIPE)
    lines = []
    while len(lines) < accepted + (not args):
        lines.append(tail.stdout.readline().decode(errors="surrogateescape"))
    tail.send_signal(signal.SIGTERM)
    rest, _ = tail.communicate(timeout=10)
    check(tail.returncode == 0, "tail ended with", tail.returncode)
    check(not rest, "tail says more than was accepted", rest)
    for line in lines:
        check(not UNSAFE.search(line), "tail drives the terminal", repr(line))
        check(not args or json.loads(line)["operation_id"], "not canonical", line)
    if not args:
        check("200" in lines[1] and "none" in lines[1], "columns", lines[:2])

# A reader that goes away ends tail.
tail = start("tail", "-c", c.query, stdout=subprocess.PIPE)
check(tail.stdout.readline(), "no header")
tail.stdout.close()
check(tail.wait(10) == 0, "tail outlives its reader:", tail.returncode)

c.stop()
check(not UNSAFE.search(c.log()), "the log drives the terminal", repr(c.log()))
print(f"{sum(want.values()) + 5} refused, {accepted} accepted, all counted")
