#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Random keys are planted by every way in, and searched for in all that anybody can see of
the canary, the suite and what they feed: arguments, environments, output, events, journal,
metrics, the screen, the ledger, core dumps.  One server sends its key back in every name."""
import fcntl
import glob
import http.client
import http.server
import json
import os
import pty
import re
import resource
import secrets
import select
import shutil
import signal
import struct
import subprocess
import termios
import threading
import time

from harness import PROGRAM, SLOW, Collector, check, children, run, scratch, start, wait_for

# Of no known form, so that nothing can find them by how they look.
KEYS = {way: secrets.token_hex(20) for way in ("env", "file", "fd", "echo")}
SECRETS = [k.encode() for k in KEYS.values()]
searched = []


def search(what, data):
    """Nothing of any key, whole or its first half, is in there."""
    if isinstance(data, str):
        data = data.encode(errors="surrogateescape")
    for way, secret in zip(KEYS, SECRETS):
        check(secret not in data and secret[:20] not in data, "the key by", way, "is in", what)
    searched.append(what)


def reads(path):
    try:
        with open(path, "rb") as f:
            return f.read()
    except OSError:
        return b""


class Echo(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        key = self.headers.get("Authorization", "none").split()[-1]
        is_ok = self.path.endswith("ok") or "suite" in self.path
        answer = {"object": key, "model": "m " + key, "choices": [
            {"message": {"content": key}, "finish_reason": "stop"}], "usage": {key: 3, "total_tokens": 3}} \
            if is_ok else {"error": {"code": key, "type": key, "message": "no such key " + key}}
        text = json.dumps(answer).encode()
        self.send_response(200 if is_ok else 302 if self.path.endswith("away") else 401, key)
        self.send_header("Content-Length", str(len(text)))
        self.send_header("x-request-id", "r-" + key[:30])
        self.send_header("Location", f"http://127.0.0.1:{self.server.server_address[1]}/{key}")
        self.send_header("Set-Cookie", "key=" + key)
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *args):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Echo)
threading.Thread(target=server.serve_forever, daemon=True).start()
echo = f"http://127.0.0.1:{server.server_address[1]}"

# ---- what runs ---------------------------------------------------------------------------

url_file = open(f"{scratch}/gateway.out", "w+")
gateway = start("gateway", "--listen", "127.0.0.1:0", "--require-key", "--fault", "rate=0.5 status=503",
                stdout=url_file, stderr=url_file)


def read_url():
    url_file.seek(0)
    return url_file.readline().strip()


url = wait_for("the gateway's URL", read_url)
with open(f"{scratch}/the.key", "w") as f:
    f.write(KEYS["file"] + "\n")
os.chmod(f"{scratch}/the.key", 0o600)


def section(name, base, source, *more):
    return "\n".join((f"[canary {name}]", f"base_url = {base}", "model = m", source, "interval = 1s",
                      "max_per_minute = 60", *more, ""))


conf = f"{scratch}/key.conf"
with open(conf, "w") as f:
    f.write(section("env", url, "key_env = PLANTED") + section("file", url, f"key_file = {scratch}/the.key", "retry = full")
            + section("fd", url, "key_fd = 9", "stream = yes", "surface = responses")
            + "".join(section(f"echo-{w}", echo, "key_env = PLANTED_ECHO", f"path = /{w}", *more) for w, *more in (
                ("ok",), ("no",), ("away",), ("stream-ok", "stream = yes"), ("key-header", "header = X-Team: a"))))
env = {**os.environ, "PLANTED": KEYS["env"], "PLANTED_ECHO": KEYS["echo"]}


def key_pipe():
    theirs, ours = os.pipe()
    os.write(ours, KEYS["fd"].encode())
    os.close(ours)
    return theirs


def in_child(fd):
    def prepare():
        os.dup2(fd, 9)
        resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY,) * 2)
    return prepare


def start_canary(folder, intake):
    os.makedirs(folder, exist_ok=True)
    fd = key_pipe()
    log = open(f"{folder}/canary.log", "w")
    child = subprocess.Popen([PROGRAM, "canary", "--config", conf, "--json", "--intake", intake], env=env, cwd=folder,
                             stdin=subprocess.DEVNULL, stdout=log, stderr=log, close_fds=False, preexec_fn=in_child(fd))
    os.close(fd)
    child.log_path = log.name
    children.append(child)
    return child


journal = f"{scratch}/journal"
collector = Collector("--journal", journal, "--http", "tcp://127.0.0.1:*")
canary = start_canary(f"{scratch}/work", collector.intake)


def all_seen():
    report = collector.report()
    return report["intake"]["synthetic"] >= 30 and len(report["canaries"]) >= 5 and report


report = wait_for("probes of every target", all_seen, 30)

# ---- of processes ------------------------------------------------------------------------

for kind in ("cmdline", "environ"):
    for path in glob.glob(f"/proc/[0-9]*/{kind}"):
        search(kind, reads(path))
fds = [os.path.realpath(p) for p in glob.glob(f"/proc/{canary.pid}/fd/*")]
check(not any(p.endswith("the.key") for p in fds), "the key's file is still open", fds)
with open(f"/proc/{canary.pid}/limits") as f:
    check(re.search(r"Max core file size +0 +0 ", f.read()), "cores are not limited to nothing")


HUGE = 1 << 30  # what a sanitizer reserves, and no program here touches


def memory_of(pid):
    """What another process can read of it; b"" where that is nothing."""
    found = []
    try:
        with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb") as mem:
            for line in maps:
                at = re.match(r"([0-9a-f]+)-([0-9a-f]+) rw", line)
                if at and int(at[2], 16) - int(at[1], 16) < HUGE:
                    mem.seek(int(at[1], 16))
                    found.append(mem.read(int(at[2], 16) - int(at[1], 16)))
    except OSError:
        return b""
    return b"".join(found)


notes = []
if os.geteuid() == 0:
    # That it is there shows that the search can find it.
    memory = memory_of(canary.pid)
    check(all(s in memory for s in SECRETS), "the canary's own memory does not hold its keys")
else:
    check(memory_of(canary.pid) == b"", "its memory is open to others")
search("the collector's memory", memory_of(collector.child.pid))


def core_of(pid, name):
    """The core a debugger of ours makes of it, b"" where it may not."""
    subprocess.run(["gcore", "-o", f"{scratch}/{name}", str(pid)], stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL, timeout=120 * SLOW)
    return reads(f"{scratch}/{name}.{pid}")


if shutil.which("gcore"):
    bait = subprocess.Popen(["sleep", "1000"], env=env)
    children.append(bait)
    core = core_of(bait.pid, "bait")
    if SECRETS[0] in core:
        core = core_of(canary.pid, "gcore")
        search("a debugger's core", core)
        notes.append(f"gcore {len(core)} bytes")
    else:
        notes.append("no debugger may attach here")
    bait.kill()
    bait.wait()
else:
    notes.append("no gcore here")

# A crash: the kernel writes a core for others, not for it.
crashed = start_canary(f"{scratch}/crash", "off")
wait_for("its first probe", lambda: b"verdict" in reads(crashed.log_path))
crashed.send_signal(signal.SIGABRT)
check(crashed.wait(10 * SLOW) == -signal.SIGABRT, "it did not crash")
bait = subprocess.Popen(["sleep", "1000"], env=env, cwd=f"{scratch}/crash", preexec_fn=in_child(0))
children.append(bait)
bait.send_signal(signal.SIGABRT)
bait.wait(10 * SLOW)
cores = [p for p in glob.glob(f"{scratch}/crash/*") if not p.endswith(".log")]
with_key = [p for p in cores if SECRETS[0] in reads(p)]
check(len(cores) <= 1 and all(str(crashed.pid) not in p for p in cores), "it left a core", cores)
notes.append("the bait's core holds its key" if with_key else "this kernel writes no cores here")

# ---- of what it says ---------------------------------------------------------------------


def metrics():
    address = re.search(r"http://(127\.0\.0\.1:\d+)/metrics", collector.log())[1]
    c = http.client.HTTPConnection(address, timeout=30 * SLOW)
    c.request("GET", "/metrics")
    return c.getresponse().read()


page = metrics()
check(b"canary" in page, "no canary on the page of metrics")
search("metrics", page)
search("report, JSON", json.dumps(report))
for form in ("text", "markdown"):
    code, out, err = run("report", "-c", collector.query, "--format", form)
    search("report, " + form, out + err)
events = [json.loads(line)["event"] for line in reads(canary.log_path).decode().splitlines() if '"event"' in line]
hidden = [e for e in events if e["provider"].startswith("echo")]
check(any(e.get("upstream_request_id") == "[key]" for e in hidden) and
      any(e.get("model_returned") == "[key]" for e in hidden), "the echo was not heard", hidden[:2])
code, out, err = run("report", "-c", collector.query, "--operation", events[-1]["operation_id"])
search("an operation", out + err)

# The screen, in a terminal: an overview, the canary's panel, one of its operations.
master, slave = pty.openpty()
fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 60, 200, 0, 0))
screen = subprocess.Popen([PROGRAM, "watch", "-c", collector.query], stdin=slave, stdout=slave, stderr=slave,
                          start_new_session=True, env=dict(os.environ, TERM="xterm-256color", LC_ALL="C.UTF-8"))
children.append(screen)
os.close(slave)
drawn = b""


def draw_until(word, keys=b""):
    global drawn
    os.write(master, keys)
    mark = len(drawn)
    deadline = time.monotonic() + 20 * SLOW
    while word not in drawn[mark:]:
        check(time.monotonic() < deadline, "the screen does not show", word)
        if select.select([master], [], [], 0.2)[0]:
            drawn += os.read(master, 65536)


draw_until(b"canary")
draw_until(b"anary", b"8z")
draw_until(b"m", b"\r")
os.write(master, b"\x1bq")
try:
    screen.wait(10 * SLOW)
except subprocess.TimeoutExpired:
    screen.kill()
search("the screen", re.sub(rb"\x1b\[[0-9;?]*[A-Za-z]", b"", drawn))
code, out, err = run("watch", "-c", collector.query, "--once")
search("the screen, once", out + err)
with start("tail", "-c", collector.query, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as tail:
    out = b""
    deadline = time.monotonic() + 20 * SLOW
    while out.count(b"\n") < 20 and time.monotonic() < deadline:
        if select.select([tail.stdout], [], [], 0.2)[0]:
            out += os.read(tail.stdout.fileno(), 65536)
    tail.terminate()
    check(out.count(b"\n") >= 20, "no tail")
search("the tail", out)

# ---- of the suite and its ledger ----------------------------------------------------------

ledger = f"{scratch}/ledger.jsonl"
with open(conf, "a") as f:
    f.write(section("suite", echo, "key_env = PLANTED_ECHO", "path = /suite"))
for where in ("suite", "file"):
    fd = key_pipe()
    done = subprocess.run([PROGRAM, "suite", "--live", "--config", conf, "--target", where, "--ledger", ledger],
                          env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          timeout=120 * SLOW, close_fds=False, preexec_fn=in_child(fd))
    os.close(fd)
    search("the suite", done.stdout)
check(b"[key]" in reads(ledger), "the suite did not meet the echo", reads(ledger)[:2000])
search("the ledger", reads(ledger))
for words in (("show",), ("export", "--markdown")):
    code, out, err = run("ledger", *words, ledger)
    search("ledger " + words[0], out + err)

# ---- of what is refused ------------------------------------------------------------------

for why, key in (("a blank in it", KEYS["env"] + " x"), ("too long", KEYS["env"] * 30), ("two lines", KEYS["env"] + "\nx")):
    code, out, err = run("canary", "--url", url, "--model", "m", "--key-env", "PLANTED", "--once", "--intake", "off",
                         env=dict(env, PLANTED=key))
    check(code == 78 and "PLANTED" in err, why, code, err)
    search("a refusal: " + why, out + err)
with open(f"{scratch}/bad.conf", "w") as f:
    f.write(section("bad", url, f"key = {KEYS['env']}") + f"header = Authorization: Bearer {KEYS['env']}\n")
for command in ("canary", "check-config"):
    code, out, err = run(command, "--config", f"{scratch}/bad.conf")
    check(code == 78, command, code, err)
    search("a refusal of " + command, out + err)
with open(f"{scratch}/bad.conf", "w") as f:
    f.write(section("bad", url, "key_env = PLANTED") + f"header = Authorization: Bearer {KEYS['env']}\n")
code, out, err = run("check-config", "--config", f"{scratch}/bad.conf")
check(code == 78 and "credential" in err, code, err)
search("a refused header", out + err)

# ---- what is left on disk ----------------------------------------------------------------

canary.terminate()
check(canary.wait(10 * SLOW) == 0, "the canary ended with", canary.returncode)
collector.stop()
allowed = {f"{scratch}/the.key", f"{scratch}/bad.conf", *with_key, *glob.glob(f"{scratch}/bait.*")}
files = [p for p in glob.glob(f"{scratch}/**", recursive=True) if os.path.isfile(p) and p not in allowed]
check(any(p.startswith(journal) for p in files), "no journal was written")
for path in files:
    search(os.path.relpath(path, scratch).split(".")[0], reads(path))
for path in glob.glob(f"{journal}/*.zst"):
    search("a packed segment", subprocess.run(["zstd", "-dc", path], stdout=subprocess.PIPE).stdout)
print(f"ok: {len(searched)} places of {len(set(searched))} kinds; {'; '.join(notes)}")
