/* SPDX-License-Identifier: MIT */
#include "collector/journal_format.h"

#include <string.h>
#include <zlib.h>

#define MAGIC_BYTES (sizeof(RT_JOURNAL_MAGIC) - 1)
#define MARK_BYTES 4u

static const unsigned char mark[MARK_BYTES] = {0xf5, 'r', 't', 0xfa};

/* Places in the header. */
enum {
	AT_HEADER_CRC = 4,
	AT_BODY_CRC = 8,
	AT_RECORDS = 12,
	AT_SENDERS = 16,
	AT_COUNT = 20,
	AT_FIRST = 24,
	AT_ARRIVED = 32,
};

static void
put(unsigned char *p, uint64_t v, unsigned bytes)
{
	while (bytes-- > 0) {
		*p++ = (unsigned char)v;
		v >>= 8;
	}
}

static uint64_t
get(const unsigned char *p, unsigned bytes)
{
	uint64_t v = 0;

	while (bytes-- > 0)
		v = v << 8 | p[bytes];
	return v;
}

static uint32_t
crc_of(uint32_t seed, const void *p, size_t len)
{
	return (uint32_t)crc32_z(seed, p, len);
}

void
rt_journal_frame_encode(struct rt_buf *b, const struct rt_journal_frame *f)
{
	unsigned char h[RT_JOURNAL_HEADER_BYTES];
	uint32_t body = crc_of(0, f->records.p, f->records.len);

	if (f->senders.len > 0)
		body = crc_of(body, f->senders.p, f->senders.len);
	memcpy(h, mark, MARK_BYTES);
	put(h + AT_BODY_CRC, f->records.len || f->senders.len ? body : 0, 4);
	put(h + AT_RECORDS, f->records.len, 4);
	put(h + AT_SENDERS, f->senders.len, 4);
	put(h + AT_COUNT, f->count, 4);
	put(h + AT_FIRST, f->first, 8);
	put(h + AT_ARRIVED, (uint64_t)f->arrived_us, 8);
	put(h + AT_HEADER_CRC,
	    crc_of(0, h + AT_BODY_CRC, sizeof(h) - AT_BODY_CRC), 4);
	rt_buf_add(b, h, sizeof(h));
	rt_buf_add(b, f->records.p, f->records.len);
	rt_buf_add(b, f->senders.p, f->senders.len);
}

/* ---- one frame ----------------------------------------------------------------- */

static bool
read_header(struct rt_str s, struct rt_journal_frame *f, size_t *bytes)
{
	const unsigned char *h = (const unsigned char *)s.p;
	uint64_t records, senders;

	if (memcmp(h, mark, MARK_BYTES) != 0 ||
	    get(h + AT_HEADER_CRC, 4) !=
		crc_of(
		    0, h + AT_BODY_CRC, RT_JOURNAL_HEADER_BYTES - AT_BODY_CRC))
		return false;
	records = get(h + AT_RECORDS, 4);
	senders = get(h + AT_SENDERS, 4);
	if (records + senders > RT_JOURNAL_BODY_MAX)
		return false;
	*f = (struct rt_journal_frame){
	    .first = get(h + AT_FIRST, 8),
	    .count = (uint32_t)get(h + AT_COUNT, 4),
	    .arrived_us = (int64_t)get(h + AT_ARRIVED, 8),
	    .records = {s.p + RT_JOURNAL_HEADER_BYTES, (size_t)records},
	    .senders = {s.p + RT_JOURNAL_HEADER_BYTES + records,
		(size_t)senders},
	};
	*bytes = RT_JOURNAL_HEADER_BYTES + (size_t)records + (size_t)senders;
	return true;
}

static bool
body_is_sound(struct rt_str s, size_t bytes)
{
	const unsigned char *h = (const unsigned char *)s.p;
	size_t body = bytes - RT_JOURNAL_HEADER_BYTES;

	return get(h + AT_BODY_CRC, 4) ==
	    (body ? crc_of(0, h + RT_JOURNAL_HEADER_BYTES, body) : 0);
}

/* ---- a segment ----------------------------------------------------------------- */

static void
take(struct rt_journal_scan *s, struct rt_str *bytes, size_t n)
{
	bytes->p += n;
	bytes->len -= n;
	if (!s->is_blocks)
		s->offset += n;
}

void
rt_journal_scan_hole(struct rt_journal_scan *s, const char *what)
{
	if (s->is_bad)
		return;
	s->is_bad = true;
	s->bad = (struct rt_journal_damage){s->file, s->offset, 0, what};
}

void
rt_journal_scan_begin(struct rt_journal_scan *s, unsigned file)
{
	s->file = file;
	s->offset = 0;
	s->has_begun = false;
}

/* Go to where a frame may begin, past the byte at hand. */
static void
skip(struct rt_journal_scan *s, struct rt_str *bytes, bool is_end)
{
	const char *p = bytes->p + 1, *end = bytes->p + bytes->len;
	const char *hit = NULL;

	while (!hit && p < end) {
		size_t left = (size_t)(end - p);

		hit = memchr(p, mark[0], left);
		if (!hit)
			break;
		left = (size_t)(end - hit);
		if (memcmp(hit, mark, left < MARK_BYTES ? left : MARK_BYTES) !=
		    0) {
			p = hit + 1;
			hit = NULL;
		} else if (left < MARK_BYTES && is_end) {
			break;
		}
	}
	take(s, bytes, hit ? (size_t)(hit - bytes->p) : bytes->len);
}

static bool
close_damage(struct rt_journal_scan *s, uint64_t number,
    struct rt_journal_damage *damage)
{
	uint64_t missing =
	    s->next != 0 && number > s->next ? number - s->next : 0;

	if (!s->is_bad && missing == 0)
		return false;
	rt_journal_scan_hole(s, "records are missing here");
	s->bad.dropped = missing;
	s->dropped += missing;
	s->is_bad = false;
	s->claimed = 0;
	*damage = s->bad;
	return true;
}

/* Is the magic line there, or all that could be of it? */
static bool
begin(struct rt_journal_scan *s, struct rt_str *bytes, bool is_end)
{
	if (bytes->len < MAGIC_BYTES && !is_end)
		return false;
	s->has_begun = true;
	if (bytes->len >= MAGIC_BYTES &&
	    memcmp(bytes->p, RT_JOURNAL_MAGIC, MAGIC_BYTES) == 0)
		take(s, bytes, MAGIC_BYTES);
	else
		rt_journal_scan_hole(s, "no journal begins here");
	return true;
}

enum rt_err
rt_journal_scan_next(struct rt_journal_scan *s, struct rt_str *bytes,
    bool is_end, struct rt_journal_frame *f, struct rt_journal_damage *damage)
{
	struct rt_journal_frame at;
	size_t n;

	if (!s->has_begun && !begin(s, bytes, is_end))
		return RT_E_AGAIN;
	while (bytes->len > 0) {
		if (bytes->len < RT_JOURNAL_HEADER_BYTES && !is_end)
			return RT_E_AGAIN;
		if (bytes->len < RT_JOURNAL_HEADER_BYTES ||
		    !read_header(*bytes, &at, &n)) {
			rt_journal_scan_hole(s, "no frame can be read here");
			skip(s, bytes, is_end);
			continue;
		}
		if (n > bytes->len && !is_end)
			return RT_E_AGAIN;
		if (n > bytes->len || !body_is_sound(*bytes, n)) {
			rt_journal_scan_hole(s,
			    n > bytes->len ? "a frame is torn here"
					   : "a frame is damaged here");
			if (at.first + at.count > s->claimed)
				s->claimed = at.first + at.count;
			skip(s, bytes, is_end);
			continue;
		}
		if (close_damage(s, at.first, damage)) {
			s->next = at.first;
			return RT_E_SYNTAX;
		}
		take(s, bytes, n);
		s->next = at.first + at.count;
		*f = at;
		return RT_OK;
	}
	return is_end ? RT_E_EMPTY : RT_E_AGAIN;
}

bool
rt_journal_scan_end(
    struct rt_journal_scan *s, uint64_t end, struct rt_journal_damage *damage)
{
	return close_damage(s, end != 0 ? end : s->claimed, damage);
}
