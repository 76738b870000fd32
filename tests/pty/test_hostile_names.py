#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Names made to drive a terminal: at four sizes, in UTF-8 and ASCII, what is written holds no
sequence but our own and no character that moves another; no line is longer than it is."""
import os
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, HERE + "/../e2e"]
from harness import SLOW, Collector, check, record, run, scratch  # noqa: E402
from screen import Screen  # noqa: E402
from test_lifecycle import Session  # noqa: E402

SIZES = ((10, 40), (24, 80), (40, 120), (60, 200))
NAMES = ("\x1b]0;owned\x07\x1b[2J\x1b[999;999H\x1b[?1000h", "\x9b31m\x9d0;x\x9c\x85",
         "\u202eevil\u2066x\u2069\u200f", "z\u200bw\u200dj\ufeff\u00ad\u2028x",
         "e\u0301\u0301\u0301\u20dd", "中文服务名称" * 20, "x" * 120,
         "\r\n\t\b\x0e\x7f\0y", "👩\u200d👩\u200d👧🏽🇩🇪", "\ufffe\U000e0041x")
KEYS = (b"z", b"z", b"\r", b"\r", b"o", b"q", b"q", b"q", b"6", b"7", b"\r", b"\r", b"q", b"q",
        b"9", b"z", b"!", b"?")


def records():
    for n in range(6):
        for i, name in enumerate(NAMES):
            # What a field may not hold is refused; that is shown, too.
            base = {"operation_id": f"op-{i}-{n}", "service": name, "http_route": "/" + name,
                    "model_requested": name}
            yield record(attempt=1, http_response_status_code=401, error_type=name,
                         decision="retry_same", backoff_ms=0, **base)
            yield record(attempt=2, http_response_status_code=503, decision_reason=name,
                         decision="fallback_secondary", fallback_target=name, **base)
            yield record(**dict(base, attempt=3, operation_id=name + str(n)))


def look(s, screen):
    fed = len(screen.raw)
    s.read(0.05)
    screen.feed(s.seen[fed:])
    screen.raw = s.seen
    return screen.text()


def await_screen(s, screen, what, is_there):
    deadline = time.monotonic() + 20 * SLOW
    while not is_there(look(s, screen)):
        check(time.monotonic() < deadline, "not on the screen:", what, "\n" + screen.text())


def show(collector, rows, cols, is_ascii):
    args = ["watch", "-c", collector.query] + (["--ascii"] if is_ascii else [])
    s, screen = Session(args, scratch, rows, cols), Screen(rows, cols)
    screen.raw = b""
    where = f"{cols}x{rows}" + (" ascii" if is_ascii else "")
    try:
        await_screen(s, screen, "LIVE", lambda t: "LIVE" in t)
        for key in KEYS:
            written = len(screen.raw)
            s.type(key)
            await_screen(s, screen, f"an answer to {key}",
                         lambda _, written=written: len(screen.raw) > written)
        s.type(b"Q")
        check(s.await_end(5.0 * SLOW) == 0, where, "it did not end well")
        look(s, screen)
        check(not screen.unknown, where, "not a sequence of ours:", screen.unknown[:5])
        check(not screen.invisible, where, "without a width:", screen.invisible[:5])
        check(not screen.copied and not screen.bells, where, "clipboard or bell")
        check(b"\x1b[?1000" not in s.seen, where, "the mouse was touched")
        check(b"owned\x07" not in s.seen, where, "a title was set")
        if is_ascii:
            check(max(s.seen) < 0x7f, where, "a byte beyond ASCII")
    finally:
        s.clean_up()
    print("ok  ", where)


def main():
    collector = Collector()
    code, _, err = run("emit", "--intake", collector.intake,
                       input="\n".join(records()).encode() + b"\n")
    check(collector.accepted() > 0, "nothing was taken in:", code, err)
    for rows, cols in SIZES:
        for is_ascii in (False, True):
            show(collector, rows, cols, is_ascii)
    collector.stop()


if __name__ == "__main__":
    main()
