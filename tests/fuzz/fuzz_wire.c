/* SPDX-License-Identifier: MIT */
/*
 * A conversation of senders with the acknowledged intake: messages parted by 0xff, each a
 * header, a line feed and its records.  Headers and answers read back as they were, and
 * no sender is ever told of fewer records than before.
 */
#include <stdlib.h>
#include <string.h>

#include "collector/intake.h"

#define SENDERS 4

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t len);

static void
must(bool ok)
{
	if (!ok)
		abort();
}

static void
check_header(const struct rt_wire_header *h)
{
	char text[RT_WIRE_HEADER_MAX];
	struct rt_wire_header again = {0};

	must(
	    rt_wire_header_decode(text,
		rt_wire_header_encode(text, sizeof(text), h), &again) == RT_OK);
	must(strcmp(again.emitter, h->emitter) == 0 &&
	    again.epoch == h->epoch && again.first_seq == h->first_seq &&
	    again.count == h->count && again.offered == h->offered &&
	    again.dropped == h->dropped);
}

static void
check_answer(const struct rt_wire_answer *a)
{
	char text[RT_WIRE_HEADER_MAX];
	struct rt_wire_answer again = {0};

	must(
	    rt_wire_answer_decode(text,
		rt_wire_answer_encode(text, sizeof(text), a), &again) == RT_OK);
	must(again.epoch == a->epoch && again.acked == a->acked);
}

static void
take(struct rt_intake *n, struct rt_str message)
{
	const char *end = memchr(message.p, '\n', message.len);
	size_t head = end ? (size_t)(end - message.p) : message.len;
	struct rt_str records, batch = {message.p + head, message.len - head};
	struct rt_wire_header h = {0}, position;
	struct rt_intake_verdict v;
	struct rt_wire_answer answer;

	(void)!rt_wire_answer_decode(message.p, message.len, &answer);
	if (rt_wire_header_decode(message.p, head, &h) != RT_OK)
		return;
	check_header(&h);
	if (end) {
		batch.p++;
		batch.len--;
	}
	if (rt_intake_records(batch, h.count, 0, &records) != RT_OK)
		return;
	rt_intake_take(n, &h, (rt_mono_t){1}, &v);
	check_answer(&v.answer);
	must((v.action == RT_INTAKE_TAKE) == (v.count > 0));
	must(v.skip + v.count <= h.count);
	if (v.action == RT_INTAKE_TAKE) {
		must(rt_intake_records(batch, h.count, v.skip, &records) ==
		    RT_OK);
		must(records.p + records.len == batch.p + batch.len);
		must(v.answer.acked == h.first_seq + h.count - 1);
	}
	if (rt_intake_position_of(n, &h, &position))
		check_header(&position);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t len)
{
	struct rt_intake *n = rt_intake_new(SENDERS);
	const char *at = (const char *)p, *end = at + len;

	while (at && at < end) {
		const char *cut = memchr(at, 0xff, (size_t)(end - at));

		take(n, (struct rt_str){at, (size_t)((cut ? cut : end) - at)});
		at = cut ? cut + 1 : NULL;
	}
	rt_intake_free(n);
	return 0;
}
