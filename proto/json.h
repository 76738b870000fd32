/* SPDX-License-Identifier: MIT */
/*
 * json — the door to json-c: documents, with size and depth capped first.
 *
 * Hot records never come here (decode.h); reports, queries and control requests do.
 * Getters return the fallback where a key is absent or of another type.
 */
#ifndef RT_JSON_H
#define RT_JSON_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>

#include "proto/diag.h"
#include "proto/err.h"

/*
 * Parse a whole document of at most max_bytes and max_depth.  *out is the caller's
 * (json_object_put).  RT_E_TOO_LARGE or RT_E_SYNTAX with a diag otherwise.
 */
RT_NODISCARD enum rt_err rt_json_parse(const char *p, size_t len,
    size_t max_bytes, int max_depth, struct json_object **out,
    struct rt_diag *d);

/* Borrowed from `o`; NULL where absent or null. */
struct json_object *rt_json_get(struct json_object *o, const char *key);
int64_t rt_json_int(struct json_object *o, const char *key, int64_t fallback);
bool rt_json_bool(struct json_object *o, const char *key, bool fallback);
/* Borrowed, valid as long as `o`; NULL where absent. */
const char *rt_json_text(struct json_object *o, const char *key);

#endif
