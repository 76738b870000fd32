/* SPDX-License-Identifier: MIT */
#include "tests/unit/util.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define GUARDED_MAX 1048576u

void
util_assert_within(double got, double want, double tolerance, const char *what,
    const char *file, int line)
{
	if (fabs(got - want) <= tolerance)
		return;
	print_error("%s is %.17g, not within %g of %.17g\n", what, got,
	    tolerance, want);
	_fail(file, line);
}

const char *
util_guarded(const void *bytes, size_t len)
{
	static char *base;
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char *p;

	if (!base) {
		p = mmap(NULL, GUARDED_MAX + page, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		assert_ptr_not_equal(p, MAP_FAILED);
		assert_int_equal(mprotect(p + GUARDED_MAX, page, PROT_NONE), 0);
		base = p;
	}
	assert_true(len <= GUARDED_MAX);
	p = base + GUARDED_MAX - len;
	if (len > 0)
		memcpy(p, bytes, len);
	return p;
}

const char *
util_show(struct rt_str s)
{
	static char texts[4][512];
	static unsigned turn;
	char *out = texts[turn++ % 4];
	size_t i, n = 0;

	if (!s.p)
		return "(absent)";
	for (i = 0; i < s.len && n + 5 < sizeof(texts[0]); i++)
		if (s.p[i] >= 0x20 && s.p[i] < 0x7F)
			out[n++] = s.p[i];
		else
			n += (size_t)snprintf(
			    out + n, 5, "\\x%02X", (unsigned char)s.p[i]);
	out[n] = '\0';
	return out;
}

struct util_random
util_random_begin(uint64_t fallback)
{
	const char *z = getenv("RT_SEED");
	struct util_random r = {z ? strtoull(z, NULL, 10) : fallback};

	print_message("RT_SEED=%llu\n", (unsigned long long)r.state);
	return r;
}

uint64_t
util_random(struct util_random *r)
{
	uint64_t z = (r->state += UINT64_C(0x9E3779B97F4A7C15));

	z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
	return z ^ (z >> 31);
}

size_t
util_random_below(struct util_random *r, size_t below)
{
	return (size_t)(util_random(r) % below);
}

char *
util_read_file(const char *path, size_t *len)
{
	FILE *f = fopen(path, "rb");
	char *p;
	long size;

	if (!f)
		print_error("cannot open %s\n", path);
	assert_non_null(f);
	assert_int_equal(fseek(f, 0, SEEK_END), 0);
	size = ftell(f);
	assert_true(size >= 0);
	rewind(f);
	p = malloc((size_t)size + 1);
	assert_non_null(p);
	*len = fread(p, 1, (size_t)size, f);
	assert_int_equal(*len, size);
	p[*len] = '\0';
	fclose(f);
	return p;
}

void
util_assert_golden(
    const char *path, const char *text, const char *file, int line)
{
	char *want;
	size_t len;

	if (getenv("RT_GOLDEN_WRITE")) {
		FILE *f = fopen(path, "w");

		assert_non_null(f);
		fputs(text, f);
		assert_int_equal(fclose(f), 0);
	}
	want = util_read_file(path, &len);
	if (strcmp(want, text) != 0) {
		print_error("%s differs; now it is:\n%s\n", path, text);
		_fail(file, line);
	}
	free(want);
}
