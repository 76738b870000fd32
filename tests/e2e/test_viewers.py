#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Viewers that ask and never read cost the collector nothing that grows; one that reads
gets every answer, however fast it asks."""
import json

import zmq

from harness import Collector, check, publisher, record, wait_for

VIEWERS, QUESTIONS, SERIES = 50, 200, 300
CONTEXT = zmq.Context.instance()

c = Collector()
socket = publisher(c.events)
for i in range(SERIES):
    socket.send_string(record(operation_id=f"op-{i}", service=f"s-{i}"))
wait_for("the series", lambda: c.accepted() == SERIES)
one_answer_kib = len(json.dumps(c.report())) / 1024

eager = CONTEXT.socket(zmq.DEALER)
eager.connect(c.query)
for n in range(2000):
    eager.send_multipart([n.to_bytes(8, "big"), b'{"no_series":true}'])
    check(eager.poll(10000), "no answer to question", n)
    check(int.from_bytes(eager.recv_multipart()[0], "big") == n, "not its answer", n)
eager.close()

viewers = []
for _ in range(VIEWERS):
    viewer = CONTEXT.socket(zmq.DEALER)
    viewer.setsockopt(zmq.RCVHWM, 1)
    viewer.setsockopt(zmq.RCVBUF, 4096)
    viewer.setsockopt(zmq.SNDHWM, 0)
    viewer.connect(c.query)
    viewers.append(viewer)
before = c.rss_kib()
for viewer in viewers:
    for n in range(QUESTIONS):
        viewer.send_multipart([n.to_bytes(8, "big"), b"{}"])

# Whoever publishes and whoever reads is served all the while.
for i in range(50):
    socket.send_string(record(operation_id=f"more-{i}"))
wait_for("events between the questions", lambda: c.accepted() == SERIES + 50, 20)
wait_for("the questions to be worked off", lambda: c.report()["intake"]["accepted"] and
         c.rss_kib(), 20)
grown_kib = c.rss_kib() - before
asked_kib = VIEWERS * QUESTIONS * one_answer_kib
# Four answers wait for each, one or two are on their way.
allowed_kib = VIEWERS * 6 * one_answer_kib + 8192
check(grown_kib < allowed_kib < asked_kib / 10,
      f"grew by {grown_kib} KiB, {allowed_kib:.0f} allowed, {asked_kib:.0f} asked for")
for viewer in viewers:
    viewer.close(linger=0)
socket.close()
c.stop()
print(f"{VIEWERS} viewers left {asked_kib / 1024:.0f} MiB of answers unread; "
      f"the collector grew by {grown_kib} KiB")
