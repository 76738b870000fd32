#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes a random log in one shape, with everything that can happen in it.

usage: generate.py SEED SHAPE COUNT     shapes: native retry runbook review decisions otel canonical mixed

COUNT operations: retries, fallbacks, silence, late and repeated records, gaps, summaries,
canary traffic, clocks out of order, quoted values, refused records of every reason.  The
same arguments give the same bytes.  Nothing here decides what a record means: model.py does.
"""
import datetime
import json
import random
import sys

START = datetime.datetime(2026, 6, 13, 9, 0, 0, tzinfo=datetime.timezone.utc)
SHAPES = ("native", "retry", "runbook", "review", "decisions", "otel", "canonical")
MODELS = ("m-small", "m-large", "m-mini", None)
ROUTES = ("/v1/chat/completions", "/v1/responses", None)
STATUSES = (400, 401, 402, 403, 404, 408, 409, 413, 422, 429, 429, 500, 500, 502, 503, 503, 504,
            524, 529, 302, 199)
ERRORS = ("timeout", "read_timed_out", "DEADLINE_EXCEEDED", "connect_error", "dns_failure",
          "tls_handshake", "connection_reset", "refused", "network_down", "host_unreachable",
          "stream_closed", "Stream_Truncated", "content_filter", "content_policy_violation",
          "safety", "moderation_blocked", "insufficient_quota", "billing_hard_limit",
          "schema_validation", "json_parse", "validation_error", "auth_failed", "bad_api_key",
          "invalid_request_error", "bad_request", "rate_limit_exceeded", "rate_limited", "odd",
          "upstream_unavailable", "cancelled", "canceled", "client_cancelled", "none", "")
FINALS = ("success", "degraded", "caller_error", "auth_error", "transient_failure", "cancelled",
          "unknown", "no_such_word")


class Generator:
    def __init__(self, seed, shape):
        self.rng = random.Random("%s/%s" % (seed, shape))
        self.shape = shape
        self.events = []        # (milliseconds, order, record)
        self.ids = 0
        self.seq = {}
        self.repeats = []       # (line from which on, text)
        self.wrote = False      # the first record must have a time

    def chance(self, p):
        return self.rng.random() < p

    def put(self, ms, shape, record):
        self.events.append([ms, len(self.events), shape, record])

    def new_id(self):
        self.ids += 1
        return "op-%06x-%d" % (self.rng.getrandbits(24), self.ids)

    # ---- operations -------------------------------------------------------------------

    def attempt(self, op, n):
        r, rng = {"operation_id": op["id"], "attempt": n}, self.rng
        for k in ("service", "environment", "provider", "model_requested", "http_route",
                  "streaming", "synthetic", "service_version"):
            if op.get(k) is not None:
                r[k] = op[k]
        if self.chance(0.9):
            r["http_request_method"] = "POST"
        if self.chance(0.9):
            r["elapsed_ms"] = round(rng.uniform(0, 3000), rng.choice((0, 1, 3)))
        if self.chance(0.3):
            r["ttft_ms"] = round(rng.uniform(0, 900), 1)
        if self.chance(0.2):
            r["upstream_attempts"] = rng.randint(1, 4)
        if self.chance(0.2):
            r["max_attempts"] = rng.randint(1, 5)
        return r

    def fail(self, r):
        which = self.rng.random()
        if which < 0.55:
            r["http_response_status_code"] = self.rng.choice(STATUSES)
        elif which < 0.75:
            r["error_type"] = self.rng.choice(ERRORS)
        elif which < 0.9:
            r["http_response_status_code"] = self.rng.choice(STATUSES)
            r["error_type"] = self.rng.choice(ERRORS)
        elif which < 0.98:
            r["http_response_status_code"] = self.rng.choice((200, 204, 299))
            r["error_type"] = self.rng.choice(ERRORS)
        # else: neither; nobody knows what happened

    def succeed(self, r):
        r["http_response_status_code"] = self.rng.choice((200, 200, 200, 201))
        r["usage_seen"] = self.rng.choice((True, True, False, None))
        r["finish_reason_seen"] = self.rng.choice((True, True, False, None))

    def operation(self, ms, again=None):
        rng = self.rng
        op = {
            "id": again["id"] if again else self.new_id(), "service": rng.choice(("checkout", "search", None)),
            "environment": rng.choice(("prod", "staging", None)),
            "provider": rng.choice(("gw", None)), "model_requested": rng.choice(MODELS),
            "http_route": rng.choice(ROUTES), "streaming": rng.choice((True, False, None)),
            "service_version": rng.choice(("v1", "v2", None)),
        }
        if again["synthetic"] if again else self.chance(0.05):
            op["synthetic"] = True
        shape = rng.choice(SHAPES) if self.shape == "mixed" else self.shape
        if shape == "runbook" and self.chance(0.15):
            op["id"] = None
        op["emitter"] = rng.choice(("em-a", "em-b", None, None)) \
            if shape in ("native", "retry", "canonical") else None
        if shape == "native" and self.chance(0.06):
            ms = self.summary(op, ms, before=True)
        tries = rng.choice((1, 1, 1, 1, 2, 2, 3, 4, 6))
        n = 2 if self.chance(0.03) else 1
        for i in range(tries):
            r = self.attempt(op, n)
            ms += rng.randint(10, 3000)
            last = i == tries - 1
            if last and self.chance(0.75):
                self.succeed(r)
            else:
                self.fail(r)
            stop = self.decide(op, r, last)
            self.put(ms, shape, {"r": r, "emitter": op["emitter"]})
            if stop and not self.chance(0.06):
                break
            if self.chance(0.04):
                ms += rng.randint(130_000, 300_000)     # silence, then a late record
            n = 1 if self.chance(0.02) else n + (2 if self.chance(0.03) else 1)
        if shape in ("native", "review") and self.chance(0.2):
            ms = self.summary(op, ms)
            if self.chance(0.2):
                self.summary(op, ms)
        if op["id"] and not again and self.chance(0.06):
            self.operation(ms + rng.choice((20_000, 60_000, 150_000, 400_000)),
                           {"id": op["id"], "synthetic": op.get("synthetic")})

    def decide(self, op, r, last):
        """What the client did next; True where it thinks that was all."""
        rng = self.rng
        good = "usage_seen" in r
        if good:
            if self.chance(0.7):
                r["decision"] = "none"
            if self.chance(0.2):
                r["final_outcome"] = rng.choice(FINALS)
            return True
        if self.chance(0.05):
            return False                                # says nothing
        if self.chance(0.03):
            r["decision"] = rng.choice(("give_up", "NONE", "retry", "unknown"))
            return False
        if last:
            r["decision"] = rng.choice(("abort_error", "abort_timeout_budget", "degrade_cached",
                                        "none", "retry_same"))
            if self.chance(0.2):
                r["final_outcome"] = rng.choice(FINALS)
            return True
        r["decision"] = rng.choice(("retry_same", "retry_same", "fallback_secondary"))
        if self.chance(0.6):
            r["decision_reason"] = rng.choice(("http_503", "slow", "", "policy"))
        if self.chance(0.8):
            r["backoff_ms"] = rng.choice((0, 100, 250.5, 1000, rng.randint(1, 9000)))
        if r["decision"] == "fallback_secondary":
            if self.chance(0.8):
                r["fallback_target"] = rng.choice(("m-backup", "m-spare"))
                op["model_requested"] = r["fallback_target"]
        if self.chance(0.03):
            r["final_outcome"] = rng.choice(FINALS)
        return False

    def summary(self, op, ms, before=False):
        ms += self.rng.choice((0, 5, 2000, 2000, 140_000 if not before else 7))
        r = {"operation_id": op["id"], "final_outcome": self.rng.choice(FINALS)}
        if op["id"] is None:
            return ms
        if self.chance(0.6):
            r["attempts"] = self.rng.randint(0, 6)
        if op.get("synthetic"):
            r["synthetic"] = True
        self.put(ms, "summary", {"r": r, "emitter": op["emitter"]})
        return ms

    # ---- records ------------------------------------------------------------------------

    def time(self, ms):
        ms += self.rng.choice((0, 0, 0, 0, 0, 0, -1500, -20_000))      # clocks out of order
        t = START + datetime.timedelta(milliseconds=ms)
        style = self.rng.randrange(8)
        if style == 0:
            local = t + datetime.timedelta(hours=2)
            return local.strftime("%Y-%m-%dT%H:%M:%S.") + "%03d+02:00" % (ms % 1000)
        if style == 1:
            return t.strftime("%Y-%m-%d %H:%M:%S.%fz")
        return t.strftime("%Y-%m-%dT%H:%M:%S.") + "%03dZ" % (ms % 1000)

    def record(self, shape, r, ms):
        r = {k: v for k, v in r.items() if v is not None}
        stamp = "timestamp" if shape in ("runbook", "otel") and self.chance(0.7) else "ts"
        out = getattr(self, "to_" + shape)(r)
        if not self.chance(0.04) or not self.wrote:
            out[stamp] = self.time(ms)
        self.wrote = True
        return self.vary(out)

    def vary(self, o):
        """Other ways to say the same, and what must not matter."""
        rng = self.rng
        for k, v in list(o.items()):
            if isinstance(v, bool):
                if self.chance(0.1):
                    o[k] = "true" if v else "false"
            elif isinstance(v, (int, float)) and self.chance(0.1):
                o[k] = json.dumps(v)
            elif isinstance(v, int) and self.chance(0.05) and k != "seq":
                o[k] = float(v)
        if self.chance(0.05):
            o[rng.choice(("tenant", "response_object_type", "parent_operation_id"))] = \
                rng.choice((None, ""))
        if self.chance(0.05):
            o["x_unknown"] = rng.choice((1, [1, 2], {"a": {"b": 1}}, {"a": {"b": {}}}, None, "words"))
        if self.chance(0.04):
            o.update(rng.choice((
                {"prompt": "planted"}, {"meta": {"authorization": "planted"}},
                {"x.y.password": "planted"}, {"note": "see sk-" + "0" * 20},
                {"note": "Bearer planted-planted"}, {"x": ["sk-" + "a" * 16]},
                {"messages": [{"role": "none"}]}, {"price": 0.25})))
        elif self.chance(0.04):
            o.update(rng.choice(({"prompt": ""}, {"messages": None}, {"note": "ask-me-sk-short"},
                                 {"note": "task-" + "0" * 20}, {"input_tokens": 5})))
        items = list(o.items())
        if self.chance(0.3):
            rng.shuffle(items)
        return dict(items)

    @staticmethod
    def to_native(r):
        return {"schema": "llm-attempt/v1", **r}

    def to_canonical(self, r):
        """A record that was read before: in native names, with where it came from."""
        o = {"schema": "llm-attempt/v1", **r}
        origin = sum(r.get("operation_id", "").encode()) % len(SHAPES)
        origin = ("native", "retry", "runbook", "review", "decisions", "otel", "")[origin]
        if origin:
            o["source_shape"] = origin
        if origin == "otel":
            for k in ("decision", "final_outcome"):
                o.pop(k, None)
        if origin == "decisions":
            o.pop("final_outcome", None)
            if o.get("decision") in (None, "retry_same", "fallback_secondary"):
                o["followup_outcome"] = self.rng.choice(("success", "degraded", "unknown", ""))
        return o

    def to_summary(self, r):
        if self.shape == "native" or "attempts" in r or self.chance(0.5):
            return {"schema": "llm-operation/v1", **r}
        return dict(r)

    def to_retry(self, r):
        o = {"event": "llm_call_attempt"}
        if "operation_id" in r:
            o["request_id"] = r["operation_id"]
        if "http_route" in r:
            o["endpoint"] = "POST " + r["http_route"]
        if "http_response_status_code" in r:
            o["http_status"] = r["http_response_status_code"]
        o["outcome"] = {"none": "success", "retry_same": "retry_scheduled",
                        "fallback_secondary": "retry_scheduled"}.get(r.get("decision"), "failed")
        if "usage_seen" in r:
            o["outcome"] = "success"
        for k in ("attempt", "max_attempts", "error_type", "elapsed_ms", "backoff_ms", "service",
                  "environment", "model_requested", "streaming", "usage_seen", "synthetic",
                  "upstream_attempts", "emitter", "seq"):
            if k in r:
                o[k] = r[k]
        if "error_type" not in r:
            o["error_type"] = None
        return o

    def to_runbook(self, r):
        o = {"retry_attempt": r["attempt"] - 1}
        good = "usage_seen" in r
        o["client_result"] = "success" if good else "failure"
        if good or (r.get("decision") != "retry_same" and self.chance(0.6)):
            o["terminal_outcome"] = "returned" if good else "failed_after_retry"
        elif self.chance(0.2):
            o["terminal_outcome"] = ""
        if self.chance(0.9):
            o["retry_budget_remaining"] = self.rng.randint(0, 2)
        names = {"provider": "provider_route", "http_request_method": "http_method",
                 "http_response_status_code": "http_status_code",
                 "backoff_ms": "backoff_applied_ms"}
        for k in ("provider", "http_request_method", "http_response_status_code", "backoff_ms",
                  "environment", "http_route", "error_type", "operation_id", "elapsed_ms",
                  "service", "synthetic", "upstream_attempts"):
            if k in r:
                o[names.get(k, k)] = r[k]
        return o

    def to_review(self, r):
        o = {"operation_id": r.get("operation_id"), "attempt_index": r["attempt"]}
        decision = r.get("decision")
        if "usage_seen" in r:
            o["retry_decision"] = self.rng.choice(("not_retried", "final_attempt"))
            o["final_outcome"] = "success"
        elif decision in ("retry_same", "fallback_secondary", None):
            o["retry_decision"] = "retried"
            o["final_outcome"] = self.rng.choice(("unknown", "transient_failure", "success"))
        else:
            o["retry_decision"] = self.rng.choice(("not_retried", "final_attempt"))
            o["final_outcome"] = self.rng.choice(FINALS)
        names = {"http_route": "request_route", "decision_reason": "retry_reason"}
        for k in ("http_route", "decision_reason", "http_request_method", "backoff_ms",
                  "http_response_status_code", "error_type", "elapsed_ms", "usage_seen",
                  "finish_reason_seen", "service", "synthetic", "upstream_attempts",
                  "streaming"):
            if k in r:
                o[names.get(k, k)] = r[k]
        if self.chance(0.3):
            for k, v in o.items():
                if v is not None and not isinstance(v, str):
                    o[k] = json.dumps(v)
        return o

    def to_decisions(self, r):
        rng = self.rng
        o = {"schema": "fallback-decision-log/v1", "correlation_id": r.get("operation_id"),
             "attempt_number": r["attempt"]}
        status = r.get("http_response_status_code")
        if status is None or status < 300:
            kind = rng.choice(("timeout", "connection_error", "stream_interrupted"))
            trigger = {"type": kind}
            if kind == "timeout" and self.chance(0.3):
                trigger["http_status"] = 504
        else:
            trigger = {"type": "http_status", "http_status": status}
        if "elapsed_ms" in r:
            trigger["elapsed_ms"] = r["elapsed_ms"]
        o["trigger"] = trigger
        o["decision"] = r.get("decision")
        if o["decision"] == "none":
            o["decision"] = "abort_error"
        o["outcome"] = rng.choice(("success", "degraded", "continued_failure",
                                   "continued_failure", None))
        n = r["attempt"]
        if self.chance(0.5):
            o["model_id_attempt_%d" % n] = r.get("model_requested")
        if self.chance(0.5):
            o["model_id_attempt_%d" % (n + 1)] = rng.choice(("m-backup", "m-spare"))
        if "http_route" in r:
            o["endpoint_path"] = r["http_route"]
        if "backoff_ms" in r:
            o["backoff_wait_ms"] = r["backoff_ms"]
        for k in ("streaming", "service", "synthetic", "environment", "decision_reason"):
            if k in r:
                o[k] = r[k]
        return o

    def to_otel(self, r):
        names = {"http_response_status_code": "http.response.status_code",
                 "error_type": "error.type", "model_requested": "gen_ai.request.model",
                 "streaming": "gen_ai.request.stream", "service": "service.name",
                 "service_version": "service.version",
                 "environment": "deployment.environment.name"}
        o = {"http.request.method": "POST"}
        for k, name in names.items():
            if k in r:
                o[name] = r[k]
        if "operation_id" in r:
            # One way to name an operation each, whatever else is there.
            way = sum(r["operation_id"].encode()) % 3
            o[("operation_id", "parent_span_id", "trace_id")[way]] = r["operation_id"]
            if way == 1:
                o["trace_id"] = "t-%d" % self.rng.randrange(10)
        if r["attempt"] > 1:
            o["http.request.resend_count"] = r["attempt"] - 1
        if "http_route" in r:
            o[self.rng.choice(("url.template", "http.route"))] = r["http_route"]
        if r.get("usage_seen"):
            o[self.rng.choice(("gen_ai.usage.input_tokens",
                               "gen_ai.usage.output_tokens"))] = self.rng.randrange(900)
        if r.get("finish_reason_seen"):
            o["gen_ai.response.finish_reasons"] = ["stop"]
        if "ttft_ms" in r:
            o["gen_ai.response.time_to_first_chunk"] = round(r["ttft_ms"] / 1000, 4)
        if "synthetic" in r:
            o["synthetic"] = r["synthetic"]
        return o

    # ---- what is wrong with some -----------------------------------------------------------

    def refused(self, shape, o):
        """One thing wrong; None where this shape has no such thing."""
        rng, o = self.rng, dict(o)
        ids = {"retry": "request_id", "decisions": "correlation_id"}.get(shape, "operation_id")
        attempt = {"runbook": "retry_attempt", "review": "attempt_index", "otel":
                   "http.request.resend_count", "decisions": "attempt_number"}.get(shape, "attempt")
        status = {"retry": "http_status", "runbook": "http_status_code",
                  "otel": "http.response.status_code"}.get(shape, "http_response_status_code")
        if shape == "decisions":
            status = "requeue_count"
        kind = rng.randrange(8)
        o.pop("x_unknown", None)
        if kind == 0:
            text = json.dumps(o)
            return rng.choice((text[:-1] + ",}", text[:-1] + ', "x": NaN}',
                               text[:-1] + ', "x": -Infinity}', text[:-1] + ', "x": "a\tb"}',
                               text[:-1] + ', "x": 01}', text[:-1] + ", x: 1}"))
        if kind == 1:
            if shape in ("native", "retry", "decisions", "canonical"):
                o.pop(rng.choice((ids, attempt)), None)
            elif shape == "review":
                o[attempt] = rng.choice((None, ""))
            elif shape == "otel":
                for k in ("operation_id", "parent_span_id", "trace_id"):
                    o.pop(k, None)
            elif shape == "summary" and "schema" in o:
                o["final_outcome"] = rng.choice((None, ""))
            else:
                return None
        elif kind == 2:
            o.update(rng.choice(({attempt: 1.5}, {attempt: "many"}, {attempt: True},
                                 {status: "ok"}, {status: [503]}, {"ts": "yesterday"}))
                     if shape != "summary" else {"attempts": "many"})
            if "ts" in o:
                o.pop("timestamp", None)
        elif kind == 3:
            o.update(rng.choice(({attempt: -1}, {attempt: 2**31}, {status: -7}, {status: 2**40}))
                     if shape != "summary" else {"attempts": -1})
        elif kind == 4:
            o["padding"] = "x" * 8192
        elif kind == 5:
            o["deep"] = {"a": {"b": {"c": {}}}}
        elif kind == 6:
            return rng.choice(('{"hello": 1}', "{}", '{"operation_id": "x", "attempt": 1}'))
        else:
            o["schema"] = rng.choice(("llm-attempt/v9", "something/v1"))
        return json.dumps(o)

    def lines(self, count):
        ms = 0
        for _ in range(count):
            ms += self.rng.choice((10, 200, 1000, 3000)) if self.chance(0.98) else 200_000
            self.operation(ms)
        self.events.sort()
        out = []
        for ms, _, shape, e in self.events:
            r = dict(e["r"])
            if e["emitter"] and (shape != "summary" or self.chance(0.5)):
                s = self.seq[e["emitter"]] = self.seq.get(e["emitter"], 0) + 1
                r["emitter"], r["seq"] = e["emitter"], s
                if out and s > 1 and self.chance(0.04):
                    continue                            # lost on the way
            o = self.record(shape, r, ms)
            text = json.dumps(o, ensure_ascii=self.chance(0.5))
            out.append(text)
            if "seq" in r and self.chance(0.08):        # delivered again, perhaps later
                self.repeats.append((len(out) + self.rng.choice((0, 1, 5, 30)), text))
                self.repeats.sort()
            if len(out) > 2 and self.chance(0.05):      # one overtakes another
                out[-1], out[-2] = out[-2], out[-1]
            while self.repeats and self.repeats[0][0] <= len(out):
                out.append(self.repeats.pop(0)[1])
            if self.chance(0.06):
                o.pop("emitter", None)
                o.pop("seq", None)
                for k in ("ts", "timestamp"):
                    o.pop(k, None)
                bad = self.refused(shape, o)
                if bad:
                    out.append(bad)
            if self.chance(0.02):
                out.append(self.rng.choice(("", "  ")))
        if self.chance(0.5):                            # the file ends in the middle
            del out[-max(1, len(out) // 5):]
        return out


def generate(seed, shape, count):
    return Generator(seed, shape).lines(count)


def main():
    if len(sys.argv) != 4 or sys.argv[2] not in SHAPES + ("mixed",):
        sys.exit(__doc__)
    for line in generate(sys.argv[1], sys.argv[2], int(sys.argv[3])):
        sys.stdout.buffer.write(line.encode("utf-8") + b"\n")


if __name__ == "__main__":
    main()
