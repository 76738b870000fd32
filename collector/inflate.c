/* SPDX-License-Identifier: MIT */
#include "collector/inflate.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "proto/mem.h"

#ifndef IN_BYTES /* tests shrink it */
#define IN_BYTES 65536u
#endif
#define MAGIC_MAX 4u
#define GZIP_ONLY 16 /* added to zlib's window bits */
#define ZSTD_WINDOW_LOG_MAX 27

enum form { NOT_KNOWN, PLAIN, GZIP, ZSTD };

static const struct magic {
	enum form form;
	size_t len;
	unsigned char bytes[MAGIC_MAX], masks[MAGIC_MAX];
} magics[] = {
    {GZIP, 2, {0x1f, 0x8b}, {0xff, 0xff}},
    {ZSTD, 4, {0x28, 0xb5, 0x2f, 0xfd}, {0xff, 0xff, 0xff, 0xff}},
    /* A frame to be skipped, which some tools put first. */
    {ZSTD, 4, {0x50, 0x2a, 0x4d, 0x18}, {0xf0, 0xff, 0xff, 0xff}},
};

struct rt_inflate {
	int fd; /* borrowed */
	enum form form;
	unsigned char in[IN_BYTES];
	size_t at, have; /* unread: in[at .. have) */
	uint64_t taken;  /* bytes of the file so far */
	bool is_at_end;  /* of the file */
	bool is_broken;  /* nothing more can be read */
	bool is_between; /* frames: the file may end here */
	bool may_hold;   /* the last call filled its output */
	z_stream gzip;
	ZSTD_DStream *zstd; /* owned */
	size_t zstd_first;  /* input of the first step of a frame */
	size_t zstd_wants;  /* of the next */
	bool has_late_why;  /* to be told once the output was taken */
	struct rt_diag late_why;
};

struct rt_inflate *
rt_inflate_new(int fd)
{
	struct rt_inflate *z = rt_xcalloc(1, sizeof(*z));

	z->fd = fd;
	return z;
}

void
rt_inflate_free(struct rt_inflate *z)
{
	if (!z)
		return;
	if (z->form == GZIP)
		inflateEnd(&z->gzip);
	ZSTD_freeDStream(z->zstd);
	free(z);
}

/* ---- the file ------------------------------------------------------------------ */

/* One read(2); *n is 0 at the end of the file. */
static enum rt_err
get(struct rt_inflate *z, void *out, size_t size, int wait_ms, size_t *n,
    struct rt_diag *d)
{
	struct pollfd p = {.fd = z->fd, .events = POLLIN};
	ssize_t got;

	if (wait_ms >= 0 && poll(&p, 1, wait_ms) <= 0)
		return RT_E_AGAIN;
	got = read(z->fd, out, size);
	if (got < 0 && (errno == EINTR || errno == EAGAIN))
		return RT_E_AGAIN;
	if (got < 0) {
		rt_diag_set(d, NULL, "cannot be read: %s", strerror(errno));
		z->is_broken = true;
		return RT_E_IO;
	}
	z->taken += (uint64_t)got;
	z->is_at_end = got == 0;
	*n = (size_t)got;
	return RT_OK;
}

static enum rt_err
refill(struct rt_inflate *z, int wait_ms, struct rt_diag *d)
{
	size_t n = 0;
	enum rt_err err;

	if (z->at == z->have)
		z->at = z->have = 0;
	err = get(z, z->in + z->have, sizeof(z->in) - z->have, wait_ms, &n, d);
	if (err == RT_OK)
		z->have += n;
	return err;
}

/* ---- which form ---------------------------------------------------------------- */

/* Bytes of the magic that are there; 0 where one differs. */
static size_t
matching(const struct magic *m, const unsigned char *p, size_t len)
{
	size_t i;

	for (i = 0; i < m->len && i < len; i++)
		if ((p[i] & m->masks[i]) != m->bytes[i])
			return 0;
	return i;
}

/* NOT_KNOWN: more bytes are needed to tell. */
static enum form
form_of(const unsigned char *p, size_t len, bool is_at_end)
{
	bool may_be = len == 0 && !is_at_end;
	size_t i;

	for (i = 0; i < RT_COUNT_OF(magics); i++) {
		size_t n = matching(&magics[i], p, len);

		if (n == magics[i].len)
			return magics[i].form;
		may_be = may_be || (n > 0 && !is_at_end);
	}
	return may_be ? NOT_KNOWN : PLAIN;
}

bool
rt_inflate_is_compressed(const void *bytes, size_t len)
{
	return form_of(bytes, len, true) != PLAIN;
}

static void *
take_memory(void *ctx, unsigned count, unsigned size)
{
	(void)ctx;
	return rt_xcalloc(count, size);
}

static void
give_memory(void *ctx, void *p)
{
	(void)ctx;
	free(p);
}

static enum rt_err
begin(struct rt_inflate *z, struct rt_diag *d)
{
	bool is_fit = true;

	z->form = form_of(z->in, z->have, z->is_at_end);
	if (z->form == GZIP) {
		z->gzip.zalloc = take_memory;
		z->gzip.zfree = give_memory;
		is_fit = inflateInit2(&z->gzip, MAX_WBITS + GZIP_ONLY) == Z_OK;
	} else if (z->form == ZSTD) {
		z->zstd = ZSTD_createDStream();
		is_fit = z->zstd &&
		    !ZSTD_isError(ZSTD_DCtx_setParameter(
			z->zstd, ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG_MAX));
		z->zstd_first = is_fit ? ZSTD_initDStream(z->zstd) : 0;
		z->zstd_wants = z->zstd_first;
	}
	if (is_fit)
		return RT_OK;
	rt_diag_set(d, NULL, "its decompressor cannot be started");
	z->is_broken = true;
	return RT_E_IO;
}

/* ---- one step of each form ------------------------------------------------------ */

static enum rt_err
damaged(struct rt_inflate *z, const char *what, struct rt_diag *d)
{
	rt_diag_set(d, NULL, "%s data is damaged at byte %llu of the file: %s",
	    z->form == GZIP ? "gzip" : "zstd",
	    (unsigned long long)(z->taken - (z->have - z->at)), what);
	z->is_broken = true;
	return RT_E_IO;
}

static enum rt_err
step_gzip(
    struct rt_inflate *z, char *out, size_t size, size_t *n, struct rt_diag *d)
{
	z_stream *s = &z->gzip;
	int code;

	while (z->is_between && z->at < z->have && z->in[z->at] == 0)
		z->at++;
	if (z->is_between && z->at == z->have)
		return RT_OK;
	s->next_in = z->in + z->at;
	s->avail_in = (uInt)(z->have - z->at);
	s->next_out = (Bytef *)out;
	s->avail_out = size < UINT32_MAX ? (uInt)size : UINT32_MAX;
	code = inflate(s, Z_NO_FLUSH);
	*n = (size_t)(s->next_out - (Bytef *)out);
	z->at = z->have - s->avail_in;
	z->is_between = code == Z_STREAM_END;
	if (z->is_between)
		inflateReset(s);
	if (code == Z_OK || code == Z_STREAM_END || code == Z_BUF_ERROR)
		return RT_OK;
	return damaged(z, s->msg ? s->msg : "no more of it can be read", d);
}

static enum rt_err
step_zstd(
    struct rt_inflate *z, char *out, size_t size, size_t *n, struct rt_diag *d)
{
	size_t left = z->have - z->at;
	/* No more than it asks for: an error costs one block, not all before it. */
	ZSTD_inBuffer in = {
	    z->in + z->at, z->zstd_wants < left ? z->zstd_wants : left, 0};
	ZSTD_outBuffer to = {out, size, 0};
	size_t code = ZSTD_decompressStream(z->zstd, &to, &in);

	*n = to.pos;
	z->at += in.pos;
	if (ZSTD_isError(code))
		return damaged(z, ZSTD_getErrorName(code), d);
	if (in.pos > 0 || to.pos > 0)
		z->is_between = code == 0;
	z->zstd_wants = code > 0 ? code : z->zstd_first;
	return RT_OK;
}

static enum rt_err
step_plain(struct rt_inflate *z, char *out, size_t size, size_t *n)
{
	size_t left = z->have - z->at;

	*n = left < size ? left : size;
	memcpy(out, z->in + z->at, *n);
	z->at += *n;
	return RT_OK;
}

static enum rt_err
step(struct rt_inflate *z, char *out, size_t size, size_t *n, struct rt_diag *d)
{
	switch (z->form) {
	case GZIP: return step_gzip(z, out, size, n, d);
	case ZSTD: return step_zstd(z, out, size, n, d);
	case PLAIN:
	case NOT_KNOWN: break;
	}
	return step_plain(z, out, size, n);
}

/* ---- reading ------------------------------------------------------------------- */

static enum rt_err
end(struct rt_inflate *z, size_t *n, struct rt_diag *d)
{
	*n = 0;
	if (z->is_broken || z->form == PLAIN || z->is_between)
		return RT_OK;
	rt_diag_set(d, NULL, "%s data ends too soon, at byte %llu of the file",
	    z->form == GZIP ? "gzip" : "zstd", (unsigned long long)z->taken);
	z->is_broken = true;
	return RT_E_IO;
}

/* What comes before the damage first, then the damage. */
static enum rt_err
put_off(struct rt_inflate *z, enum rt_err err, size_t n, struct rt_diag *why,
    struct rt_diag *d)
{
	if (err == RT_OK)
		return RT_OK;
	if (n > 0) {
		z->has_late_why = true;
		z->late_why = *why;
		return RT_OK;
	}
	if (d)
		*d = *why;
	return err;
}

enum rt_err
rt_inflate_read(struct rt_inflate *z, char *out, size_t size, int wait_ms,
    size_t *n, struct rt_diag *d)
{
	struct rt_diag why = {{0}, {0}};
	enum rt_err err = RT_OK;
	size_t got = 0;

	if (z->has_late_why) {
		z->has_late_why = false;
		return put_off(z, RT_E_IO, 0, &z->late_why, d);
	}
	while (z->form == NOT_KNOWN) {
		err = refill(z, wait_ms, d);
		if (err == RT_OK)
			err = begin(z, d);
		if (err != RT_OK)
			return err;
	}
	if (z->is_broken)
		return end(z, n, d);
	if (z->form == PLAIN && z->at == z->have)
		return z->is_at_end ? end(z, n, d)
				    : get(z, out, size, wait_ms, n, d);
	while (got == 0 && err == RT_OK) {
		if (z->at == z->have && !z->may_hold) {
			if (!z->is_at_end)
				err = refill(z, wait_ms, d);
			if (err != RT_OK)
				return err;
			if (z->is_at_end)
				return end(z, n, d);
		}
		err = step(z, out, size, &got, &why);
		z->may_hold = got == size;
	}
	err = put_off(z, err, got, &why, d);
	if (err == RT_OK)
		*n = got;
	return err;
}
