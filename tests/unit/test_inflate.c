/* SPDX-License-Identifier: MIT */
/* A small input, so that every step meets its end. */
#define IN_BYTES 61u
#include "collector/inflate.c"

#include <stdio.h>

#include "tests/unit/util.h"

#define TEXT_BYTES 100000u

static char text[TEXT_BYTES];

/* What a pipe or file gives in the end. */
struct result {
	char *p; /* owned */
	size_t len;
	enum rt_err err;
	struct rt_diag why;
};

static struct result
read_back(const void *bytes, size_t len, size_t out_bytes)
{
	struct result r = {.p = rt_xcalloc(4 * TEXT_BYTES, 1)};
	FILE *f = tmpfile();
	struct rt_inflate *z;
	size_t n = 0;

	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, len, f), len);
	rewind(f);
	z = rt_inflate_new(fileno(f));
	for (;;) {
		enum rt_err err =
		    rt_inflate_read(z, r.p + r.len, out_bytes, -1, &n, &r.why);

		if (err != RT_OK) {
			assert_int_equal(r.err, RT_OK); /* told once */
			r.err = err;
			continue;
		}
		if (n == 0)
			break;
		r.len += n;
	}
	rt_inflate_free(z);
	fclose(f);
	return r;
}

static size_t
gzip(unsigned char *out, size_t size, const char *p, size_t len)
{
	z_stream s = {.next_out = out, .avail_out = (uInt)size};
	unsigned char *copy = rt_xcalloc(len + 1, 1);

	memcpy(copy, p, len);
	s.next_in = copy;
	s.avail_in = (uInt)len;
	assert_int_equal(deflateInit2(&s, 6, Z_DEFLATED, MAX_WBITS + GZIP_ONLY,
			     8, Z_DEFAULT_STRATEGY),
	    Z_OK);
	assert_int_equal(deflate(&s, Z_FINISH), Z_STREAM_END);
	deflateEnd(&s);
	free(copy);
	return size - s.avail_out;
}

static size_t
zstd(unsigned char *out, size_t size, const char *p, size_t len)
{
	ZSTD_CCtx *c = ZSTD_createCCtx();
	size_t n;

	ZSTD_CCtx_setParameter(c, ZSTD_c_checksumFlag, 1);
	n = ZSTD_compress2(c, out, size, p, len);
	assert_false(ZSTD_isError(n));
	ZSTD_freeCCtx(c);
	return n;
}

typedef size_t compressor(unsigned char *, size_t, const char *, size_t);

static const struct {
	const char *name;
	compressor *pack;
} FORMS[] = {{"gzip", gzip}, {"zstd", zstd}};

static int
make_text(void **state)
{
	struct util_random r = util_random_begin(7);
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(text); i++)
		text[i] = (char)('a' + util_random_below(&r, 16));
	return 0;
}

static void
gives_back_what_was_compressed(void **state)
{
	static unsigned char packed[2 * TEXT_BYTES];
	static const size_t lengths[] = {0, 1, 60, 61, 62, 5000, TEXT_BYTES};
	static const size_t outs[] = {1, 7, 4096, TEXT_BYTES};
	size_t i, k, m;

	(void)state;
	for (i = 0; i < RT_COUNT_OF(FORMS); i++)
		for (k = 0; k < RT_COUNT_OF(lengths); k++)
			for (m = 0; m < RT_COUNT_OF(outs); m++) {
				size_t n = FORMS[i].pack(
				    packed, sizeof(packed), text, lengths[k]);
				struct result r = read_back(packed, n, outs[m]);

				assert_int_equal(r.err, RT_OK);
				assert_int_equal(r.len, lengths[k]);
				assert_memory_equal(r.p, text, r.len);
				free(r.p);
			}
}

static void
takes_members_and_frames_as_one_text(void **state)
{
	static unsigned char packed[3 * TEXT_BYTES];
	size_t i;

	(void)state;
	for (i = 0; i < RT_COUNT_OF(FORMS); i++) {
		size_t n = FORMS[i].pack(packed, sizeof(packed), text, 50000);
		struct result r;

		n += FORMS[i].pack(
		    packed + n, sizeof(packed) - n, text + 50000, 50000);
		if (FORMS[i].pack == gzip) {
			memset(packed + n, 0, 1000); /* a tape's padding */
			n += 1000;
		}
		r = read_back(packed, n, 4096);
		assert_int_equal(r.err, RT_OK);
		assert_int_equal(r.len, 100000);
		assert_memory_equal(r.p, text, r.len);
		free(r.p);
	}
}

static void
takes_anything_else_as_plain(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
	} rows[] = {{"", 0}, {"{", 1}, {"\x1f", 1}, {"\x1f\x8c", 2}, {"(", 1},
	    {"\x28\xb5\x2f", 3}, {"\x28\xb5\x2f\xfe", 4}, {"P*", 2},
	    {"\x1fx", 2}, {"{\"a\":1}\n", 8}};
	size_t i;

	(void)state;
	for (i = 0; i < RT_COUNT_OF(rows); i++) {
		struct result r = read_back(rows[i].bytes, rows[i].len, 5);

		assert_int_equal(r.err, RT_OK);
		assert_int_equal(r.len, rows[i].len);
		assert_memory_equal(r.p, rows[i].bytes, r.len);
		assert_false(
		    rt_inflate_is_compressed(rows[i].bytes, rows[i].len));
		free(r.p);
	}
}

static void
passes_over_a_frame_that_is_to_be_skipped(void **state)
{
	unsigned char packed[1000] = {
	    0x53, 0x2a, 0x4d, 0x18, 4, 0, 0, 0, 'x', 'x', 'x', 'x'};
	size_t n = 12 + zstd(packed + 12, sizeof(packed) - 12, text, 100);
	struct result r = read_back(packed, n, 4096);

	(void)state;
	assert_int_equal(r.err, RT_OK);
	assert_int_equal(r.len, 100);
	free(r.p);
}

static void
gives_what_can_be_read_of_a_file_that_ends_too_soon(void **state)
{
	static unsigned char packed[2 * TEXT_BYTES];
	size_t i, cut;

	(void)state;
	for (i = 0; i < RT_COUNT_OF(FORMS); i++) {
		size_t n =
		    FORMS[i].pack(packed, sizeof(packed), text, TEXT_BYTES);

		for (cut = n - 1; cut >= 4; cut -= cut > 1000 ? 997 : 1) {
			struct result r = read_back(packed, cut, 4096);
			char want[96];

			snprintf(want, sizeof(want),
			    "%s data ends too soon, at byte %zu of the file",
			    FORMS[i].name, cut);
			assert_int_equal(r.err, RT_E_IO);
			assert_string_equal(r.why.what, want);
			assert_memory_equal(r.p, text, r.len);
			free(r.p);
		}
	}
	/* One step of gzip is a byte, one of zstd a block. */
	{
		size_t n = gzip(packed, sizeof(packed), text, TEXT_BYTES);
		struct result r = read_back(packed, n - 100, 4096);

		assert_true(r.len > TEXT_BYTES - 1000);
		free(r.p);
	}
}

static void
names_the_damaged_byte_after_what_came_before_it(void **state)
{
	static unsigned char packed[4 * TEXT_BYTES];
	size_t i;

	(void)state;
	for (i = 0; i < RT_COUNT_OF(FORMS); i++) {
		/* Two wholes, and bytes that are neither frame nor padding. */
		size_t n = FORMS[i].pack(packed, sizeof(packed), text, 50000);
		struct result r;
		char want[96];

		n += FORMS[i].pack(
		    packed + n, sizeof(packed) - n, text + 50000, 50000);
		memset(packed + n, 'x', 100);
		r = read_back(packed, n + 100, 4096);
		assert_int_equal(r.err, RT_E_IO);
		snprintf(want, sizeof(want), "%s data is damaged at byte ",
		    FORMS[i].name);
		assert_memory_equal(r.why.what, want, strlen(want));
		assert_in_range(strtoul(r.why.what + strlen(want), NULL, 10), n,
		    n + IN_BYTES);
		assert_int_equal(r.len, 100000);
		assert_memory_equal(r.p, text, r.len);
		free(r.p);
	}
}

static void
notices_every_flipped_byte_of_the_check_sums(void **state)
{
	static unsigned char packed[2 * TEXT_BYTES];
	size_t i, k;

	(void)state;
	for (i = 0; i < RT_COUNT_OF(FORMS); i++) {
		size_t n =
		    FORMS[i].pack(packed, sizeof(packed), text, TEXT_BYTES);

		for (k = n - 4; k < n; k++) {
			struct result r;

			packed[k] ^= 0x10;
			r = read_back(packed, n, 4096);
			assert_int_equal(r.err, RT_E_IO);
			assert_memory_equal(r.p, text, r.len);
			free(r.p);
			packed[k] ^= 0x10;
		}
	}
}

static void
survives_every_flipped_byte(void **state)
{
	static unsigned char packed[2 * TEXT_BYTES];
	size_t i, k;

	(void)state;
	for (i = 0; i < RT_COUNT_OF(FORMS); i++) {
		size_t n = FORMS[i].pack(packed, sizeof(packed), text, 3000);

		for (k = 0; k < n; k++) {
			struct result r;

			packed[k] ^= 0xff;
			r = read_back(packed, n, 4096);
			if (k >= 4 && r.err == RT_OK)
				assert_memory_equal(r.p, text, r.len);
			free(r.p);
			packed[k] ^= 0xff;
		}
	}
}

static void
comes_back_from_a_pipe_that_says_nothing(void **state)
{
	int ends[2];
	struct rt_inflate *z;
	char out[64];
	size_t n = 99;
	struct rt_diag d;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	z = rt_inflate_new(ends[0]);
	assert_int_equal(
	    rt_inflate_read(z, out, sizeof(out), 1, &n, &d), RT_E_AGAIN);
	assert_int_equal(n, 99);
	assert_int_equal(write(ends[1], "P", 1), 1);
	assert_int_equal(
	    rt_inflate_read(z, out, sizeof(out), 1, &n, &d), RT_E_AGAIN);
	assert_int_equal(write(ends[1], "ure", 3), 3);
	assert_int_equal(
	    rt_inflate_read(z, out, sizeof(out), 1, &n, &d), RT_OK);
	assert_int_equal(n, 4);
	assert_memory_equal(out, "Pure", 4);
	close(ends[1]);
	assert_int_equal(
	    rt_inflate_read(z, out, sizeof(out), 1, &n, &d), RT_OK);
	assert_int_equal(n, 0);
	rt_inflate_free(z);
	close(ends[0]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(gives_back_what_was_compressed),
	    cmocka_unit_test(takes_members_and_frames_as_one_text),
	    cmocka_unit_test(takes_anything_else_as_plain),
	    cmocka_unit_test(passes_over_a_frame_that_is_to_be_skipped),
	    cmocka_unit_test(
		gives_what_can_be_read_of_a_file_that_ends_too_soon),
	    cmocka_unit_test(names_the_damaged_byte_after_what_came_before_it),
	    cmocka_unit_test(notices_every_flipped_byte_of_the_check_sums),
	    cmocka_unit_test(survives_every_flipped_byte),
	    cmocka_unit_test(comes_back_from_a_pipe_that_says_nothing),
	};

	return cmocka_run_group_tests(tests, make_text, NULL);
}
