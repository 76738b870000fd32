#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""TLS is verified unless a target says otherwise, which is said aloud; a good certificate
is measured: the handshake, the days it has left, the connection used again."""
import http.server
import json
import shutil
import ssl
import subprocess
import sys
import threading

from harness import check, run, scratch, start, wait_for

if not shutil.which("openssl"):
    print("openssl is not installed")
    sys.exit(77)
subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                "-keyout", f"{scratch}/key.pem", "-out", f"{scratch}/cert.pem", "-days", "30", "-subj", "/CN=t",
                "-addext", "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True)
BODY = json.dumps({"object": "chat.completion", "usage": {"total_tokens": 1}, "choices": [
    {"message": {"content": "x"}, "finish_reason": "stop"}]}).encode()


class Server(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", str(len(BODY)))
        self.end_headers()
        self.wfile.write(BODY)

    def log_message(self, *args):
        pass


class Quiet(http.server.ThreadingHTTPServer):
    def handle_error(self, *args):  # a client that trusts nobody is part of the test
        pass


server = Quiet(("127.0.0.1", 0), Server)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(f"{scratch}/cert.pem", f"{scratch}/key.pem")
server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
threading.Thread(target=server.serve_forever, daemon=True).start()
conf = f"{scratch}/tls.conf"
with open(conf, "w") as f:
    for name, more in (("trusted", f"ca_file = {scratch}/cert.pem\ninterval = 1s\nmax_per_minute = 60\n"),
                       ("untrusted", ""), ("unverified", "verify_tls = no\n")):
        f.write(f"[canary {name}]\nbase_url = https://127.0.0.1:{server.server_address[1]}\n"
                f"model = m\nkey = none\n{more}")


def probe(name):
    code, out, err = run("canary", "--config", conf, "--target", name, "--once", "--json", "--intake", "off")
    return code, json.loads(out), err


code, seen, err = probe("trusted")
check(code == 0 and seen["verdict"] == "ok" and err == "", seen, err)
phases = [seen["phases_ms"][p] for p in ("dns", "connect", "tls", "sent", "headers", "total")]
check(phases == sorted(phases), "phases out of order", phases)
check(seen["connection"]["certificate_days"] == 29, seen["connection"])
check(seen["connection"]["http_version"] == "1.1" and not seen["connection"]["reused"], seen["connection"])
check("tls_verified" not in seen, seen)

code, seen, err = probe("untrusted")
check(code == 1 and seen["error_class"] == "connection", seen)
check(seen["event"]["error_type"] == "tls_self_signed" and seen["connection"]["cause"], seen)

code, seen, err = probe("unverified")
check(code == 0 and seen["verdict"] == "ok" and seen["tls_verified"] is False, seen)
check("unverified: TLS is not verified" in err, err)

# The second probe uses the connection of the first and needs no handshake.
log = f"{scratch}/log"
with open(log, "w") as f:
    child = start("canary", "--config", conf, "--target", "trusted", "--json", "--intake", "off", stdout=f,
                  stderr=subprocess.DEVNULL)


def lines():
    with open(log) as f:
        return [json.loads(line) for line in f if line.endswith("\n")]


wait_for("two probes", lambda: len(lines()) >= 2)
first, second = lines()[:2]
check(not first["connection"]["reused"] and second["connection"]["reused"], first, second)
check("tls" in first["phases_ms"] and "tls" not in second["phases_ms"], second)
child.terminate()
check(child.wait(10) == 0, "ended with", child.returncode)
print("ok")
