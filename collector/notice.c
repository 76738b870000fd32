/* SPDX-License-Identifier: MIT */
#include "collector/notice.h"

#include <string.h>

#include "proto/json.h"
#include "proto/jsonw.h"

#define BEGINNING "{\"schema\":\"retrytop-refused/v1\""
#define NOTICE_MAX 4096u

void
rt_notice_encode(struct rt_buf *b, const struct rt_notice *n)
{
	struct rt_jsonw w = rt_jsonw_begin(b);

	rt_jsonw_object(&w, NULL);
	rt_jsonw_text(&w, "schema", "retrytop-refused/v1");
	rt_jsonw_text(&w, "reason", rt_reject_name(n->reason));
	rt_jsonw_text(&w, "where", n->where);
	rt_jsonw_text(&w, "detail", n->why.what);
	rt_jsonw_text(&w, "sample", n->sample);
	if (n->emitter[0])
		rt_jsonw_text(&w, "emitter", n->emitter);
	if (n->seq > 0)
		rt_jsonw_int(&w, "seq", n->seq);
	rt_jsonw_end(&w);
}

bool
rt_notice_is_hinted(struct rt_str record)
{
	return record.len > sizeof(BEGINNING) &&
	    memcmp(record.p, BEGINNING, sizeof(BEGINNING) - 1) == 0;
}

static bool
reason_from(const char *name, enum rt_reject *out)
{
	int i;

	for (i = 0; name && i < RT_REJECT_COUNT; i++)
		if (strcmp(name, rt_reject_name((enum rt_reject)i)) == 0) {
			*out = (enum rt_reject)i;
			return true;
		}
	return false;
}

static void
copy(struct json_object *o, const char *key, char *out, size_t size)
{
	const char *text = rt_json_text(o, key);

	rt_text_scrub(out, size, text ? rt_str_of(text) : RT_STR_NONE);
}

enum rt_err
rt_notice_decode(struct rt_str record, struct rt_notice *n)
{
	struct json_object *o = NULL;
	struct rt_notice got = {.seq = 0};
	enum rt_err err =
	    rt_json_parse(record.p, record.len, NOTICE_MAX, 2, &o, NULL);

	if (err != RT_OK)
		return err;
	got.seq = rt_json_int(o, "seq", 0);
	copy(o, "where", got.where, sizeof(got.where));
	copy(o, "detail", got.why.what, sizeof(got.why.what));
	copy(o, "sample", got.sample, sizeof(got.sample));
	copy(o, "emitter", got.emitter, sizeof(got.emitter));
	if (!reason_from(rt_json_text(o, "reason"), &got.reason) ||
	    got.where[0] == '\0' || got.seq < 0)
		err = RT_E_FIELD;
	else
		*n = got;
	json_object_put(o);
	return err;
}
