/* SPDX-License-Identifier: MIT */
/*
 * A segment of a journal, damaged in any way: read in one piece or in two it gives the
 * same frames, its slices lie within it, and each frame can be written again.
 */
#include <stdlib.h>
#include <string.h>

#include "collector/journal_format.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t len);

struct sum {
	uint64_t frames, records, dropped;
};

static void
must(bool ok)
{
	if (!ok)
		abort();
}

static void
check_frame(const struct rt_journal_frame *f, const char *p, size_t len)
{
	struct rt_journal_scan s = {0};
	struct rt_journal_frame again;
	struct rt_journal_damage damage;
	struct rt_buf b;
	struct rt_str bytes;

	must(f->count > 0 || f->records.len == 0);
	must(f->records.len == 0 ||
	    (f->records.p >= p && f->records.p + f->records.len <= p + len));
	must(f->senders.len == 0 ||
	    (f->senders.p >= p && f->senders.p + f->senders.len <= p + len));
	rt_buf_init(&b, RT_JOURNAL_BODY_MAX + 4096);
	rt_buf_puts(&b, RT_JOURNAL_MAGIC);
	rt_journal_frame_encode(&b, f);
	bytes = (struct rt_str){b.p, b.len};
	rt_journal_scan_begin(&s, 0);
	must(rt_journal_scan_next(&s, &bytes, true, &again, &damage) == RT_OK);
	must(again.first == f->first && again.count == f->count &&
	    again.arrived_us == f->arrived_us &&
	    again.records.len == f->records.len &&
	    memcmp(again.records.p, f->records.p, f->records.len) == 0);
	rt_buf_fini(&b);
}

/* All frames of `bytes`; what is left over where more has to follow. */
static struct rt_str
scan(struct rt_journal_scan *s, struct rt_str bytes, bool is_end,
    struct sum *sum)
{
	const char *p = bytes.p;
	size_t len = bytes.len;
	struct rt_journal_frame f;
	struct rt_journal_damage damage;
	enum rt_err err;

	while ((err = rt_journal_scan_next(s, &bytes, is_end, &f, &damage)) !=
		RT_E_AGAIN &&
	    err != RT_E_EMPTY) {
		must(err == RT_OK || err == RT_E_SYNTAX);
		if (err != RT_OK)
			continue;
		check_frame(&f, p, len);
		sum->frames++;
		sum->records += f.count;
	}
	must(is_end ? err == RT_E_EMPTY : err == RT_E_AGAIN);
	return bytes;
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t len)
{
	const struct rt_str all = {(const char *)p, len};
	size_t half = len > 0 ? p[len - 1] * len / 256 : 0;
	struct rt_journal_scan one = {0}, two = {0};
	struct rt_journal_damage damage;
	struct sum whole = {0}, parts = {0};
	struct rt_str left;

	rt_journal_scan_begin(&one, 0);
	(void)scan(&one, all, true, &whole);
	(void)rt_journal_scan_end(&one, 0, &damage);
	rt_journal_scan_begin(&two, 0);
	left = scan(&two, (struct rt_str){all.p, half}, false, &parts);
	left.len += len - half;
	(void)scan(&two, left, true, &parts);
	(void)rt_journal_scan_end(&two, 0, &damage);
	must(whole.frames == parts.frames && whole.records == parts.records);
	must(one.dropped == two.dropped);
	return 0;
}
