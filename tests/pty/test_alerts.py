#!/usr/bin/python3
"""Alerts on the screen, by keys: 0 shows them, a acknowledges, Enter goes where they point
and [ comes back, b rings once for a new one."""
import json
import os
import pty
import shutil
import subprocess
import sys
import tempfile
import time

from test_lifecycle import PATIENCE_S, PROGRAM, Session

CONF = """[alerts]
error = 20%
final_failure = off
timeout = off
fallback = off
amplification = off
violations = off
"""


class Collector:
    def __init__(self, folder):
        self.query, self.intake = f"ipc://{folder}/query", f"ipc://{folder}/intake"
        self.number = 0
        with open(f"{folder}/alerts.conf", "w", encoding="utf-8") as f:
            f.write(CONF)
        ready, theirs = os.pipe()
        with open(f"{folder}/log", "wb") as log:
            self.child = subprocess.Popen(
                [PROGRAM, "collect", "--http", "off", "--events", "off", "--intake", self.intake,
                 "--query", self.query, "--config", f"{folder}/alerts.conf",
                 "--ready-fd", str(theirs)], pass_fds=[theirs], stdin=subprocess.DEVNULL,
                stderr=log)
        os.close(theirs)
        with os.fdopen(ready, "rb") as f:
            assert f.read(1), "the collector did not start"

    def send(self, service, count, is_good):
        lines = []
        for _ in range(count):
            self.number += 1
            lines.append(json.dumps({
                "schema": "llm-attempt/v1", "operation_id": f"op-{self.number}", "attempt": 1,
                "service": service, "http_route": "/v1/chat", "model_requested": "m",
                "http_response_status_code": 200 if is_good else 503,
                "decision": "none" if is_good else "abort_error"}))
        subprocess.run([PROGRAM, "emit", "--intake", self.intake], check=True,
                       input="\n".join(lines).encode(), stderr=subprocess.DEVNULL,
                       timeout=PATIENCE_S)

    def firing(self):
        out = subprocess.run([PROGRAM, "report", "-c", self.query, "--format", "json"],
                             check=True, stdout=subprocess.PIPE, timeout=PATIENCE_S).stdout
        return [a["service"] for a in json.loads(out)["alerts"] if a["firing"]]

    def await_firing(self, services):
        end = time.monotonic() + PATIENCE_S
        while self.firing() != services:
            assert time.monotonic() < end, f"{self.firing()} fire, not {services}"

    def once(self):
        return subprocess.run([PROGRAM, "watch", "--once", "-c", self.query], check=False,
                              stdout=subprocess.DEVNULL, timeout=PATIENCE_S).returncode

    def end(self):
        self.child.kill()
        self.child.wait()


def forget(s):
    s.before = getattr(s, "before", b"") + s.seen
    s.seen = b""


def press(s, keys, *shown):
    """Keys, then all of the screen anew: a difference need not hold whole words."""
    end = time.monotonic() + PATIENCE_S
    s.type(keys)
    while True:
        forget(s)
        s.type(b"\x0c")
        s.await_text(b"Quit")
        while s.read(0.05):
            pass
        missing = [text for text in shown if text not in s.seen]
        if not missing:
            return
        assert time.monotonic() < end, f"{missing} is not shown: {s.seen[-3000:]}"


def bells(s):
    return s.seen.count(b"\x07")


def alerts_are_seen_acknowledged_and_followed(folder):
    c = Collector(folder)
    s = None
    try:
        assert c.once() == 0
        c.send("checkout", 40, True)
        c.send("checkout", 40, False)
        c.await_firing(["checkout"])
        assert c.once() == 1
        s = Session(["watch", "-c", c.query], folder, 24, 80)
        s.await_text(b"Quit")
        press(s, b"", b"! 1 alert", b"! error checkout")
        press(s, b"0", b"0 Alerts", b"1 unacked", b"! FIRING")
        press(s, b"a", b"acknowledged, on this screen only", b"- acked", b"0 unacked")
        assert b"! 1 alert" not in s.seen and b"- 1 alert" in s.seen
        assert c.once() == 1, "an acknowledgement is this screen's own"
        press(s, b"\r", b"4 Routes")
        press(s, b"[", b"0 Alerts")
        press(s, b"b", b"bell on")
        assert bells(s) == 0
        forget(s)
        c.send("search", 40, False)
        s.await_text(b"\x07")
        press(s, b"", b"! 2 alerts")
        assert bells(s) == 0, "it rings once"
        press(s, b"b", b"bell off")
        s.type(b"Q")
        assert s.await_end(5.0) == 0
        s.seen = s.before + s.seen
        s.assert_restored()
    finally:
        if s:
            s.clean_up()
        c.end()


def main():
    try:
        os.close(pty.openpty()[0])
    except OSError as e:
        print(f"no pseudo terminal: {e}")
        return 77
    folder = tempfile.mkdtemp(prefix="retrytop-alerts-")
    try:
        alerts_are_seen_acknowledged_and_followed(folder)
        print("ok   alerts_are_seen_acknowledged_and_followed")
        return 0
    except AssertionError as e:
        print(f"FAIL alerts_are_seen_acknowledged_and_followed: {e}")
        return 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
