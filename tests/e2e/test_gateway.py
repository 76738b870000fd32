#!/usr/bin/python3
"""Each fault is really induced: asked of a running gateway over plain sockets."""
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
import unittest
from email.utils import parsedate_to_datetime

PROGRAM = os.environ["RT_PROGRAM"]
CHAT = "/v1/chat/completions"
RESPONSES = "/v1/responses"


class Gateway:
    def __init__(self, *args):
        self.process = subprocess.Popen(
            [PROGRAM, "gateway", "--listen", "127.0.0.1:0", *args],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.url = self.process.stdout.readline().strip()
        assert self.url.startswith("http://127.0.0.1:"), self.process.stderr.read()
        self.port = int(self.url.rsplit(":", 1)[1])

    def connect(self, timeout=5):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)

    def post(self, body, path=CHAT, headers=None, timeout=5):
        """Status, headers in lower case, body."""
        c = self.connect(timeout)
        if not isinstance(body, (str, bytes)):
            body = json.dumps(body)
        try:
            c.request("POST", path, body, headers or {})
            r = c.getresponse()
            return r.status, {k.lower(): v for k, v in r.getheaders()}, r.read()
        finally:
            c.close()

    def control(self, method, text=None):
        c = self.connect()
        try:
            c.request(method, "/__faults", text)
            r = c.getresponse()
            return r.status, json.loads(r.read())
        finally:
            c.close()

    def rules(self, *lines):
        status, answer = self.control("POST", "\n".join(lines))
        assert status == 200, answer
        return answer

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout=5)
        out, err = self.process.stdout.read(), self.process.stderr.read()
        self.process.stdout.close()
        self.process.stderr.close()
        return code, out, err


def chat(model="m", **more):
    return {"model": model, "messages": [{"role": "user", "content": "ping"}], **more}


def stream(model="m", **more):
    return chat(model, stream=True, stream_options={"include_usage": True}, **more)


def responses(model="m", **more):
    return {"model": model, "input": "ping", **more}


def data_of(body):
    return [e[6:] for e in body.decode().split("\n\n") for e in e.split("\n") if e.startswith("data: ")]


class Case(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.g = Gateway()

    @classmethod
    def tearDownClass(cls):
        code, _, err = cls.g.end()
        assert (code, err) == (0, ""), (code, err)

    def setUp(self):
        self.g.control("DELETE")

    # -- sound answers

    def test_plain_chat_is_complete(self):
        status, headers, body = self.g.post(chat("m-x"))
        o = json.loads(body)
        self.assertEqual(status, 200)
        self.assertEqual(headers["content-type"], "application/json")
        self.assertEqual((o["object"], o["model"]), ("chat.completion", "m-x"))
        self.assertEqual(o["choices"][0]["finish_reason"], "stop")
        self.assertEqual(o["usage"]["total_tokens"], 22)

    def test_streamed_chat_ends_with_usage_and_done(self):
        status, headers, body = self.g.post(stream())
        events = data_of(body)
        self.assertEqual(headers["content-type"], "text/event-stream")
        self.assertEqual(events[-1], "[DONE]")
        self.assertEqual(json.loads(events[-2])["choices"], [])
        self.assertIn("usage", json.loads(events[-2]))
        text = "".join(json.loads(e)["choices"][0]["delta"].get("content", "") for e in events[:-2])
        self.assertEqual(text, "This is a synthetic answer of the fault gateway.")

    def test_usage_in_a_stream_comes_only_where_asked_for(self):
        body = self.g.post(chat(stream=True))[2]
        self.assertNotIn(b"usage", body)

    def test_responses_plain_and_streamed(self):
        o = json.loads(self.g.post(responses(), RESPONSES)[2])
        self.assertEqual((o["object"], o["status"]), ("response", "completed"))
        self.assertIn("usage", o)
        body = self.g.post(responses(stream=True), RESPONSES)[2].decode()
        self.assertIn("event: response.created\n", body)
        self.assertIn("event: response.completed\n", body)
        numbers = [json.loads(d)["sequence_number"] for d in data_of(body.encode())]
        self.assertEqual(numbers, list(range(len(numbers))))

    def test_health(self):
        c = self.g.connect()
        c.request("GET", "/healthz")
        self.assertEqual(json.loads(c.getresponse().read()), {"status": "ok"})
        c.close()

    # -- requests that are wrong by themselves

    def test_wrong_requests_are_refused_in_the_usual_form(self):
        for body, path, status, code in (
                ('{"model":', CHAT, 400, "invalid_json"),
                ("[]", CHAT, 400, "invalid_json"),
                ("", CHAT, 400, "invalid_json"),
                ({"messages": [1]}, CHAT, 400, "missing_field"),
                ({"model": "", "messages": [1]}, CHAT, 400, "missing_field"),
                ({"model": "m"}, CHAT, 400, "missing_field"),
                ({"model": "m", "messages": []}, CHAT, 400, "missing_field"),
                ({"model": "m", "input": ""}, RESPONSES, 400, "missing_field"),
                (chat(), "/v1/nope", 404, "not_found"),
                (chat(), "/healthz", 405, "method_not_allowed"),
                (b"x" * ((1 << 20) + 1), CHAT, 413, "too_large")):
            got, _, answer = self.g.post(body, path)
            error = json.loads(answer)["error"]
            self.assertEqual((got, error["code"]), (status, code), body[:40] if isinstance(body, str) else path)
            self.assertEqual(set(error), {"message", "type", "code"})

    def test_a_body_of_exactly_the_limit_is_read(self):
        o = json.dumps(chat())
        self.assertEqual(self.g.post(o + " " * ((1 << 20) - len(o)))[0], 200)

    def test_a_body_far_over_the_limit_ends_the_connection(self):
        with self.assertRaises((ConnectionError, http.client.BadStatusLine)):
            self.g.post(b"x" * (16 << 20))

    # -- faults before or instead of an answer

    def test_status_with_an_error_object(self):
        for status in (400, 401, 403, 429, 500, 502, 503, 504, 529):
            self.g.rules(f"status={status}")
            got, _, body = self.g.post(stream())
            self.assertEqual(got, status)
            self.assertTrue(json.loads(body)["error"]["code"])
        self.g.rules("status=429 code=insufficient_quota")
        self.assertEqual(json.loads(self.g.post(chat())[2])["error"]["code"], "insufficient_quota")

    def test_retry_after_in_seconds_dates_and_milliseconds(self):
        self.g.rules("status=429 retry_after=2 retry_after_ms=1500 should_retry=no")
        headers = self.g.post(chat())[1]
        self.assertEqual(headers["retry-after"], "2")
        self.assertEqual(headers["retry-after-ms"], "1500")
        self.assertEqual(headers["x-should-retry"], "false")
        for seconds in (30, -30):
            self.g.rules(f"status=429 retry_after=date{seconds:+d}")
            at = parsedate_to_datetime(self.g.post(chat())[1]["retry-after"]).timestamp()
            self.assertAlmostEqual(at - time.time(), seconds, delta=2)
        self.g.rules("status=429")
        self.assertNotIn("retry-after", self.g.post(chat())[1])

    def test_delay_holds_the_headers_back(self):
        self.g.rules("delay=300ms")
        began = time.monotonic()
        self.assertEqual(self.g.post(chat())[0], 200)
        self.assertGreaterEqual(time.monotonic() - began, 0.3)

    def test_delays_do_not_queue_behind_each_other(self):
        self.g.rules("delay=400ms")
        began = time.monotonic()
        connections = [self.g.connect() for _ in range(50)]
        for c in connections:
            c.request("POST", CHAT, json.dumps(chat()))
        for c in connections:
            self.assertEqual(c.getresponse().status, 200)
            c.close()
        self.assertLess(time.monotonic() - began, 2)

    def test_reset_before_any_answer(self):
        self.g.rules("fault=reset")
        with self.assertRaises(ConnectionResetError):
            self.g.post(chat())

    def test_html_empty_malformed_and_error_bodies(self):
        self.g.rules("fault=html")
        status, headers, body = self.g.post(chat())
        self.assertTrue(status == 200 and headers["content-type"].startswith("text/html"))
        self.assertIn(b"<html>", body)
        self.g.rules("fault=html status=502")
        self.assertEqual(self.g.post(chat())[0], 502)
        self.g.rules("fault=empty")
        self.assertEqual(self.g.post(chat())[::2], (200, b""))
        self.g.rules("fault=malformed")
        for body in (chat(), responses()):
            with self.assertRaises(ValueError):
                json.loads(self.g.post(body, RESPONSES if "input" in body else CHAT)[2])
        self.g.rules("fault=error_body")
        status, _, body = self.g.post(chat())
        self.assertTrue(status == 200 and "error" in json.loads(body))

    def test_usage_and_finish_marker_go_missing(self):
        self.g.rules("fault=no_usage")
        self.assertNotIn("usage", json.loads(self.g.post(chat())[2]))
        self.assertNotIn(b"usage", self.g.post(stream())[2])
        self.g.rules("fault=null_usage")
        self.assertIsNone(json.loads(self.g.post(chat())[2])["usage"])
        self.g.rules("fault=no_finish")
        self.assertIsNone(json.loads(self.g.post(chat())[2])["choices"][0]["finish_reason"])
        self.assertNotIn(b'"stop"', self.g.post(stream())[2])
        self.g.rules("fault=usage_twice")
        self.assertEqual(self.g.post(stream())[2].count(b'"usage"'), 2)

    def test_odd_bytes(self):
        self.g.rules("fault=bom")
        self.assertTrue(self.g.post(chat())[2].startswith(b"\xef\xbb\xbf{"))
        self.g.rules("fault=cr_only")
        body = self.g.post(stream())[2]
        self.assertTrue(b"\n" not in body and body.endswith(b"data: [DONE]\r\r"))
        self.g.rules("fault=bytes")
        self.assertIn("usage", json.loads(self.g.post(chat())[2]))
        self.assertEqual(data_of(self.g.post(stream())[2])[-1], "[DONE]")
        self.g.rules("fault=long_line")
        body = self.g.post(stream())[2]
        self.assertTrue(body.startswith(b"x" * (10 << 20)) and body.endswith(b"data: [DONE]\n\n"))

    # -- faults of streams

    def test_stream_reset(self):
        self.g.rules("fault=stream_reset after=2")
        c = self.g.connect()
        c.request("POST", CHAT, json.dumps(stream()))
        r = c.getresponse()
        got = b""
        with self.assertRaises(ConnectionResetError):
            while True:
                piece = r.read1(65536)
                self.assertTrue(piece, "an orderly end")
                got += piece
        self.assertEqual(len(data_of(got)), 3)
        c.close()

    def test_stream_ends_without_its_terminal(self):
        self.g.rules("fault=stream_end after=2")
        events = data_of(self.g.post(stream())[2])
        self.assertEqual(len(events), 3)
        self.assertNotIn("[DONE]", events)
        self.assertNotIn("response.completed", self.g.post(responses(stream=True), RESPONSES)[2].decode())

    def test_error_in_the_stream(self):
        self.g.rules("fault=stream_error code=overloaded")
        status, _, body = self.g.post(stream())
        self.assertEqual(status, 200)
        self.assertEqual(json.loads(data_of(body)[-1])["error"]["code"], "overloaded")

    def test_last_event_without_its_blank_line(self):
        self.g.rules("fault=stream_residue")
        body = self.g.post(stream())[2]
        self.assertTrue(body.endswith(b"}") and b"[DONE]" not in body)

    def test_stall_between_tokens(self):
        self.g.rules("fault=stall hold=400ms")
        began = time.monotonic()
        self.assertEqual(data_of(self.g.post(stream())[2])[-1], "[DONE]")
        self.assertGreaterEqual(time.monotonic() - began, 0.4)
        self.g.rules("fault=stall hold=30s")
        with self.assertRaises(TimeoutError):
            self.g.post(stream(), timeout=0.5)

    def test_heartbeats_only(self):
        self.g.rules("fault=heartbeats hold=400ms")
        body = self.g.post(stream())[2].decode()
        self.assertEqual(body.count(": still here"), 40)
        self.assertEqual(len(data_of(body.encode())), 1)

    def test_malformed_event(self):
        self.g.rules("fault=malformed")
        with self.assertRaises(ValueError):
            json.loads(data_of(self.g.post(stream())[2])[-1])

    def test_responses_that_fail_or_stay_incomplete(self):
        for fault in ("failed", "incomplete"):
            self.g.rules(f"fault={fault}")
            self.assertEqual(json.loads(self.g.post(responses(), RESPONSES)[2])["status"], fault)
            body = self.g.post(responses(stream=True), RESPONSES)[2].decode()
            self.assertIn(f"event: response.{fault}\n", body)
            self.assertEqual(self.g.post(chat())[0], 200)

    # -- rules and control

    def test_first_so_many_then_pass(self):
        self.g.rules("status=503 times=2")
        self.assertEqual([self.g.post(chat())[0] for _ in range(4)], [503, 503, 200, 200])

    def test_rules_by_path_model_and_header(self):
        self.g.rules("path=/v1/responses status=500", "model=m-x status=501", "header=x-team:a status=502")
        self.assertEqual(self.g.post(responses(), RESPONSES)[0], 500)
        self.assertEqual(self.g.post(chat("m-x"))[0], 501)
        self.assertEqual(self.g.post(chat(), headers={"X-Team": "a"})[0], 502)
        self.assertEqual(self.g.post(chat(), headers={"X-Team": "b"})[0], 200)

    def test_control_lists_counts_refuses_and_clears(self):
        self.g.rules("model=a status=500", "# comment", "status=503 times=1")
        self.g.post(chat())
        self.g.post(chat())
        rules = self.g.control("GET")[1]["rules"]
        self.assertEqual(rules, [
            {"rule": "model=a status=500", "matched": 0, "induced": 0},
            {"rule": "status=503 times=1", "matched": 2, "induced": 1}])
        status, answer = self.g.control("POST", "status=503\nrate=2 status=503")
        self.assertEqual(status, 400)
        self.assertIn("line 2, key rate: rate must be a number from 0 to 1", answer["error"]["message"])
        self.assertEqual(len(self.g.control("GET")[1]["rules"]), 2)
        self.assertEqual(self.g.control("DELETE")[1]["rules"], [])
        self.assertEqual(self.g.post(chat())[0], 200)


class Starting(unittest.TestCase):
    def refused(self, *args):
        r = subprocess.run([PROGRAM, "gateway", *args], capture_output=True, text=True, timeout=10)
        return r.returncode, r.stderr

    def test_the_dice_are_the_same_for_a_seed(self):
        seen = []
        for seed in ("5", "5", "6"):
            g = Gateway("--seed", seed, "--fault", "status=503 rate=0.5")
            seen.append([g.post(chat())[0] for _ in range(30)])
            self.assertEqual(g.end()[0], 0)
        self.assertEqual(seen[0], seen[1])
        self.assertNotEqual(seen[0], seen[2])
        self.assertEqual(set(seen[0]), {200, 503})

    def test_a_key_can_be_required(self):
        g = Gateway("--require-key")
        self.assertEqual(g.post(chat())[0], 401)
        self.assertEqual(g.post(chat(), headers={"Authorization": "Bearer invalid"})[0], 401)
        self.assertEqual(g.post(chat(), headers={"Authorization": "Bearer k"})[0], 200)
        self.assertEqual(g.end(), (0, "", ""))

    def test_latency_makes_answers_take_time(self):
        g = Gateway("--latency", "200ms")
        began = time.monotonic()
        for _ in range(5):
            g.post(chat())
        self.assertGreater(time.monotonic() - began, 0.3)
        self.assertEqual(g.end()[0], 0)

    def test_refusals_say_what_would_be_right(self):
        code, err = self.refused("--fault", "status=5x3")
        self.assertEqual(code, 64)
        self.assertIn("status must be a status from 200 to 599", err)
        code, err = self.refused("--listen", "0.0.0.0:0")
        self.assertEqual(code, 64)
        self.assertIn("--insecure", err)
        self.assertEqual(self.refused("--listen", "example.com:80")[0], 64)
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            code, err = self.refused("--listen", f"127.0.0.1:{taken.getsockname()[1]}")
        self.assertEqual(code, 74)
        self.assertIn("in use", err)

    def test_ends_at_once_with_connections_held_open(self):
        g = Gateway("--fault", "stream=yes fault=stall hold=60s", "--fault", "delay=60s")
        held = [g.connect() for _ in range(20)]
        for i, c in enumerate(held):
            c.request("POST", CHAT, json.dumps(stream() if i % 2 else chat()))
        deadline = time.monotonic() + 5
        while g.control("GET")[1]["waiting"] < 20:
            self.assertLess(time.monotonic(), deadline, "waiting for 20 held connections")
        began = time.monotonic()
        self.assertEqual(g.end(), (0, "", ""))
        self.assertLess(time.monotonic() - began, 1)
        for c in held:
            c.close()

    def test_clients_that_give_up_leave_their_places(self):
        g = Gateway("--fault", "stream=yes fault=stall hold=60s", "--fault", "delay=60s")
        for i in range(300):  # more than there are places
            c = g.connect()
            c.request("POST", CHAT, json.dumps(stream() if i % 2 else chat()))
            if i % 2:
                self.assertEqual(c.getresponse().status, 200)
            c.close()
        deadline = time.monotonic() + 5
        while g.control("GET")[1]["waiting"] > 0:
            self.assertLess(time.monotonic(), deadline, "waiting for the places to be free")
        self.assertEqual(g.end(), (0, "", ""))

    def test_ready_fd_gets_its_byte_after_the_url(self):
        read, write = os.pipe()
        p = subprocess.Popen([PROGRAM, "gateway", "--listen", "127.0.0.1:0", "--ready-fd", str(write)],
                             pass_fds=[write], stdout=subprocess.PIPE, text=True)
        os.close(write)
        self.assertEqual(os.read(read, 8), b"1")
        self.assertTrue(p.stdout.readline().startswith("http://"))
        p.terminate()
        self.assertEqual(p.wait(5), 0)
        p.stdout.close()
        os.close(read)


if __name__ == "__main__":
    unittest.main(verbosity=1)
