/* SPDX-License-Identifier: MIT */
#include "collector/journal_reader.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include "collector/journal_dir.h"
#include "proto/mem.h"

#define FRAME_MAX (RT_JOURNAL_HEADER_BYTES + RT_JOURNAL_BODY_MAX)
#define PACKED_MAX (2 * RT_JOURNAL_BLOCK_BYTES)
#define MAGIC_BYTES (sizeof(RT_JOURNAL_MAGIC) - 1)

static const unsigned char zstd_mark[4] = {0x28, 0xb5, 0x2f, 0xfd};

struct bytes {
	char *p; /* owned */
	size_t size, begin, end;
};

struct rt_journal_reader {
	int dir_fd;
	bool is_folder;
	struct rt_journal_list list;
	size_t at; /* segment that is open, or comes next */
	int fd;    /* -1: none open */
	bool is_compressed, is_at_end;
	uint64_t file_offset; /* of packed.begin */
	struct rt_journal_scan scan;
	struct bytes frames, packed;
	bool in_hole; /* the frames before it are to be read first */
	bool has_ended;
};

/* ---- what is there ------------------------------------------------------------- */

static const char *
last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Does the stream that begins with these bytes begin with our line? */
static bool
unpacks_to_magic(const char *p, size_t len)
{
	char out[MAGIC_BYTES];
	ZSTD_DStream *z = ZSTD_createDStream();
	ZSTD_inBuffer in = {p, len, 0};
	ZSTD_outBuffer to = {out, sizeof(out), 0};
	size_t left = 1;

	while (z && to.pos < to.size && in.pos < in.size && left != 0 &&
	    !ZSTD_isError(left))
		left = ZSTD_decompressStream(z, &to, &in);
	ZSTD_freeDStream(z);
	return to.pos == to.size && memcmp(out, RT_JOURNAL_MAGIC, to.size) == 0;
}

static bool
file_is_segment(const char *path)
{
	/* Room for a whole first block header and literals. */
	static const size_t head_bytes = 128u << 10;
	char *head;
	ssize_t n;
	bool is_one;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	if (fd < 0)
		return false;
	head = rt_xcalloc(head_bytes, 1);
	n = pread(fd, head, head_bytes, 0);
	close(fd);
	is_one = n >= (ssize_t)MAGIC_BYTES &&
	    (memcmp(head, RT_JOURNAL_MAGIC, MAGIC_BYTES) == 0 ||
		(memcmp(head, zstd_mark, sizeof(zstd_mark)) == 0 &&
		    unpacks_to_magic(head, (size_t)n)));
	free(head);
	return is_one;
}

bool
rt_journal_is_at(const char *path)
{
	struct rt_journal_segment s;
	struct rt_journal_list l = {NULL, 0};
	struct stat st;
	bool is_one = false;
	int fd;

	if (stat(path, &st) != 0)
		return false;
	if (S_ISREG(st.st_mode))
		return rt_journal_name_parse(last_part(path), &s) ||
		    file_is_segment(path);
	if (!S_ISDIR(st.st_mode))
		return false;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return false;
	is_one = rt_journal_list_read(&l, fd) == RT_OK &&
	    (l.count > 0 || rt_journal_end_read(fd) != 0);
	rt_journal_list_free(&l);
	close(fd);
	return is_one;
}

/* ---- open ---------------------------------------------------------------------- */

/* One file as a list of one; its name may be anything. */
static enum rt_err
open_file(struct rt_journal_reader *r, const char *path)
{
	struct rt_journal_segment *s = rt_xcalloc(1, sizeof(*s));

	r->list = (struct rt_journal_list){s, 1};
	(void)rt_journal_name_parse(last_part(path), s);
	r->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	return r->fd < 0 ? RT_E_IO : RT_OK;
}

/* The open file from its beginning. */
static void
begin(struct rt_journal_reader *r)
{
	unsigned char head[sizeof(zstd_mark)];

	r->is_compressed = r->list.segments[r->at].is_compressed ||
	    (pread(r->fd, head, sizeof(head), 0) == (ssize_t)sizeof(head) &&
		memcmp(head, zstd_mark, sizeof(head)) == 0);
	r->is_at_end = r->in_hole = false;
	r->file_offset = 0;
	r->frames.begin = r->frames.end = 0;
	r->packed.begin = r->packed.end = 0;
	r->scan.is_blocks = r->is_compressed;
	rt_journal_scan_begin(&r->scan, (unsigned)r->at);
	if (r->scan.next == 0)
		r->scan.next = r->list.segments[r->at].number;
}

enum rt_err
rt_journal_reader_open(
    const char *path, struct rt_journal_reader **out, struct rt_diag *d)
{
	struct rt_journal_reader *r = rt_xcalloc(1, sizeof(*r));
	enum rt_err err;

	r->fd = -1;
	r->dir_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	r->is_folder = r->dir_fd >= 0;
	err = r->is_folder ? rt_journal_list_read(&r->list, r->dir_fd)
			   : open_file(r, path);
	if (err != RT_OK) {
		rt_diag_set(d, path, "cannot be read: %s", strerror(errno));
		rt_journal_reader_close(r);
		return err;
	}
	r->frames.size = 2 * FRAME_MAX;
	r->frames.p = rt_xcalloc(r->frames.size, 1);
	r->packed.size = 2 * PACKED_MAX;
	r->packed.p = rt_xcalloc(r->packed.size, 1);
	if (r->fd >= 0)
		begin(r);
	*out = r;
	return RT_OK;
}

void
rt_journal_reader_close(struct rt_journal_reader *r)
{
	if (!r)
		return;
	if (r->fd >= 0)
		close(r->fd);
	if (r->dir_fd >= 0)
		close(r->dir_fd);
	rt_journal_list_free(&r->list);
	free(r->frames.p);
	free(r->packed.p);
	free(r);
}

/* A running collector may have compressed it since the list was read. */
static bool
open_segment(struct rt_journal_reader *r)
{
	struct rt_journal_segment *s = &r->list.segments[r->at];

	r->fd = openat(r->dir_fd, s->name, O_RDONLY | O_CLOEXEC);
	if (r->fd < 0 && errno == ENOENT && !s->is_compressed) {
		s->is_compressed = true;
		rt_journal_name(s->name, s->number, true);
		r->fd = openat(r->dir_fd, s->name, O_RDONLY | O_CLOEXEC);
	}
	if (r->fd < 0)
		return false;
	begin(r);
	return true;
}

/* ---- bytes --------------------------------------------------------------------- */

static void
make_room(struct bytes *b)
{
	memmove(b->p, b->p + b->begin, b->end - b->begin);
	b->end -= b->begin;
	b->begin = 0;
}

static enum rt_err
read_more(struct rt_journal_reader *r, struct bytes *b)
{
	ssize_t n;

	make_room(b);
	do
		n = read(r->fd, b->p + b->end, b->size - b->end);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return RT_E_IO;
	if (n == 0)
		r->is_at_end = true;
	b->end += (size_t)n;
	return RT_OK;
}

/* The block at hand cannot be unpacked: go to where the next may begin. */
static void
skip_block(struct rt_journal_reader *r)
{
	struct bytes *b = &r->packed;
	const char *from = b->p + b->begin, *end = b->p + b->end;
	const char *p = from + 1;

	while (p < end &&
	    ((p = memchr(p, zstd_mark[0], (size_t)(end - p))) != NULL) &&
	    end - p >= (ptrdiff_t)sizeof(zstd_mark) &&
	    memcmp(p, zstd_mark, sizeof(zstd_mark)) != 0)
		p++;
	if (!p || p > end)
		p = end;
	b->begin += (size_t)(p - from);
	r->file_offset += (uint64_t)(p - from);
}

/* Unpack the next block behind the frames. */
static enum rt_err
unpack(struct rt_journal_reader *r)
{
	struct bytes *b = &r->packed;
	size_t used, n;
	enum rt_err err;

	while (!r->is_at_end && b->end - b->begin < PACKED_MAX) {
		err = read_more(r, b);
		if (err != RT_OK)
			return err;
	}
	if (b->begin == b->end)
		return RT_E_EMPTY;
	make_room(&r->frames);
	used = ZSTD_findFrameCompressedSize(b->p + b->begin, b->end - b->begin);
	n = ZSTD_isError(used)
	    ? used
	    : ZSTD_decompress(r->frames.p + r->frames.end,
		  r->frames.size - r->frames.end, b->p + b->begin, used);
	if (ZSTD_isError(n)) {
		r->scan.offset = r->file_offset;
		rt_journal_scan_hole(
		    &r->scan, "a compressed block is damaged here");
		skip_block(r);
		r->in_hole = true;
		return RT_OK;
	}
	r->scan.offset = r->file_offset;
	r->frames.end += n;
	b->begin += used;
	r->file_offset += used;
	return RT_OK;
}

/* Bring more; RT_E_EMPTY at the end of the segment. */
static enum rt_err
fill(struct rt_journal_reader *r)
{
	enum rt_err err;

	if (r->is_compressed)
		return unpack(r);
	if (r->is_at_end)
		return RT_E_EMPTY;
	err = read_more(r, &r->frames);
	return err == RT_OK && r->is_at_end ? RT_E_EMPTY : err;
}

/* ---- frames -------------------------------------------------------------------- */

static void
say_damage(const struct rt_journal_reader *r,
    const struct rt_journal_damage *damage, struct rt_diag *d)
{
	const char *name = r->list.segments[damage->file].name;

	rt_diag_set(d, name[0] ? name : "segment",
	    "at byte %llu: %s: %llu records dropped",
	    (unsigned long long)damage->offset, damage->what,
	    (unsigned long long)damage->dropped);
}

static void
leave_segment(struct rt_journal_reader *r)
{
	close(r->fd);
	r->fd = -1;
	r->at++;
}

static enum rt_err
next_of_segment(struct rt_journal_reader *r, struct rt_journal_frame *f,
    struct rt_journal_damage *damage)
{
	enum rt_err err, more = RT_OK;

	for (;;) {
		struct bytes *b = &r->frames;
		struct rt_str have = {b->p + b->begin, b->end - b->begin};
		bool is_end = more == RT_E_EMPTY || r->in_hole;

		err = rt_journal_scan_next(&r->scan, &have, is_end, f, damage);
		b->begin = b->end - have.len;
		if (err == RT_E_EMPTY && r->in_hole && more != RT_E_EMPTY) {
			r->in_hole = false;
			continue;
		}
		if (err != RT_E_AGAIN)
			return err;
		more = fill(r);
		if (more == RT_E_IO)
			return RT_E_IO;
	}
}

static enum rt_err
finish(struct rt_journal_reader *r, struct rt_diag *d)
{
	struct rt_journal_damage damage;
	uint64_t end = r->is_folder ? rt_journal_end_read(r->dir_fd) : 0;

	if (r->has_ended)
		return RT_E_EMPTY;
	r->has_ended = true;
	if (r->list.count == 0) {
		r->scan.next = end;
		return RT_E_EMPTY;
	}
	/* A mark behind what the segments say is no news of a loss. */
	if (end != 0 && end < r->scan.next)
		end = r->scan.next;
	if (!rt_journal_scan_end(&r->scan, end, &damage))
		return RT_E_EMPTY;
	r->scan.next += damage.dropped;
	say_damage(r, &damage, d);
	return RT_E_SYNTAX;
}

enum rt_err
rt_journal_reader_next(
    struct rt_journal_reader *r, struct rt_journal_frame *f, struct rt_diag *d)
{
	struct rt_journal_damage damage;

	while (r->at < r->list.count) {
		enum rt_err err = RT_E_IO;

		if (r->fd >= 0 || open_segment(r))
			err = next_of_segment(r, f, &damage);
		if (err == RT_OK)
			return err;
		if (err == RT_E_SYNTAX) {
			say_damage(r, &damage, d);
			return err;
		}
		if (err == RT_E_IO)
			rt_diag_set(d, r->list.segments[r->at].name,
			    "cannot be read: %s", strerror(errno));
		if (r->fd >= 0)
			leave_segment(r);
		else
			r->at++;
		if (err == RT_E_IO)
			return err;
	}
	return finish(r, d);
}

/* ---- where to begin ------------------------------------------------------------ */

static void
start_at(struct rt_journal_reader *r, size_t at)
{
	if (r->fd >= 0)
		close(r->fd);
	r->fd = -1;
	r->at = at;
	r->scan = (struct rt_journal_scan){0};
}

void
rt_journal_reader_seek(struct rt_journal_reader *r, int64_t since_us)
{
	struct rt_journal_frame f;
	struct rt_journal_damage damage;
	size_t at = r->list.count;

	if (!r->is_folder)
		return;
	while (at-- > 0) {
		enum rt_err err = RT_E_IO;

		start_at(r, at);
		if (open_segment(r))
			do
				err = next_of_segment(r, &f, &damage);
			while (err == RT_E_SYNTAX);
		if (err == RT_OK && f.arrived_us < since_us)
			break;
	}
	start_at(r, at < r->list.count ? at : 0);
}

void
rt_journal_reader_seek_last(struct rt_journal_reader *r)
{
	if (r->is_folder && r->list.count > 0)
		start_at(r, r->list.count - 1);
}

uint64_t
rt_journal_reader_dropped(const struct rt_journal_reader *r)
{
	return r->scan.dropped;
}

uint64_t
rt_journal_reader_next_number(const struct rt_journal_reader *r)
{
	return r->scan.next;
}
