/* SPDX-License-Identifier: MIT */
/*
 * document — JSON of a server that may mean harm, with its memory bounded beforehand.
 *
 * json-c takes some 800 bytes for `{}`: 900 KB of `[{},{},...]` become 240 MB.  So what
 * would become too many values is refused before it is parsed: more than
 * RT_DOCUMENT_NODES_MAX objects and arrays, or RT_DOCUMENT_COMMAS_MAX commas, outside
 * strings.  An answer of a few tokens has some dozens.
 */
#ifndef RT_DOCUMENT_H
#define RT_DOCUMENT_H

#include "proto/json.h"
#include "proto/text.h"

#define RT_DOCUMENT_BYTES_MAX (1u << 20)
#define RT_DOCUMENT_DEPTH_MAX 32
#define RT_DOCUMENT_NODES_MAX 4096u
#define RT_DOCUMENT_COMMAS_MAX 65536u

/* *out is the caller's (json_object_put).  RT_E_TOO_LARGE, RT_E_SYNTAX. */
RT_NODISCARD enum rt_err rt_document_parse(
    struct rt_str text, struct json_object **out);

#endif
