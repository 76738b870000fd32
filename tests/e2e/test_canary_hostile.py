#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A hostile API server is harmless: bounded time and memory, the right class, and the key
goes nowhere but to the server that was configured."""
import glob
import json
import os
import resource
import socket
import threading
import time
import zlib

from harness import IS_ASAN, SLOW, Collector, check, run, scratch, start, wait_for

KEY = "sk-planted-fedcba9876543210"
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
TOKEN = b'data: {"choices":[{"delta":{"content":"x"},"finish_reason":null}]}\n\n'
packer = zlib.compressobj(9, wbits=31)
# Piece by piece: a child's peak memory begins with what its parent has.
BOMB = b"".join(packer.compress(bytes(1 << 20)) for _ in range(100)) + packer.flush()


def endless(first, piece, pause=0.0):
    def play(s):
        s.sendall(first)
        while True:
            s.sendall(piece)
            if pause:
                time.sleep(pause)
    return play


def once(data):
    def play(s):
        s.sendall(data)
        s.shutdown(socket.SHUT_WR)
        s.settimeout(5)
        s.recv(1)
    return play


def redirect(status):
    return once(f"HTTP/1.1 {status} Moved\r\nLocation: http://127.0.0.1:{other.getsockname()[1]}/x\r\n"
                "Content-Length: 0\r\n\r\n".encode())


# The server a redirect names: whoever connects to it was led astray.
other = socket.create_server(("127.0.0.1", 0))
other.setblocking(False)

CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
OK_BODY = b'{"choices":[{"message":{"content":"x"},"finish_reason":"stop"}],"usage":{}}'
TOO_LARGE = ("schema", "parse_too_large")
# path: (script, settings, class, error types that are right, seconds at most)
CASES = {
    "headers": (endless(b"HTTP/1.1 200 OK\r\n", b"X-A: " + b"a" * 900 + b"\r\n"), "", *TOO_LARGE, 2),
    "one-header": (endless(b"HTTP/1.1 200 OK\r\nX-A: ", b"a" * 4096), "", None, None, 2),
    "slow-headers": (endless(b"HTTP/1.1 200 OK\r\n", b"X-A: a\r\n", 0.02), "headers_timeout = 400ms",
                     "timeout", "timeout_headers", 2),
    "continue": (endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 100), "", None, None, 2),
    "gigabyte": (endless(HEAD + b"Content-Length: 1073741824\r\n\r\n", b"x" * 65536), "", *TOO_LARGE, 2),
    "no-length": (endless(HEAD + b"\r\n", b"x" * 65536), "", *TOO_LARGE, 2),
    "slow-body": (endless(HEAD + b"Content-Length: 1000\r\n\r\n", b" ", 0.05), "total_timeout = 600ms",
                  "timeout", "timeout_total", 2),
    "slow-comments": (endless(STREAM, b":\n", 0.05), "stream = yes\nfirst_event_timeout = 400ms",
                      "timeout", "timeout_first_event", 2),
    "endless-tokens": (endless(STREAM, TOKEN * 100), "stream = yes", *TOO_LARGE, 4),
    "chunk-size": (once(CHUNKED + b"ffffffffffffffffff\r\nx"), "", "connection", None, 2),
    "chunk-negative": (once(CHUNKED + b"-5\r\nhello\r\n"), "", "connection", None, 2),
    "chunk-cut": (once(CHUNKED + b"5\r\nhel"), "", "connection", "connection_broken_body", 2),
    "two-lengths": (once(HEAD + b"Content-Length: 5\r\nContent-Length: 900\r\n\r\n" + OK_BODY), "", None, None, 2),
    "bomb": (once(HEAD + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(BOMB) + BOMB), "",
             "schema", "parse_encoded", 2),
    "deep": (once(HEAD + b"Content-Length: 200000\r\n\r\n" + b"[" * 200000), "", *TOO_LARGE, 2),
    "deep-few": (once(HEAD + b"Content-Length: 4000\r\n\r\n" + b"[" * 4000), "", "schema", "parse_error", 2),
    "many": (once(HEAD + b"Content-Length: 900000\r\n\r\n" + b"[" + b"{}," * 299999 + b"[]"), "",
             *TOO_LARGE, 2),
    "many-events": (once(STREAM + (b"data: [" + b"{}," * 20000 + b"0]\n\n") * 5), "stream = yes", *TOO_LARGE, 2),
    "trailers": (endless(CHUNKED + b"%x\r\n" % len(OK_BODY) + OK_BODY + b"\r\n0\r\n", b"X-T: " + b"a" * 900 + b"\r\n"),
                 "", *TOO_LARGE, 2),
    "chunk-name": (endless(CHUNKED, b"1;" + b"x" * 70000 + b"\r\na\r\n"), "total_timeout = 600ms", None, None, 2),
    "status-999": (once(b"HTTP/1.1 999 X\r\nContent-Length: 0\r\n\r\n"), "", "connection", "connection_not_http", 2),
    "switching": (once(b"HTTP/1.1 101 X\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n" + bytes(500)), "",
                  "connection", "connection_not_http", 2),
    "no-http": (once(b"hello\n"), "", "connection", "connection_not_http", 2),
    "not-a-stream": (once(HEAD + b"Content-Length: %d\r\n\r\n" % len(OK_BODY) + OK_BODY), "stream = yes",
                     "schema", "schema_not_a_stream", 2),
    "types": (once(HEAD + b'\r\n{"choices":{"0":1},"usage":[],"model":{},"object":5,"error":null}'), "",
              "schema", "schema_mismatch", 2),
    "endless-usage": (once(HEAD + b'\r\n{"choices":[{"message":{"content":"x"},"finish_reason":"stop"}],'
                           b'"usage":{"total_tokens":9223372036854775807}}'), "", "none", None, 2),
    "escape": (once(b"HTTP/1.1 200 OK\r\nx-request-id: \x1b]0;owned\x07\r\nContent-Length: %d\r\n\r\n"
                    % len(OK_BODY) + OK_BODY), "", "none", None, 2),
    "redirect-302": (redirect(302), "", "unknown", "redirect", 2),
    "redirect-307": (redirect(307), "", "unknown", "redirect", 2),
    "nothing": (once(b""), "", "connection", "connection_closed", 2),
    "binary": (once(bytes(range(256)) * 8), "", None, None, 2),
}
keys_seen = set()


def serve(listener):
    while True:
        s, _ = listener.accept()
        threading.Thread(target=answer, args=(s,), daemon=True).start()


def answer(s):
    try:
        request = b""
        while b"\r\n\r\n" not in request:
            request += s.recv(65536)
        head, body = request.split(b"\r\n\r\n", 1)
        head = head.decode()
        length = int(head.lower().split("content-length: ")[1].split("\r\n")[0])
        while len(body) < length:  # unread bytes would turn every end into a reset
            body += s.recv(65536)
        keys_seen.update(line.split(": ", 1)[1] for line in head.split("\r\n")
                         if line.lower().startswith("authorization:"))
        CASES[head.split(" ")[1][1:]][0](s)
    except OSError:
        pass
    finally:
        s.close()


listener = socket.create_server(("127.0.0.1", 0))
threading.Thread(target=serve, args=(listener,), daemon=True).start()
conf = f"{scratch}/hostile.conf"
with open(f"{scratch}/key", "w") as f:
    f.write(KEY + "\n")
with open(conf, "w") as f:
    for name, (_, settings, *_) in CASES.items():
        # The key of every other target comes from a file: both ways are watched.
        source = "key_env = HOSTILE_KEY" if len(name) % 2 else f"key_file = {scratch}/key"
        f.write(f"[canary {name}]\nbase_url = http://127.0.0.1:{listener.getsockname()[1]}\npath = /{name}\n"
                f"model = m\n{source}\ninterval = 1s\nmax_per_minute = 60\n{settings}\n")
env = dict(os.environ, HOSTILE_KEY=KEY)

# Each by itself: time, memory, class.
before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
outputs = []
for name, (_, _, want_class, want_type, seconds) in CASES.items():
    began = time.monotonic()
    code, out, err = run("canary", "--config", conf, "--target", name, "--once", "--json", "--intake", "off", env=env)
    took = time.monotonic() - began
    outputs += [out, err]
    result = json.loads(out)
    check(took < seconds * SLOW, name, "took", took, out)
    check(result["verdict"] == ("failed" if want_class != "none" else "degraded" if not result["event"].get(
        "usage_seen") else "ok"), name, out)
    check(code == (result["verdict"] == "failed"), name, code, out)
    if want_class:
        check(result["error_class"] == want_class, name, out)
    if want_type:
        check(result["event"]["error_type"] == want_type, name, out)
    check("\x1b" not in out + err, name, "drives the terminal", out)
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
if not IS_ASAN:
    check(peak < 64 << 10, "peak memory of a probe, KiB", peak, "was", before)

# A redirect is not followed, not even by a connection.
try:
    other.accept()
    check(False, "somebody followed the redirect")
except BlockingIOError:
    pass
check(keys_seen == {"Bearer " + KEY}, "the keys seen", keys_seen)

# A kept connection that dies under a request: one request, one failure, not a second try.
asked = []


def keep_once(listener):
    while True:
        s, _ = listener.accept()
        with s:
            for n in range(2):
                request = s.recv(65536)
                while request and not request.endswith(b"}"):
                    request += s.recv(65536)
                if not request:
                    break
                asked.append(n)
                if n == 0:
                    s.sendall(HEAD + b"Content-Length: %d\r\n\r\n" % len(OK_BODY) + OK_BODY)


keeper = socket.create_server(("127.0.0.1", 0))
threading.Thread(target=keep_once, args=(keeper,), daemon=True).start()
with open(f"{scratch}/kept.conf", "w") as f:
    f.write(f"[canary kept]\nbase_url = http://127.0.0.1:{keeper.getsockname()[1]}\nmodel = m\nkey = none\n"
            "interval = 1s\njitter = 0%\nmax_per_minute = 60\nmax_per_run = 3\n")
code, out, err = run("canary", "--config", f"{scratch}/kept.conf", "--json", "--intake", "off")
results = [json.loads(line) for line in out.splitlines() if "event" in line]
check(asked == [0, 1, 0], "requests on each connection", asked, out)
check([r["event"].get("error_type") for r in results] == [None, "connection_closed", None], out)
check([r["connection"]["reused"] for r in results] == [False, True, False], out)

# All at once and for ever, with a collector that journals: the key is in the canary alone.
journal = f"{scratch}/journal"
collector = Collector("--journal", journal, "--http", "off")
log = open(f"{scratch}/canary.log", "w")
child = start("canary", "--config", conf, "--json", "--intake", collector.intake, env=env, stdout=log, stderr=log)
wait_for("events of the canary", lambda: collector.report()["intake"]["synthetic"] >= len(CASES), 20)


def reads(path):
    try:
        with open(path, "rb") as f:
            return f.read()
    except OSError:
        return b""


secret = KEY.encode()
for kind in ("cmdline", "environ"):
    for path in glob.glob(f"/proc/[0-9]*/{kind}"):
        check(secret not in reads(path), "the key is in", path)
with open(f"/proc/{child.pid}/status") as f:
    rss_kib = next(int(line.split()[1]) for line in f if line.startswith("VmHWM:"))
if not IS_ASAN:
    check(rss_kib < 96 << 10, "memory of a canary with hostile targets, KiB", rss_kib)
child.terminate()
check(child.wait(10 * SLOW) == 0, "the canary ended with", child.returncode)
log.close()
code, out, err = run("report", "-c", collector.query, "--format", "json")
outputs += [out, err, collector.log(), reads(log.name).decode(errors="replace")]
collector.stop()
files = [p for p in glob.glob(f"{journal}/**", recursive=True) if os.path.isfile(p)]
check(files, "no journal was written")
for path in files:
    check(secret not in reads(path), "the key is in", path)
for text in outputs:
    check(KEY not in text, "the key was printed or logged")
print(f"ok: {len(CASES)} servers, peak {peak // 1024} MiB a probe, {rss_kib // 1024} MiB all at once")
