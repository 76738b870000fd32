#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""With keys: only who has the right one gets in, and only there; a stranger costs little."""
import json
import os
import shutil
import signal
import socket as sockets
import subprocess
import time

import zmq
import zmq.auth

from harness import (IS_ASAN, SLOW, Collector, check, record, run, scratch, start,
                     wait_for)

keys = scratch + "/keys"
emitters, viewers = keys + "/emitters", keys + "/viewers"
os.makedirs(emitters)
os.makedirs(viewers)
NAMES = ("server", "alice", "bob", "eve", "viewer", "late")
for name in NAMES:
    code, out, err = run("keygen", f"{keys}/{name}")
    check(code == 0 and out.split() == [f"{keys}/{name}.secret", f"{keys}/{name}.pub"],
          "keygen", code, out, err)
    check(os.stat(f"{keys}/{name}.secret").st_mode & 0o777 == 0o600, "mode")
code, out, err = run("keygen", f"{keys}/alice")
check(code == 74 and "not replaced" in err, "keygen replaces", code, err)
SECRETS = [zmq.auth.load_certificate(f"{keys}/{n}.secret")[1].decode() for n in NAMES]


def allow(folder, *names):
    for name in names:
        shutil.copy(f"{keys}/{name}.pub", folder)


allow(emitters, "alice", "bob")
allow(viewers, "viewer")
for name, mode in (("events", None), ("query", None)):
    code, out, err = run("collect", "--" + name, "tcp://0.0.0.0:*", "--intake", "off")
    check(code == 64 and "--secret" in err, "open to all without keys", code, err)
code, out, err = run("collect", "--emitters", emitters)
check(code == 78 and "secret" in err, "folders without a secret", code, err)

c = Collector("--secret", f"{keys}/server.secret", "--emitters", emitters, "--viewers",
              viewers, "--events", "tcp://0.0.0.0:*", "--intake", "tcp://0.0.0.0:*",
              "--query", "tcp://0.0.0.0:*")
check("2 certificates may publish, 1 may ask" in c.log(), "not said", c.log())
for port in ("events", "intake", "query"):
    setattr(c, port, c.log().split(port + " ")[1].split(";")[0].split(",")[0]
            .replace("0.0.0.0", "127.0.0.1"))


def certs(name, server="server"):
    return ("--cert", f"{keys}/{name}.secret", "--server-cert", f"{keys}/{server}.pub")


plain_report = c.report
c.report = lambda *args: plain_report(*certs("viewer"), *args)


def access(field):
    return c.report()["access"][field]


# ---- peers of another making -------------------------------------------------------

context = zmq.Context.instance()
monitors = []  # libzmq would wait for ever to tell one that is gone


def peer(kind, endpoint, name=None, server="server"):
    s = context.socket(kind)
    s.linger = 0
    s.handshake_ivl = 2000
    if name:
        s.curve_publickey, s.curve_secretkey = zmq.auth.load_certificate(
            f"{keys}/{name}.secret")
        s.curve_serverkey = zmq.auth.load_certificate(f"{keys}/{server}.pub")[0]
    monitor = s.get_monitor_socket(
        zmq.EVENT_HANDSHAKE_SUCCEEDED | zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL |
        zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL | zmq.EVENT_HANDSHAKE_FAILED_AUTH |
        zmq.EVENT_DISCONNECTED)
    monitors.append(monitor)
    s.connect(endpoint)
    return s, monitor


def outcome(monitor):
    """How the first handshake ended."""
    failed = (zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL, zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL,
              zmq.EVENT_HANDSHAKE_FAILED_AUTH, zmq.EVENT_DISCONNECTED)
    deadline = time.monotonic() + 10 * SLOW
    while time.monotonic() < deadline:
        if not monitor.poll(1000):
            continue
        event = int.from_bytes(monitor.recv_multipart()[0][:2], "little")
        if event == zmq.EVENT_HANDSHAKE_SUCCEEDED:
            return True
        if event in failed:
            return False
    check(False, "a handshake that does not end")


def close(s):
    s.close(linger=0)


def hello(emitter, **fields):
    return json.dumps(dict({"version": 1, "emitter": emitter, "epoch": 1, "first_seq": 1,
                            "count": 0, "offered": 1, "dropped": 0}, **fields)).encode()


QUESTION = [b"\0" * 8, b"{}"]

# The right key, on all three ports.
events, monitor = peer(zmq.XPUB, c.events, "alice")
check(outcome(monitor), "alice may not publish")
check(events.poll(5000 * SLOW) and events.recv() == b"\1", "no subscription")
events.send_string(record())
intake, monitor = peer(zmq.DEALER, c.intake, "alice")
check(outcome(monitor), "alice may not deliver")
intake.send_multipart([hello("e1"), b""])
check(intake.poll(5000 * SLOW), "no answer to alice")
intake.recv()
query, monitor = peer(zmq.DEALER, c.query, "viewer")
check(outcome(monitor), "viewer may not ask")
query.send_multipart(QUESTION)
check(query.poll(5000 * SLOW), "no answer to viewer")
check(json.loads(query.recv_multipart()[1])["access"]["on"], "keys are not on")
wait_for("alice's event", lambda: c.accepted() == 1)
check(access("handshakes_failed") == 0, "handshakes failed before any stranger")

# No key, an unknown one, the wrong collector's, and the right key at the wrong port.
failed = 0
for port in ("events", "intake", "query"):
    kind = zmq.PUB if port == "events" else zmq.DEALER
    message = {"events": [record().encode()], "intake": [hello("e9"), b""],
               "query": QUESTION}[port]
    wrong = "viewer" if port != "query" else "alice"
    for name, server in ((None, None), ("eve", "server"), ("alice", "eve"),
                         (wrong, "server")):
        s, monitor = peer(kind, getattr(c, port), name, server)
        check(not outcome(monitor), name, server, "got in at", port)
        try:
            s.send_multipart(message, zmq.NOBLOCK)
        except zmq.Again:
            pass
        check(not s.poll(100), name, server, "was answered at", port)
        close(s)
        failed += 1
        wait_for("the failed handshake to be counted",
                 lambda: access("handshakes_failed") >= failed)
report = c.report()
check(report["intake"]["accepted"] == 1 and
      not any(report["intake"]["rejected"].values()), "a stranger got something in",
      report["intake"])
check([s["sender"] for s in report["senders"]] == ["e1"], "senders", report["senders"])

# ---- our own clients ---------------------------------------------------------------

code, out, err = run("emit", "--intake", c.intake, *certs("bob"), input=record().encode())
check(code == 0, "emit with a key", code, err)
env = dict(os.environ, RETRYTOP_CERT=f"{keys}/bob.secret",
           RETRYTOP_SERVER_CERT=f"{keys}/server.pub")
code, out, err = run("emit", "--intake", c.intake, input=record().encode(), env=env)
check(code == 0, "emit with a key from the environment", code, err)
check(c.accepted() == 3, "emitted", c.accepted())
code, out, err = run("watch", "--once", "-c", c.query, *certs("viewer"))
check(code == 0 and "keys" in out, "watch --once", code, err)
tail = start("tail", "--all", "--json", "-c", c.query, *certs("viewer"),
             stdout=subprocess.PIPE)
check(json.loads(tail.stdout.readline())["operation_id"] == "op", "tail")
tail.terminate()
for args in (("report", "-c", c.query, "--timeout", "0.3"),
             ("report", "-c", c.query, "--timeout", "0.3", *certs("alice")),
             ("emit", "--intake", c.intake, "--timeout", "0.3", *certs("viewer")),
             ("emit", "--intake", c.intake, "--timeout", "0.3")):
    code, out, err = run(*args, input=record().encode())
    check(code == 69 and not out, args, "without the right", code, out, err)
for args, want in ((("--cert", f"{keys}/bob.secret"), "server"),
                   (("--cert", f"{keys}/bob.pub", "--server-cert", f"{keys}/server.pub"),
                    "secret"),
                   (("--cert", f"{keys}/bob.secret", "--server-cert",
                     f"{keys}/server.secret"), "public")):
    for command in (("report", "-c", c.query), ("tail", "-c", c.query),
                    ("emit", "--intake", c.intake), ("watch", "--once", "-c", c.query)):
        code, out, err = run(*command, *args)
        check(code == 78 and want in err, command, args, code, err)
        check(not any(k in err for k in SECRETS), "a key in a message")

# ---- an emitter id belongs to the key that came with it first ----------------------

forger, monitor = peer(zmq.DEALER, c.intake, "bob")
check(outcome(monitor), "bob may not deliver")
forger.send_multipart([hello("e1"), b""])
forger.send_multipart([hello("e1", count=1), record().encode()])
wait_for("two forged messages", lambda: access("forged") == 2)
check(not forger.poll(100), "a forger is answered")
forger.send_multipart([hello("e2"), b""])
check(forger.poll(5000 * SLOW), "bob's own id is refused")
intake.send_multipart([hello("e1", count=1), record().encode()])
check(intake.poll(5000 * SLOW) and json.loads(intake.recv())["acked"] == 1,
      "alice's id is lost to her")
check(c.accepted() == 4, "accepted", c.accepted())

# ---- reload ------------------------------------------------------------------------


def reload(word):
    before = c.log().count(word)
    c.signal(signal.SIGHUP)
    wait_for(word, lambda: c.log().count(word) > before)


with open(f"{emitters}/broken.pub", "w") as f:
    f.write("curve\n    public-key = \"short\"\n")
os.remove(f"{emitters}/alice.pub")
allow(emitters, "late")
reload("reload refused")
check("emitters/broken.pub:2: public-key needs 40" in c.log(), "file and line", c.log())
events.send_string(record())
wait_for("alice after a refused reload", lambda: c.accepted() == 5)
late, monitor = peer(zmq.DEALER, c.intake, "late")
check(not outcome(monitor), "half of a refused reload is in force")
close(late)

os.remove(f"{emitters}/broken.pub")
reload("keys: 2 certificates may publish")
late, monitor = peer(zmq.DEALER, c.intake, "late")
check(outcome(monitor), "who was added is not let in")
late.send_multipart([hello("e3"), b""])
check(late.poll(5000 * SLOW), "no answer to who was added")
close(late)
# The connection lives on; what comes over it does not.
events.send_string(record())
intake.send_multipart([hello("e1", first_seq=2, count=1), record().encode()])
wait_for("messages of who was removed", lambda: access("unauthorised") == 2)
check(not intake.poll(100) or b'"acked":2' not in intake.recv(), "removed, but taken in")
again, monitor = peer(zmq.DEALER, c.intake, "alice")
check(not outcome(monitor), "who was removed comes in again")
close(again)
check(c.accepted() == 5, "accepted from who was removed", c.accepted())
check(not any(k in c.log() for k in SECRETS), "a key in the log")
with open(f"/proc/{c.child.pid}/cmdline", "rb") as f:
    line = f.read().decode()
check(not any(k in line for k in SECRETS), "a key in argv")
for s in (events, intake, forger):
    close(s)

# ---- raw bytes ---------------------------------------------------------------------

GREETING = b"\xff" + bytes(8) + b"\x7f\x03\x00" + b"CURVE".ljust(20, b"\0") + bytes(32)
NULL_GREETING = GREETING.replace(b"CURVE", b"NULL\0")
JUNK = b"\x00" * (1 << 16)


def bomb(port, opening):
    """As much as it takes of what an unauthenticated peer can send; bytes that went."""
    sent = 0
    with sockets.create_connection(("127.0.0.1", int(port.rsplit(":", 1)[1]))) as raw:
        raw.settimeout(2 * SLOW)
        try:
            raw.sendall(opening)
            while sent < 64 << 20:
                sent += raw.send(JUNK)
        except OSError:
            pass
    return sent


bombs = [GREETING + bytes([flags]) + (size).to_bytes(8, "big")
         for flags in (2, 3, 6, 7) for size in (15 << 20, 1 << 40)]
bombs += [GREETING + b"\x04\x20" + b"\x05HELLO", NULL_GREETING, b"", os.urandom(64),
          GREETING + b"\x01\x00" * 30000]
c.report()
before = c.rss_kib()
peak = sent = 0
for port in (c.events, c.intake, c.query):
    for opening in bombs:
        sent += bomb(port, opening)
        peak = max(peak, c.rss_kib())
idle = [sockets.create_connection(("127.0.0.1", int(p.rsplit(":", 1)[1])))
        for p in (c.events, c.intake, c.query) for _ in range(20)]
for s in idle:
    s.sendall(GREETING + b"\x06" + (500 << 10).to_bytes(8, "big"))
peak = max(peak, c.rss_kib())
for s in idle:
    s.close()
grown = peak - before
check(IS_ASAN or grown < 5 * 1024, "raw bytes cost", grown, "KiB")
check(c.accepted() == 5, "raw bytes were taken in")
close(query)
c.stop()

# ---- whose an id is, after a restart and on the open port --------------------------

shutil.copy(f"{keys}/alice.pub", emitters)
kept = f"{scratch}/kept"
folders = ("--secret", f"{keys}/server.secret", "--emitters", emitters, "--viewers", viewers)
c = Collector(*folders, "--journal", kept)
c.report = lambda *args: Collector.report(c, *certs("viewer"), *args)


def publish(name, *records):
    """On the open port, where nothing is answered."""
    s, monitor = peer(zmq.XPUB, c.events, name)
    check(outcome(monitor), name, "may not publish")
    check(s.poll(5000 * SLOW) and s.recv() == b"\1", "no subscription")
    for r in records:
        s.send_string(r)
    return s


def deliver(name, emitter):
    """HELLO as that emitter: is it answered?"""
    forged = access("forged")
    s, monitor = peer(zmq.DEALER, c.intake, name)
    check(outcome(monitor), name, "may not deliver")
    s.send_multipart([hello(emitter), b""])
    wait_for("an answer or none", lambda: s.poll(10) or access("forged") > forged)
    answered = s.poll(0) != 0
    close(s)
    return answered


def refused():
    return c.report()["intake"]["rejected"].get("forged_emitter", 0)


def owned_by_alice(turn):
    before = refused(), c.accepted(), c.report()["intake"]["lost"]
    check(not deliver("bob", "sent"), "bob delivers as alice does")
    check(not deliver("bob", "stamped"), "bob delivers as alice publishes")
    own = publish("bob", record(emitter="stamped", seq=9), record(emitter="sent", seq=9),
                  record(emitter="of-bob", seq=turn),
                  record(emitter="some text", seq=7 + turn),
                  record(operation_id=1, emitter="sent", seq=11))
    wait_for("bob's records",
             lambda: (refused(), c.accepted()) == (before[0] + 3, before[1] + 2))
    close(own)
    check(c.report()["intake"]["lost"] == before[2], "a forged number counts")


check(deliver("alice", "sent"), "alice may not deliver")
mine = publish("alice", record(emitter="stamped", seq=1), record(emitter="some text", seq=7))
wait_for("alice's records", lambda: c.accepted() == 2)
owned_by_alice(1)
wait_for("the owners on disk", lambda: os.path.exists(f"{kept}/owners") and
         "stamped" in open(f"{kept}/owners").read())
check(os.stat(f"{kept}/owners").st_mode & 0o777 == 0o600, "mode of the owners")
close(mine)
c.signal(signal.SIGKILL)
c.child.wait()
c.start()
owned_by_alice(2)
check(deliver("alice", "sent") and deliver("bob", "of-bob"), "an owner lost its id")
check(not deliver("alice", "of-bob"), "bob's id is free after a restart")
with open(f"{kept}/owners") as f:
    lines = f.read().splitlines()
check(not any(k in "".join(lines) for k in SECRETS), "a secret key among the owners")
c.stop()
c.start()
check(not deliver("alice", "of-bob"), "bob's id is free after an orderly restart")
c.stop()
with open(f"{kept}/owners", "a") as f:
    f.write("garbage\n")
c.start()
check("1 lines are no owners" in c.log(), "damage is not said", c.log())
check(not deliver("bob", "sent"), "one bad line costs the others")
c.stop()
c = Collector(*folders)
check("no --owners and no journal" in c.log(), "it is not said that owners are forgotten")
c.stop()
c = Collector(*folders, "--owners", f"{scratch}/owners")
c.report = lambda *args: Collector.report(c, *certs("viewer"), *args)
check(deliver("bob", "named"), "bob may not deliver")
c.stop()
c.start()
check(not deliver("alice", "named"), "a file of owners by name does not count")
c.stop()

print(f"raw bytes: {sent >> 20} MiB sent, {grown} KiB grown; {failed} strangers refused")
