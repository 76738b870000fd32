/* SPDX-License-Identifier: MIT */
#include "collector/journal_dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "proto/fd.h"
#include "proto/mem.h"

#define PREFIX "segment-"
#define DIGITS 20u
#define END_NAME "end"
#define SQUEEZED "squeezed.tmp"
#define LEVEL 3

/* ---- names --------------------------------------------------------------------- */

void
rt_journal_name(
    char out[RT_JOURNAL_NAME_SIZE], uint64_t number, bool is_compressed)
{
	snprintf(out, RT_JOURNAL_NAME_SIZE, PREFIX "%020llu.rtj%s",
	    (unsigned long long)number, is_compressed ? ".zst" : "");
}

bool
rt_journal_name_parse(const char *name, struct rt_journal_segment *out)
{
	struct rt_journal_segment s = {0};
	const char *digits = name + strlen(PREFIX), *rest = digits + DIGITS;
	size_t i;

	if (strncmp(name, PREFIX, strlen(PREFIX)) != 0 ||
	    strspn(digits, "0123456789") != DIGITS)
		return false;
	for (i = 0; i < DIGITS; i++)
		s.number = s.number * 10 + (uint64_t)(digits[i] - '0');
	s.is_compressed = strcmp(rest, ".rtj.zst") == 0;
	if (!s.is_compressed && strcmp(rest, ".rtj") != 0)
		return false;
	rt_journal_name(s.name, s.number, s.is_compressed);
	*out = s;
	return true;
}

static int
by_number(const void *a, const void *b)
{
	const struct rt_journal_segment *x = a, *y = b;

	if (x->number != y->number)
		return x->number < y->number ? -1 : 1;
	return (int)x->is_compressed - (int)y->is_compressed;
}

static void
keep_plain_ones(struct rt_journal_list *l)
{
	size_t i, n = 0;

	for (i = 0; i < l->count; i++)
		if (n == 0 ||
		    l->segments[n - 1].number != l->segments[i].number)
			l->segments[n++] = l->segments[i];
	l->count = n;
}

enum rt_err
rt_journal_list_read(struct rt_journal_list *l, int dir_fd)
{
	struct rt_journal_segment s;
	struct dirent *e;
	size_t room = 0;
	int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);

	if (!d) {
		if (fd >= 0)
			close(fd);
		return RT_E_IO;
	}
	*l = (struct rt_journal_list){NULL, 0};
	while ((e = readdir(d)) != NULL) {
		if (!rt_journal_name_parse(e->d_name, &s))
			continue;
		if (l->count == room) {
			room = room ? room * 2 : 16;
			l->segments = rt_xrealloc(
			    l->segments, room * sizeof(*l->segments));
		}
		l->segments[l->count++] = s;
	}
	closedir(d);
	if (l->count > 0)
		qsort(l->segments, l->count, sizeof(*l->segments), by_number);
	keep_plain_ones(l);
	return RT_OK;
}

void
rt_journal_list_free(struct rt_journal_list *l)
{
	free(l->segments);
	*l = (struct rt_journal_list){NULL, 0};
}

/* ---- the end mark -------------------------------------------------------------- */

static unsigned
crc_of_number(uint64_t number)
{
	char digits[DIGITS + 1];

	snprintf(digits, sizeof(digits), "%020llu", (unsigned long long)number);
	return (unsigned)crc32_z(0, (const Bytef *)digits, DIGITS);
}

enum rt_err
rt_journal_end_open(int dir_fd, int *out_fd)
{
	int fd = openat(dir_fd, END_NAME, O_RDWR | O_CREAT | O_CLOEXEC, 0640);

	if (fd < 0)
		return RT_E_IO;
	if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		close(fd);
		return RT_E_BUSY;
	}
	*out_fd = fd;
	return RT_OK;
}

void
rt_journal_end_write(int fd, uint64_t number)
{
	char text[64];
	int n = snprintf(text, sizeof(text), "%020llu %08x\n",
	    (unsigned long long)number, crc_of_number(number));

	/* Should it fail, the segments still say where they end. */
	if (pwrite(fd, text, (size_t)n, 0) != n)
		return;
}

uint64_t
rt_journal_end_read(int dir_fd)
{
	char text[64] = "";
	unsigned long long number = 0;
	unsigned crc = 0;
	int fd = openat(dir_fd, END_NAME, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return 0;
	if (pread(fd, text, sizeof(text) - 1, 0) <= 0 ||
	    sscanf(text, "%20llu %8x", &number, &crc) != 2 ||
	    crc != crc_of_number(number))
		number = 0;
	close(fd);
	return number;
}

/* ---- retention ----------------------------------------------------------------- */

void
rt_journal_retain(int dir_fd, uint64_t keep_bytes, int64_t keep_ms,
    int64_t now_us, uint64_t open_number)
{
	struct rt_journal_list l;
	struct stat st;
	uint64_t total = 0;
	size_t i;

	if (rt_journal_list_read(&l, dir_fd) != RT_OK)
		return;
	for (i = 0; i < l.count; i++)
		if (fstatat(dir_fd, l.segments[i].name, &st, 0) == 0)
			total += (uint64_t)st.st_size;
	for (i = 0; i < l.count && l.segments[i].number < open_number; i++) {
		const char *name = l.segments[i].name;
		int64_t age_ms;

		if (fstatat(dir_fd, name, &st, 0) != 0)
			continue;
		age_ms = now_us / 1000 - (int64_t)st.st_mtim.tv_sec * 1000;
		if (total <= keep_bytes && age_ms <= keep_ms)
			break;
		if (unlinkat(dir_fd, name, 0) == 0)
			total -= (uint64_t)st.st_size;
	}
	rt_journal_list_free(&l);
}

/* ---- compression --------------------------------------------------------------- */

void
rt_journal_squeeze_init(struct rt_journal_squeeze *q)
{
	*q = (struct rt_journal_squeeze){.in = -1, .out = -1};
}

static void
stop(struct rt_journal_squeeze *q, int dir_fd, bool is_failed)
{
	if (q->in >= 0)
		close(q->in);
	if (q->out >= 0)
		close(q->out);
	if (is_failed)
		unlinkat(dir_fd, SQUEEZED, 0);
	q->in = q->out = -1;
}

void
rt_journal_squeeze_fini(struct rt_journal_squeeze *q, int dir_fd)
{
	stop(q, dir_fd, q->in >= 0);
	ZSTD_freeCCtx(q->context);
	free(q->plain);
	free(q->packed);
}

static bool
find_work(struct rt_journal_squeeze *q, int dir_fd, uint64_t open_number)
{
	struct rt_journal_list l;
	size_t i;

	if (rt_journal_list_read(&l, dir_fd) != RT_OK)
		return false;
	for (i = 0; i < l.count && l.segments[i].number < open_number; i++) {
		if (l.segments[i].is_compressed)
			continue;
		q->segment = l.segments[i];
		q->in = openat(dir_fd, q->segment.name, O_RDONLY | O_CLOEXEC);
		q->out = openat(dir_fd, SQUEEZED,
		    O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
		break;
	}
	rt_journal_list_free(&l);
	if (q->in >= 0 && q->out >= 0)
		return true;
	stop(q, dir_fd, true);
	return false;
}

/* All is in the new file: it takes the place of the plain one. */
static bool
replace(struct rt_journal_squeeze *q, int dir_fd)
{
	char name[RT_JOURNAL_NAME_SIZE];
	struct stat st;
	struct timespec times[2] = {{0, UTIME_NOW}, {0, 0}};

	rt_journal_name(name, q->segment.number, true);
	if (fstat(q->in, &st) != 0)
		return false;
	times[1] = st.st_mtim; /* its age is that of its records */
	if (futimens(q->out, times) != 0 || fsync(q->out) != 0 ||
	    renameat(dir_fd, SQUEEZED, dir_fd, name) != 0)
		return false;
	(void)fsync(dir_fd);
	(void)unlinkat(dir_fd, q->segment.name, 0);
	return true;
}

static void
make_ready(struct rt_journal_squeeze *q)
{
	if (q->context)
		return;
	q->context = ZSTD_createCCtx();
	ZSTD_CCtx_setParameter(q->context, ZSTD_c_compressionLevel, LEVEL);
	ZSTD_CCtx_setParameter(q->context, ZSTD_c_checksumFlag, 1);
	q->plain = rt_xcalloc(RT_JOURNAL_BLOCK_BYTES, 1);
	q->packed = rt_xcalloc(ZSTD_compressBound(RT_JOURNAL_BLOCK_BYTES), 1);
}

bool
rt_journal_squeeze_step(
    struct rt_journal_squeeze *q, int dir_fd, uint64_t open_number)
{
	ssize_t n;
	size_t packed;

	if (q->in < 0 && !find_work(q, dir_fd, open_number))
		return false;
	make_ready(q);
	n = read(q->in, q->plain, RT_JOURNAL_BLOCK_BYTES);
	if (n == 0) {
		bool ok = replace(q, dir_fd);

		stop(q, dir_fd, !ok);
		return ok;
	}
	packed = n < 0 ? 0
		       : ZSTD_compress2(q->context, q->packed,
			     ZSTD_compressBound(RT_JOURNAL_BLOCK_BYTES),
			     q->plain, (size_t)n);
	if (n > 0 && !ZSTD_isError(packed) &&
	    rt_fd_write_all(q->out, (struct rt_str){q->packed, packed}))
		return true;
	stop(q, dir_fd, true);
	return false;
}
