#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The collector as a process: start, refusals, reload, end."""
import os
import signal
import socket as sockets
import stat
import subprocess

from harness import (PROGRAM, Collector, check, children, publisher, record, run,
                     scratch, wait_for)


def free_port():
    with sockets.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def write(path, text):
    with open(path, "w") as f:
        f.write(text)


def refused(*args, code, words):
    got, out, err = run("collect", "--http", "off", *args)
    check(got == code and not out, args, "ended with", got, out, err)
    for word in words:
        check(word in err, args, "does not say", repr(word), "but", err)


def a_second_collector_is_refused():
    first = Collector(name="same")
    refused("--events", first.events, "--intake", "off", "--query", "off", code=74,
            words=[first.events, "another collector", "--events"])
    socket = publisher(first.events)
    socket.send_string(record())
    wait_for("the first to go on", lambda: first.accepted() == 1)
    for path in (first.events, first.intake, first.query):
        mode = stat.S_IMODE(os.stat(path[len("ipc://"):]).st_mode)
        check(mode & 0o007 == 0, path, "is open to all:", oct(mode))
    first.stop()
    check(not os.path.exists(f"{scratch}/same.events.lock"), "the lock file stays")

    # Whoever was killed leaves its files; they are in nobody's way.
    killed = Collector(name="same")
    killed.signal(signal.SIGKILL)
    killed.child.wait()
    check(os.path.exists(f"{scratch}/same.events.lock"), "no lock file left to test")
    Collector(name="same").stop()


def a_lost_path_is_said():
    c = Collector(name="lost")
    taken = c.events[len("ipc://"):]
    os.unlink(taken)
    with sockets.socket(sockets.AF_UNIX) as other:
        other.bind(taken)
        os.unlink(c.intake[len("ipc://"):])
        for path, port in ((taken, "--events"), (c.intake[len("ipc://"):], "--intake")):
            said = wait_for("the lost path to be named",
                            lambda: [x for x in c.log().splitlines() if f"{path}: was" in x])
            check(len(said) == 1 and port in said[0], said)
        check("--query" not in c.log(), "what is still there is called lost", c.log())
        check(c.report()["intake"]["lost_ports"] == 2, "lost ports", c.report()["intake"])
        code, out, err = run("report", "-c", c.query)
        check("ports taken over 2" in out, "not in the text", out[:600])
        code, out, err = run("watch", "--once", "-c", c.query)
        check("ports taken over 2" in out, "not on the screen", out)
        c.stop()
        check(os.path.exists(taken), "what another process put there was removed")
        os.unlink(taken)


def a_taken_port_is_named():
    with sockets.socket() as s:
        s.bind(("127.0.0.1", 0))
        s.listen()
        endpoint = f"tcp://127.0.0.1:{s.getsockname()[1]}"
        refused("--events", "off", "--intake", "off", "--query", endpoint, code=74,
                words=[endpoint, "somebody listens there already", "--query"])


def other_machines_are_kept_out():
    for endpoint in ("tcp://0.0.0.0:7780", "tcp://*:7780", "tcp://127.example.org:1"):
        refused("--events", endpoint, code=64,
                words=[endpoint, "no keys", "127.0.0.1", "ipc://", "--insecure"])
    c = subprocess.Popen([PROGRAM, "collect", "--events", "tcp://0.0.0.0:*", "--intake",
                          "off", "--query", "off", "--http", "off", "--insecure"],
                         stderr=subprocess.PIPE, text=True)
    children.append(c)
    line = c.stderr.readline()
    check("events tcp://0.0.0.0:" in line and "intake off" in line, line)
    c.terminate()
    check(c.wait(10) == 0, "--insecure ended with", c.returncode)


def a_file_that_is_no_socket_stays():
    path = f"{scratch}/precious"
    write(path, "text")
    refused("--events", f"ipc://{path}", code=64, words=[path, "no socket"])
    with open(path) as f:
        check(f.read() == "text", "the file was overwritten")


def a_free_port_is_taken_and_told():
    c = Collector("--query", "tcp://127.0.0.1:*")
    line = c.log()
    query = line.split("query ")[1].split(";")[0]
    check(query.startswith("tcp://127.0.0.1:") and "*" not in query, line)
    code, out, err = run("report", "-c", query[len("tcp://"):])
    check(code == 0 and out, "report from", query, err)
    c.stop()


def bad_usage_is_refused():
    for args, code in ((["help"], 0), (["help", "-h"], 0), (["help", "--bogus"], 64),
                       (["version", "--bogus"], 64), (["--bogus"], 64)):
        check(run(*args)[0] == code, args, "does not end with", code)
    refused("--nonsense", code=64, words=["--nonsense"])
    refused("--config", "/nowhere", code=74, words=["/nowhere", "No such file"])
    refused("extra", code=64, words=["extra"])
    code, out, err = run("collect", "--help")
    check(code == 0 and "--ready-fd" in out and not err, "--help", out, err)


def nobody_there_is_said():
    endpoint = f"tcp://127.0.0.1:{free_port()}"
    for command in ("report", "tail"):
        code, out, err = run(command, "-c", endpoint, "--timeout", "200ms")
        check(code == 69, command, code, err)
        check(endpoint in err and "retrytop collect" in err, command, err)


def reload_takes_what_is_right_and_keeps_what_was():
    path = f"{scratch}/reload.conf"
    write(path, "[collector]\noperation_timeout = 300s\n")
    c = Collector("--config", path)
    check("operation timeout 300000 ms" in c.log(), c.log())
    socket = publisher(c.events)
    socket.send_string(record(operation_id="a", decision="again"))
    wait_for("a word nobody knows",
             lambda: c.report()["decisions"].get("unknown") == 1)

    write(path, "[collector]\noperation_timeout = 300s\n\nnonsense = 1\n")
    c.signal(signal.SIGHUP)
    wait_for("a refusal", lambda: "reload refused" in c.log())
    check("reload.conf:4: unknown key nonsense" in c.log(), c.log())
    socket.send_string(record(operation_id="b", decision="again"))
    wait_for("the old map to stay",
             lambda: c.report()["decisions"].get("unknown") == 2)

    write(path, "[collector]\noperation_timeout = 60s\n[capacity]\nseries = 9\n"
                "[decisions]\nagain = retry_same\n")
    c.signal(signal.SIGHUP)
    wait_for("the reload", lambda: "reloaded" in c.log())
    check("operation timeout 60000 ms" in c.log() and "1 decision codes" in c.log() and
          "need a restart" in c.log(), c.log())
    socket.send_string(record(operation_id="c", decision="again"))
    wait_for("the new map", lambda: c.report()["decisions"].get("retry_same") == 1)
    check(c.report()["intake"]["accepted"] == 3, "the numbers stay")
    socket.close()
    c.stop()


def silence_ends_an_operation():
    c = Collector("--operation-timeout", "1")
    socket = publisher(c.events)
    socket.send_string(record(operation_id="a", http_response_status_code=503,
                              decision="retry_same", backoff_ms=10))
    wait_for("an orphan", lambda: c.report()["operations"]["by_fate"].get("orphaned") == 1)
    socket.close()
    c.stop()


def a_signal_ends_it_with_totals():
    for number in (signal.SIGTERM, signal.SIGINT):
        c = Collector()
        socket = publisher(c.events)
        socket.send_string(record() + "\n{\n")
        wait_for("one record", lambda: c.accepted() == 1)
        c.signal(number)
        check(c.child.wait(10) == 0, "ended with", c.child.returncode)
        last = c.log().splitlines()[-1]
        check("ended: accepted 1, rejected 1, duplicates 0, lost 0, unexplained 0" in
              last, last)
        check(len(c.log().splitlines()) == 2, "one line a start, one an end:", c.log())
        check(not os.path.exists(c.events[len("ipc://"):]), "the socket file stays")
        socket.close()


for test in (a_second_collector_is_refused, a_lost_path_is_said, a_taken_port_is_named,
             other_machines_are_kept_out, a_file_that_is_no_socket_stays, a_free_port_is_taken_and_told,
             bad_usage_is_refused, nobody_there_is_said,
             reload_takes_what_is_right_and_keeps_what_was, silence_ends_an_operation,
             a_signal_ends_it_with_totals):
    test()
    print("ok", test.__name__)
