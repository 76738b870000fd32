#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The smallest emitter in Python: pyzmq and three lines.  See README.md."""
import json
import sys
import time
import uuid

import zmq

socket = zmq.Context().socket(zmq.PUB)
socket.connect(sys.argv[1] if len(sys.argv) > 1 else "tcp://127.0.0.1:7780")
time.sleep(0.3)  # slow join: what is sent before the connection stands is lost

emitter, operation = uuid.uuid4().hex, uuid.uuid4().hex
attempts = [
    {"http_response_status_code": 503, "elapsed_ms": 412, "decision": "retry_same"},
    {"http_response_status_code": 200, "elapsed_ms": 388, "decision": "none"},
]
for number, attempt in enumerate(attempts, 1):
    record = {
        "schema": "llm-attempt/v1",
        "operation_id": operation,
        "attempt": number,
        "service": "minimal",
        "emitter": emitter,  # these two let the collector measure what got lost
        "seq": number,
        **attempt,
    }
    socket.send_string(json.dumps(record))
socket.close(linger=1000)
