#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The numbers of a replay, computed a second time and another way.

usage: model.py FILE...      prints the report keys that it knows as JSON

Written from the description of the formats and of the numbers, not from the program:
where both agree, two readings of the same words agree.  Simple on purpose: whole
objects in dictionaries, no bounds, one pass.  Several operations tables, evictions,
series, latencies and the audit are left to other tests.  Records are one a line.
"""
import datetime
import json
import re
import sys

TIMEOUT_US = 120 * 1_000_000
RECORD_MAX = 8192
DEPTH_MAX = 4
INT_MAX = 2**31 - 1
SEQ_MAX = 2**63 - 1
MS_MAX = 2_678_400_000

# name: (type, lowest, highest); for text the highest is its length
FIELDS = {
    "operation_id": ("text", 1, 128), "attempt": ("int", 1, INT_MAX),
    "max_attempts": ("int", 1, INT_MAX), "service": ("text", 1, 64),
    "service_version": ("text", 1, 64), "environment": ("text", 1, 64),
    "tenant": ("text", 1, 64), "provider": ("text", 1, 64),
    "http_request_method": ("text", 1, 64), "http_route": ("text", 1, 128),
    "http_response_status_code": ("int", 100, 599), "error_type": ("text", 1, 64),
    "elapsed_ms": ("ms", 0, MS_MAX), "ttft_ms": ("ms", 0, MS_MAX),
    "decision": ("word", 0, 0), "decision_reason": ("text", 1, 64),
    "backoff_ms": ("ms", 0, MS_MAX), "retry_after_ms": ("ms", 0, MS_MAX),
    "retry_budget_remaining": ("int", 0, INT_MAX), "timeout_budget_ms": ("ms", 0, MS_MAX),
    "fallback_target": ("text", 1, 128), "model_requested": ("text", 1, 128),
    "model_returned": ("text", 1, 128), "streaming": ("bool", 0, 0),
    "stream_committed": ("bool", 0, 0), "finish_reason_seen": ("bool", 0, 0),
    "usage_seen": ("bool", 0, 0), "response_object_type": ("text", 1, 64),
    "final_outcome": ("word", 0, 0), "upstream_request_id": ("text", 1, 128),
    "upstream_attempts": ("int", 1, INT_MAX), "parent_operation_id": ("text", 1, 128),
    "requeue_count": ("int", 0, INT_MAX), "synthetic": ("bool", 0, 0),
    "probe_dns_ms": ("ms", 0, MS_MAX), "probe_connect_ms": ("ms", 0, MS_MAX),
    "probe_tls_ms": ("ms", 0, MS_MAX), "probe_first_byte_ms": ("ms", 0, MS_MAX),
    "probe_requests_left": ("int", 0, INT_MAX), "probe_tokens_left": ("int", 0, INT_MAX),
    "probe_pause": ("text", 1, 64), "probe_pause_ms": ("ms", 0, MS_MAX),
    "emitter": ("text", 1, 64), "seq": ("int", 1, SEQ_MAX), "attempts": ("int", 0, INT_MAX),
}
DECISIONS = ("none", "retry_same", "fallback_secondary", "degrade_cached", "abort_error",
             "abort_timeout_budget")
TERMINAL = ("none", "degrade_cached", "abort_error", "abort_timeout_budget")
OUTCOMES = ("success", "degraded", "caller_error", "auth_error", "transient_failure", "cancelled")
SENSITIVE = set("""prompt messages input completion content output text body request_body
    response_body headers cookie api_key authorization password secret user email customer_id
    account_id price""".split())
SECRET = re.compile(r"(?<![A-Za-z0-9_])(sk-[A-Za-z0-9_-]{16}|Bearer \S{8}"
                    r"|eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+)")
UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2064\u2066-\u206f"
                    "\ufeff\ud800-\udfff]")
TIME = re.compile(r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(\.\d+)?([Zz]|[+-]\d\d:\d\d)\Z")
NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?\Z")


class Rejected(Exception):
    pass


# ---- reading -----------------------------------------------------------------------------

def absent(v):
    return v is None or v == ""


def depth(v):
    if isinstance(v, dict):
        return 1 + max([depth(x) for x in v.values()], default=0)
    if isinstance(v, list):
        return 1 + max([depth(x) for x in v], default=0)
    return 0


def parse(line):
    """bytes of one line to an object"""
    if len(line) > RECORD_MAX:
        raise Rejected("too_large")

    def constant(_):
        raise ValueError("no such number")
    try:
        o = json.loads(line.decode("utf-8", "replace"), parse_constant=constant)
    except (ValueError, RecursionError):
        raise Rejected("not_json") from None
    if not isinstance(o, dict):
        raise Rejected("not_json")
    if depth(o) > DEPTH_MAX:
        raise Rejected("too_deep")
    return o


def redact(o):
    """Copy without content and credentials; and whether there was any."""
    found = False

    def walk(v):
        nonlocal found
        if isinstance(v, dict):
            out = {}
            for k, x in v.items():
                if k.rsplit(".", 1)[-1] in SENSITIVE and x not in (None, ""):
                    found = True
                elif isinstance(x, str) and SECRET.search(x):
                    found = True
                    if k in ("operation_id", "request_id", "correlation_id"):
                        raise Rejected("bad_type")
                else:
                    out[k] = walk(x)
            return out
        if isinstance(v, list):
            out = []
            for x in v:
                if isinstance(x, str) and SECRET.search(x):
                    found = True
                else:
                    out.append(walk(x))
            return out
        return v
    return walk(o), found


def to_number(v):
    if isinstance(v, bool):
        raise Rejected("bad_type")
    if isinstance(v, str):
        if not NUMBER.match(v):
            raise Rejected("bad_type")
        return float(v) if re.search("[.eE]", v) else int(v)
    if not isinstance(v, (int, float)):
        raise Rejected("bad_type")
    return v


def typed(name, v):
    kind, low, high = FIELDS[name]
    if kind in ("int", "ms"):
        n = to_number(v)
        if kind == "int":
            if n != int(n):
                raise Rejected("bad_type")
            n = int(n)
        if not low <= n <= high:
            raise Rejected("out_of_range")
        return n
    if kind == "bool":
        if isinstance(v, bool):
            return v
        if v in ("true", "false"):
            return v == "true"
        raise Rejected("bad_type")
    if not isinstance(v, str):
        raise Rejected("bad_type")
    v = UNSAFE.sub("\ufffd", v)
    if kind == "text" and len(v) > high:
        raise Rejected("out_of_range")
    return v


def to_time(v):
    m = TIME.match(v) if isinstance(v, str) else None
    if not m:
        raise Rejected("bad_type")
    y, mo, d, h, mi, s = (int(x) for x in m.groups()[:6])
    try:
        t = datetime.datetime(y, mo, d, h, mi, min(s, 59), tzinfo=datetime.timezone.utc)
    except ValueError:
        raise Rejected("bad_type") from None
    us = int((t - datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc))
             .total_seconds()) * 1_000_000
    us += int(((m.group(7) or ".0")[1:] + "000000")[:6])
    zone = m.group(8)
    if zone not in "Zz":
        minutes = int(zone[1:3]) * 60 + int(zone[4:6])
        us -= (minutes if zone[0] == "+" else -minutes) * 60_000_000
    return us


# ---- shapes: each gives the record in native names ---------------------------------------------

def shape_of(o):
    schema = o.get("schema")
    if not absent(schema):
        known = {"llm-attempt/v1": "native", "llm-operation/v1": "summary",
                 "fallback-decision-log/v1": "decisions"}
        if schema not in known:
            raise Rejected("unknown_schema")
        return known[schema]

    def has(k):
        return not absent(o.get(k))
    if o.get("event") == "llm_call_attempt":
        return "retry"
    if (has("client_result") or has("terminal_outcome")) and has("retry_attempt"):
        return "runbook"
    if has("retry_decision") and has("operation_id"):
        return "review"
    if has("operation_id") and has("final_outcome") and not has("attempt_index") \
            and not has("attempt"):
        return "summary"
    if "http.request.method" in o or "gen_ai.request.model" in o:
        return "otel"
    raise Rejected("unknown_shape")


RENAMED = {
    "retry": {"request_id": "operation_id", "http_status": "http_response_status_code"},
    "runbook": {"provider_route": "provider", "http_method": "http_request_method",
                "http_status_code": "http_response_status_code",
                "backoff_applied_ms": "backoff_ms"},
    "review": {"attempt_index": "attempt", "request_route": "http_route",
               "retry_reason": "decision_reason"},
    "decisions": {"correlation_id": "operation_id", "endpoint_path": "http_route",
                  "attempt_number": "attempt", "backoff_wait_ms": "backoff_ms",
                  "parent_correlation_id": "parent_operation_id"},
    "otel": {"http.request.method": "http_request_method",
             "http.response.status_code": "http_response_status_code",
             "error.type": "error_type", "gen_ai.request.model": "model_requested",
             "gen_ai.response.model": "model_returned", "gen_ai.request.stream": "streaming",
             "service.name": "service", "service.version": "service_version",
             "deployment.environment.name": "environment"},
    "native": {}, "summary": {},
}


def from_retry(o, r):
    endpoint = o.get("endpoint")
    if not absent(endpoint):
        if not isinstance(endpoint, str):
            raise Rejected("bad_type")
        method, _, route = endpoint.partition(" ")
        r["http_request_method"], r["http_route"] = method, route
    r["decision"] = {"success": "none", "retry_scheduled": "retry_same"}.get(
        o.get("outcome"), "abort_error")


def from_runbook(o, r):
    n = to_number(o["retry_attempt"])
    if n != int(n):
        raise Rejected("bad_type")
    if n < 0:
        raise Rejected("out_of_range")
    r["attempt"] = int(n) + 1
    if o.get("client_result") == "success":
        r["decision"] = "none"
    elif not absent(o.get("terminal_outcome")):
        r["decision"] = "abort_error"
    else:
        left = o.get("retry_budget_remaining")
        more = not absent(left) and to_number(left) > 0
        r["decision"] = "retry_same" if more else "abort_error"


def from_review(o, r):
    said = o.get("retry_decision")
    if said == "retried":
        r["decision"] = "retry_same"
        r.pop("final_outcome", None)
    elif said in ("not_retried", "final_attempt"):
        r["decision"] = "none" if o.get("final_outcome") == "success" else "abort_error"
    else:
        r["decision"] = said


def from_decisions(o, r):
    trigger = o.get("trigger") or {}
    if not isinstance(trigger, dict):
        raise Rejected("bad_type")
    r["http_response_status_code"] = trigger.get("http_status")
    r["elapsed_ms"] = trigger.get("elapsed_ms")
    kind = trigger.get("type")
    r["error_type"] = None if kind == "http_status" else kind
    n = o.get("attempt_number")
    if not absent(n):
        n = to_number(n)
        if n == int(n):
            r["model_requested"] = o.get("model_id_attempt_%d" % n)
            r["fallback_target"] = o.get("model_id_attempt_%d" % (n + 1))
    if o.get("decision") not in TERMINAL and o.get("outcome") in ("success", "degraded"):
        r["followup"] = o["outcome"]


def from_otel(o, r):
    again = o.get("http.request.resend_count")
    if absent(again):
        r["attempt"] = 1
    else:
        again = to_number(again)
        if again != int(again):
            raise Rejected("bad_type")
        if again < 0:
            raise Rejected("out_of_range")
        r["attempt"] = int(again) + 1
    for k in ("url.template", "http.route"):
        if not absent(o.get(k)):
            r["http_route"] = o[k]
            break
    for k in ("operation_id", "parent_span_id", "trace_id"):
        if not absent(o.get(k)):
            r["operation_id"] = o[k]
            break
    if any(not absent(o.get("gen_ai.usage." + k)) for k in ("input_tokens", "output_tokens")):
        r["usage_seen"] = True
    if not absent(o.get("gen_ai.response.finish_reasons")):
        r["finish_reason_seen"] = True


MAPPED = {"retry": from_retry, "runbook": from_runbook, "review": from_review,
          "decisions": from_decisions, "otel": from_otel}


def classify(r):
    e = r.get("error_type", "").lower()
    s = r.get("http_response_status_code")
    ok = s is not None and 200 <= s <= 299

    def says(*words):
        return any(w in e for w in words)
    rules = (
        ("cancelled", e in ("cancelled", "canceled", "client_cancelled")
         or r.get("final_outcome") == "cancelled"),
        ("timeout", says("timeout", "timed_out", "deadline") or s in (408, 504, 524)),
        ("stream_interrupted", e.startswith("stream_")),
        ("connection", (s is None or ok) and says("connect", "dns", "tls", "reset", "refused",
                                                  "network", "unreachable")),
        ("policy", says("content_filter", "content_policy", "safety", "moderation")),
        ("quota", s == 402 or says("quota", "billing")),
        ("schema", says("schema", "parse", "validation") and ok),
        ("auth", s in (401, 403) or (s is None and says("auth", "api_key"))),
        ("caller_error", says("invalid_request", "bad_request")),
        ("rate_limited", s == 429 or (s is None and says("rate_limit"))),
        ("server_error", s is not None and s >= 500),
        ("caller_error", s is not None and 400 <= s <= 499),
        ("none", ok and not e),
    )
    return next((name for name, holds in rules if holds), "unknown")


def read(line):
    """bytes of one line to a dictionary in native names, typed; absent ones left out"""
    o = parse(line)
    o, sensitive = redact(o)
    shape = shape_of(o)
    r = {}
    for k, v in o.items():
        target = RENAMED[shape].get(k, k)
        if target in FIELDS or target == "ts":
            r[target] = v
    if shape in MAPPED:
        MAPPED[shape](o, r)
    out = {"shape": shape, "sensitive": sensitive, "kind": "attempt"}
    if shape == "native" and not absent(o.get("source_shape")):
        out["shape"] = o["source_shape"]
        followup = o.get("followup_outcome")
        if out["shape"] == "decisions" and followup in ("success", "degraded"):
            out["followup"] = followup
    if "followup" in r:
        out["followup"] = r.pop("followup")
    for k, v in r.items():
        if k in FIELDS and not absent(v):
            out[k] = typed(k, v)
    for k in ("ts", "timestamp"):
        if not absent(o.get(k)):
            out["ts"] = to_time(o[k])
            break
    if out.get("error_type") == "none":
        del out["error_type"]
    if "final_outcome" in out and out["final_outcome"] not in OUTCOMES:
        out["final_outcome"] = "unknown"
    if "decision" in out and out["decision"] not in DECISIONS:
        out["decision"] = "unknown"
    if shape == "summary":
        out["kind"] = "summary"
        needed = ("operation_id", "final_outcome")
    else:
        needed = ("attempt",) if out["shape"] == "runbook" else ("operation_id", "attempt")
    if any(k not in out for k in needed):
        raise Rejected("missing_field")
    if out["kind"] == "attempt":
        out["class"] = classify(out)
        if out["class"] == "none" and "decision" not in out:
            out["decision"] = "none"
        if out.get("decision") in TERMINAL:
            out.pop("followup", None)
    return out


def readable_sequence(line):
    """emitter and seq of a record that was refused, where they can be read"""
    try:
        o = parse(line)
        return typed("emitter", o["emitter"]), typed("seq", o["seq"])
    except (Rejected, KeyError, TypeError):
        return None


# ---- counting ----------------------------------------------------------------------------

class Operation:
    def __init__(self, synthetic):
        self.synthetic = synthetic
        self.touched = 0
        self.ended = None          # clock when it ended
        self.silent = False
        self.summaries = 0
        self.records = self.highest = self.said = self.followups = 0
        self.upstream = 0
        self.has_fallback = False
        self.ledger = []           # keys of its fallback decisions
        self.wasted = self.useful = 0.0
        self.waiting = 0.0         # backoff that nothing has followed yet
        self.otel_failed = False


class Model:
    def __init__(self):
        self.clock = None
        self.ops = {}
        self.seen = {}
        self.intake = dict.fromkeys(("accepted", "duplicates", "late", "synthetic",
                                     "sensitive_dropped"), 0)
        self.rejected = {}
        self.n = dict.fromkeys(("total", "first", "retries", "usage_unknown", "usage_known",
                                "usage_missing", "no_status", "started", "ended", "fallback",
                                "op_attempts", "op_upstream", "success"), 0)
        self.by_class, self.by_status, self.by_fate = {}, {}, {}
        self.tries, self.decisions, self.ledger = {}, {}, {}
        self.wasted = self.useful = 0.0

    @staticmethod
    def add(table, key, n=1):
        table[key] = table.get(key, 0) + n

    def is_repeat(self, pair):
        seqs = self.seen.setdefault(pair[0], set())
        if pair[1] in seqs:
            return True
        seqs.add(pair[1])
        return False

    def line(self, line):
        if not line.strip():
            return
        try:
            r = read(line)
        except Rejected as reason:
            self.add(self.rejected, str(reason))
            pair = readable_sequence(line)
            if pair:
                self.is_repeat(pair)
            return
        if "emitter" in r and "seq" in r and self.is_repeat((r["emitter"], r["seq"])):
            self.intake["duplicates"] += 1
            return
        if "ts" in r:
            self.clock = max(r["ts"], self.clock if self.clock is not None else r["ts"])
        elif self.clock is None:
            self.clock = 0
        self.expire()
        self.take(r)

    def expire(self):
        for op_id, op in list(self.ops.items()):
            if op.ended is None and self.clock - op.touched > TIMEOUT_US:
                op.silent = True
                self.end(op, "failure" if op.otel_failed else "silence", None)
            elif op.ended is not None and self.clock - op.ended > TIMEOUT_US:
                del self.ops[op_id]

    def take(self, r):
        op = self.ops.get(r.get("operation_id"))
        synthetic = op.synthetic if op else r.get("synthetic", False)
        if r["kind"] == "summary" and op and op.summaries:
            self.intake["duplicates"] += 1
            return
        self.intake["accepted"] += 1
        if synthetic:
            self.intake["synthetic"] += 1
        if r["sensitive"]:
            self.intake["sensitive_dropped"] += 1
        late = op is not None and op.ended is not None
        if late and r["kind"] == "summary":
            op.summaries += 1
            late = op.silent
        elif late or r["kind"] == "attempt":
            self.attempt_grain(r, synthetic)
        if late:
            self.intake["late"] += not synthetic
            return
        if op is not None and op.ended is not None:
            return
        if r["kind"] == "attempt" and not synthetic and "decision" in r:
            self.add(self.decisions, r["decision"])
        if "operation_id" not in r:
            return
        if op is None:
            op = self.ops[r["operation_id"]] = Operation(synthetic)
            self.n["started"] += not synthetic
        op.touched = self.clock
        if r["kind"] == "summary":
            op.summaries += 1
            op.said = r.get("attempts", 0)
            self.end(op, self.ending(r), None)
        else:
            self.attempt_of(op, r)

    def attempt_grain(self, r, synthetic):
        if synthetic or r["kind"] != "attempt" or r["shape"] == "decisions":
            return
        n, status = self.n, r.get("http_response_status_code")
        n["total"] += 1
        n["first" if r["attempt"] == 1 else "retries"] += 1
        self.add(self.by_class, r["class"])
        if status is None:
            n["no_status"] += 1
        else:
            self.add(self.by_status, str(status))
        if r["class"] == "none":
            if "usage_seen" not in r:
                n["usage_unknown"] += 1
            else:
                n["usage_known"] += 1
                n["usage_missing"] += not r["usage_seen"]

    def attempt_of(self, op, r):
        decision = r.get("decision")
        op.wasted += op.waiting
        op.waiting = 0.0
        op.records += 1
        op.highest = max(op.highest, r["attempt"])
        op.upstream += r.get("upstream_attempts", 1)
        op.otel_failed = r["shape"] == "otel"
        if r["class"] == "none":
            op.useful += r.get("elapsed_ms", 0)
        else:
            op.wasted += r.get("elapsed_ms", 0)
        if decision in ("retry_same", "fallback_secondary"):
            op.waiting = r.get("backoff_ms", 0)
        if decision == "fallback_secondary":
            op.has_fallback = True
            self.fallback(op, r)
        if "followup" in r:
            op.wasted += op.waiting
            op.followups += 1
            op.upstream += 1
            self.end(op, r["followup"], decision)
        elif decision in TERMINAL or r.get("final_outcome", "unknown") != "unknown":
            self.end(op, self.ending(r), decision)

    def fallback(self, op, r):
        status = r.get("http_response_status_code")
        reason = r.get("decision_reason") or (
            "http_%d" % status if status is not None else r["class"])
        key = (r.get("model_requested") or r.get("http_route") or "?",
               r.get("fallback_target") or "?", reason)
        op.ledger.append(key)
        if not op.synthetic:
            self.ledger.setdefault(key, [0, 0])[0] += 1

    @staticmethod
    def ending(r):
        outcome = r.get("final_outcome", "unknown")
        if outcome in ("success", "degraded", "cancelled"):
            return outcome
        if outcome != "unknown":
            return "failure"
        if r.get("decision") == "degrade_cached":
            return "degraded"
        if r.get("class") == "cancelled":
            return "cancelled"
        if r.get("decision") == "none" and r["class"] == "none":
            return "success"
        return "failure"

    def end(self, op, ending, decision):
        op.ended = self.clock
        if op.synthetic:
            return
        tries = max(op.records, op.highest, op.said) + op.followups
        if ending == "silence":
            fate = "orphaned"
        elif ending in ("cancelled", "degraded"):
            fate = ending
        elif ending == "success":
            fate = ("rescued_by_fallback" if op.has_fallback else
                    "rescued_by_retry" if tries > 1 else "first_try")
        elif decision == "abort_timeout_budget":
            fate = "budget_aborted"
        else:
            fate = "exhausted" if tries >= 2 else "failed_fast"
        self.add(self.by_fate, fate)
        if tries:
            self.add(self.tries, str(tries) if tries < 5 else "5+")
        n = self.n
        n["ended"] += 1
        n["success"] += ending == "success"
        n["fallback"] += op.has_fallback
        n["op_attempts"] += op.records + op.followups
        n["op_upstream"] += op.upstream
        self.wasted += op.wasted
        self.useful += op.useful
        if ending == "success":
            for key in op.ledger:
                self.ledger[key][1] += 1

    def rates(self):
        n, fate, cls = self.n, self.by_fate, self.by_class
        ended, total = n["ended"], n["total"]

        def fates(*names):
            return sum(fate.get(x, 0) for x in names)
        pairs = {
            "error": (total - cls.get("none", 0), total),
            "timeout": (cls.get("timeout", 0), total),
            "actual_success": (cls.get("none", 0), total),
            "missing_usage": (n["usage_missing"], n["usage_known"]),
            "retry_ratio": (n["retries"], n["first"]),
            "effective_success": (n["success"], ended),
            "fallback": (n["fallback"], ended),
            "exhaustion": (fates("exhausted"), ended),
            "amplification": (n["op_attempts"], ended),
            "upstream_amplification": (n["op_upstream"], ended),
            "first_try": (fates("first_try"), ended),
            "rescued": (fates("rescued_by_retry", "rescued_by_fallback"), ended),
            "orphan": (fates("orphaned"), ended),
            "waste": (round(self.wasted, 3), round(self.wasted + self.useful, 3)),
        }
        return {k: {"numerator": a, "denominator": b, "value": a / b if b else None}
                for k, (a, b) in pairs.items()}

    def report(self):
        lost = sum(max(s) - min(s) + 1 - len(s) for s in self.seen.values())
        n = self.n
        unfinished = sum(o.ended is None and not o.synthetic for o in self.ops.values())
        return {
            "intake": {**self.intake, "rejected": self.rejected, "lost": lost},
            "attempts": {**{k: n[k] for k in ("total", "first", "retries", "usage_unknown",
                                              "no_status")},
                         "by_class": self.by_class, "by_status": self.by_status},
            "operations": {"started": n["started"], "ended": n["ended"],
                           "unfinished": unfinished, "evicted": 0, "by_fate": self.by_fate,
                           "attempts_per_operation": self.tries},
            "rates": self.rates(),
            "decisions": self.decisions,
            "fallbacks": [{"from": k[0], "to": k[1], "reason": k[2], "count": v[0],
                           "succeeded": v[1]} for k, v in sorted(self.ledger.items())],
        }


def report_of(lines):
    m = Model()
    for line in lines:
        m.line(line.rstrip(b"\r\n"))
    return m.report()


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    m = Model()
    for path in sys.argv[1:]:
        with open(path, "rb") as f:
            for line in f:
                m.line(line.rstrip(b"\r\n"))
    json.dump(m.report(), sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
