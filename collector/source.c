/* SPDX-License-Identifier: MIT */
#include "collector/source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "collector/follow.h"
#include "collector/inflate.h"
#include "collector/journal_reader.h"
#include "proto/event.h"
#include "proto/mem.h"

#ifndef BLOCK_BYTES /* tests shrink it */
#define BLOCK_BYTES (1u << 20)
#endif
#define BLOCKS_BYTES_MAX (32u << 20) /* all files together */
#define WHERE_SIZE 160u
#define NAME_MAX_BYTES 128u /* of a path, its end */
#define BOM "\xef\xbb\xbf"
#define BOM_BYTES (sizeof(BOM) - 1)
#define BLOCKING (-1)
#ifndef QUIET_LOOKS     /* tests shrink it */
#define QUIET_LOOKS 10u /* without a byte: a block has ended */
#endif

struct file {
	int fd;
	/* Where its bytes come from; owned, two of the three are NULL. */
	struct rt_inflate *inflate;
	struct rt_follow *follow;
	struct rt_journal_reader *journal;
	struct rt_str left;       /* of a journal's frame, not yet given */
	struct rt_source *source; /* borrowed */
	int wait_ms;
	unsigned looks;  /* in vain, since the last byte */
	bool is_waiting; /* the last look was in vain */
	bool is_at_end;  /* nothing more to read */
	bool is_done;    /* nothing more to give */
	bool has_failed; /* with `why`, to be told */
	struct rt_diag why;
	char *buf;               /* owned */
	size_t size, begin, end; /* unread: [begin, end) */
	uint64_t line;           /* lines before `begin` */
	char where[WHERE_SIZE];
	size_t name_len;
	/* The record at hand, for the merge. */
	bool has_record;
	struct rt_str record;
	int64_t time_us;
};

struct rt_source {
	void (*damaged)(void *arg, const struct rt_diag *d);
	void (*marked)(void *arg, const struct rt_mark *m);
	void *damaged_arg, *marked_arg;
	unsigned count;
	struct file files[];
};

/* ---- journals ------------------------------------------------------------------ */

/* The next frame with records; false at the end of the journal. */
static bool
next_frame(struct file *f)
{
	struct rt_journal_frame frame;
	struct rt_diag d = {{0}, {0}};
	enum rt_err err;

	while (f->left.len == 0) {
		err = rt_journal_reader_next(f->journal, &frame, &d);
		if (err == RT_E_EMPTY)
			return false;
		if (err == RT_OK)
			f->left = frame.records;
		else if (f->source->damaged)
			f->source->damaged(f->source->damaged_arg, &d);
	}
	return true;
}

/* Lines of records; *n is 0 at the end. */
static enum rt_err
read_journal(struct file *f, char *out, size_t size, size_t *n)
{
	if (!next_frame(f))
		return RT_OK;
	*n = f->left.len < size ? f->left.len : size;
	memcpy(out, f->left.p, *n);
	f->left.p += *n;
	f->left.len -= *n;
	return RT_OK;
}

/* ---- lines --------------------------------------------------------------------- */

static enum rt_err
get_bytes(struct file *f, char *out, size_t size, size_t *n)
{
	enum rt_err err;

	if (f->journal)
		return read_journal(f, out, size, n);
	if (f->follow)
		return rt_follow_read(
		    f->follow, out, size, f->wait_ms, n, &f->why);
	do
		err = rt_inflate_read(
		    f->inflate, out, size, f->wait_ms, n, &f->why);
	while (err == RT_E_AGAIN && f->wait_ms == BLOCKING);
	return err;
}

/*
 * Read more behind `end`; moves what is unread to the front, so slices into the buffer
 * are void.  False where there is no more, no room, or
 * nothing yet: then is_waiting is set.
 */
static bool
fill(struct file *f)
{
	size_t n = 0;
	enum rt_err err;

	if (f->is_at_end)
		return false;
	if (f->begin > 0) {
		memmove(f->buf, f->buf + f->begin, f->end - f->begin);
		f->end -= f->begin;
		f->begin = 0;
	}
	if (f->end == f->size)
		return false;
	err = get_bytes(f, f->buf + f->end, f->size - f->end, &n);
	if (err != RT_OK && err != RT_E_AGAIN)
		f->has_failed = true;
	/* What is followed is tried again. */
	f->is_waiting = err == RT_E_AGAIN || (f->follow && err != RT_OK);
	f->looks = f->is_waiting ? f->looks + 1 : 0;
	if (f->is_waiting)
		return false;
	f->is_at_end = err != RT_OK || n == 0;
	f->end += n;
	return !f->is_at_end;
}

struct line {
	size_t from, len; /* from: offset to f->begin; len without '\n' */
	size_t next;      /* offset of the line behind it */
	bool is_cut;      /* longer than the buffer: the rest was thrown away */
};

/* Throw away the rest of a line that fills the buffer from `keep` on. */
static void
drop_rest(struct file *f, size_t keep)
{
	char *newline;

	for (;;) {
		f->end = f->begin + keep;
		if (!fill(f))
			return;
		newline = memchr(
		    f->buf + f->begin + keep, '\n', f->end - f->begin - keep);
		if (!newline)
			continue;
		memmove(f->buf + f->begin + keep, newline,
		    (size_t)(f->buf + f->end - newline));
		f->end -= (size_t)(newline - (f->buf + f->begin + keep));
		return;
	}
}

/* The line at offset `from` of what is unread; false at the end. */
static bool
get_line(struct file *f, size_t from, struct line *l)
{
	size_t seen = from;
	char *newline;

	l->is_cut = false;
	for (;;) {
		char *at = f->buf + f->begin;
		size_t have = f->end - f->begin;

		newline =
		    seen < have ? memchr(at + seen, '\n', have - seen) : NULL;
		if (newline) {
			l->len = (size_t)(newline - at) - from;
			l->next = from + l->len + 1;
			break;
		}
		seen = have;
		if (fill(f))
			continue;
		if (f->end - f->begin == f->size && !l->is_cut) {
			seen = from + RT_RECORD_MAX + 1;
			l->is_cut = true;
			drop_rest(f, seen);
			if (!f->is_waiting)
				continue;
		}
		if (from == have || f->is_waiting)
			return false;
		l->len = have - from;
		l->next = have;
		break;
	}
	l->from = from;
	return true;
}

static struct rt_str
trimmed(const struct file *f, const struct line *l)
{
	const char *p = f->buf + f->begin + l->from;
	size_t n = l->len;

	while (n > 0 && (*p == ' ' || *p == '\t' || *p == '\r')) {
		p++;
		n--;
	}
	while (
	    n > 0 && (p[n - 1] == ' ' || p[n - 1] == '\t' || p[n - 1] == '\r'))
		n--;
	return (struct rt_str){p, n};
}

static bool
parts_blocks(struct rt_str line)
{
	return line.len == 0 || rt_str_is(line, "---");
}

/* ---- where a record ends ------------------------------------------------------- */

/* Follows one JSON object over its lines. */
struct braces {
	int depth;
	bool in_string;
};

/* True once the object is closed or can never be. */
static bool
follow(struct braces *b, struct rt_str line)
{
	size_t i;

	for (i = 0; i < line.len; i++) {
		char c = line.p[i];

		if (b->in_string) {
			if (c == '\\')
				i++;
			else if (c == '"')
				b->in_string = false;
		} else if (c == '"') {
			b->in_string = true;
		} else if (c == '{' || c == '[') {
			b->depth++;
		} else if ((c == '}' || c == ']') && --b->depth <= 0) {
			return true;
		}
	}
	return b->in_string; /* no string goes on in the next line */
}

static bool
is_key_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
}

/* Is this `key: value` or one key="value", the field of a block? */
static bool
is_block_field(struct rt_str s)
{
	size_t i = 0, quote;

	while (i < s.len && is_key_char(s.p[i]))
		i++;
	if (i == 0 || i == s.len)
		return false;
	if (s.p[i] == ':')
		return i + 1 == s.len || s.p[i + 1] == ' ' ||
		    s.p[i + 1] == '\t';
	if (s.p[i++] != '=')
		return false;
	if (i < s.len && s.p[i] == '"') {
		for (quote = i++; i < s.len && s.p[i] != '"'; i++)
			if (s.p[i] == '\\')
				i++;
		return i + 1 == s.len && i > quote;
	}
	while (i < s.len && s.p[i] != ' ' && s.p[i] != '\t')
		i++;
	return i == s.len;
}

/* key= or key: — no line of an object begins so. */
static bool
begins_with_field(struct rt_str s)
{
	size_t i = 0;

	while (i < s.len && is_key_char(s.p[i]))
		i++;
	return i > 0 && i < s.len && (s.p[i] == '=' || s.p[i] == ':');
}

/* The usual log has one object a line: the next one begins right behind it. */
static bool
is_whole_line(const struct file *f, const struct line *l, struct rt_str s)
{
	return s.p[s.len - 1] == '}' && f->begin + l->next < f->end &&
	    f->buf[f->begin + l->next] == '{';
}

/* Offsets, as reading on moves the bytes. */
struct extent {
	size_t end;  /* of the record */
	size_t next; /* of what follows it */
	uint64_t lines;
};

/* Of what is unread, throw away the bytes from one offset to another. */
static void
forget(struct file *f, size_t from, size_t to)
{
	char *at = f->buf + f->begin;

	memmove(at + from, at + to, f->end - f->begin - to);
	f->end -= to - from;
}

/* Lines behind the first that belong to the record, by its form. */
static void
find_end(struct file *f, const struct line *first, struct extent *e)
{
	struct rt_str s = trimmed(f, first);
	bool is_object = s.p[0] == '{';
	struct braces b = {0, false};
	struct line l = *first;

	*e = (struct extent){first->from + first->len, first->next, 1};
	if (first->is_cut ||
	    (is_object ? is_whole_line(f, first, s) || follow(&b, s)
		       : !is_block_field(s)))
		return;
	while (get_line(f, l.next, &l)) {
		s = trimmed(f, &l);
		if (is_object
			? (l.len > 0 && f->buf[f->begin + l.from] == '{') ||
			    begins_with_field(s)
			: parts_blocks(s) || !is_block_field(s))
			return;
		e->end = l.from + l.len;
		e->next = l.next;
		e->lines++;
		if (is_object && follow(&b, s))
			return;
		if (e->next > f->size / 2) {
			forget(f, RT_RECORD_MAX + 1, e->next);
			e->end = e->next = l.next = RT_RECORD_MAX + 1;
		}
	}
}

static void
say_where(struct file *f, uint64_t line)
{
	char digits[24];
	size_t n = sizeof(digits);

	do
		digits[--n] = (char)('0' + line % 10);
	while ((line /= 10) > 0);
	memcpy(f->where + f->name_len, digits + n, sizeof(digits) - n);
	f->where[f->name_len + sizeof(digits) - n] = '\0';
}

/* A followed file was left for the one that took its place. */
static bool
goes_on(struct file *f)
{
	if (!f->follow || !f->is_at_end)
		return false;
	f->is_at_end = false;
	f->line = 0;
	return true;
}

/* Lines that may be followed by more of the same record are whole once all is quiet. */
static bool
may_grow(const struct file *f)
{
	return f->is_waiting &&
	    (f->buf[f->begin] == '{' || f->looks < QUIET_LOOKS);
}

/* Is there a mark, as Windows tools write it? What is cut is refused with it. */
static bool
begins_with_bom(const struct file *f, const struct line *l)
{
	return f->line == 0 && !l->is_cut && l->len >= BOM_BYTES &&
	    memcmp(f->buf + f->begin, BOM, BOM_BYTES) == 0;
}

/* A journal's line that is no record. */
static bool
tell_mark(const struct file *f, const struct line *l)
{
	struct rt_str s = trimmed(f, l);
	struct rt_mark m;

	if (!rt_mark_is_line(s))
		return false;
	if (f->source->marked && rt_mark_decode(s, &m) == RT_OK)
		f->source->marked(f->source->marked_arg, &m);
	return true;
}

/* The next record of one file to f->record. */
static bool
next_record(struct file *f)
{
	struct line l;
	struct extent e;

	f->is_waiting = false;
	for (;;) {
		if (!get_line(f, 0, &l)) {
			if (goes_on(f))
				continue;
			return false;
		}
		if (begins_with_bom(f, &l)) {
			f->begin += BOM_BYTES;
			continue;
		}
		if (f->journal && tell_mark(f, &l))
			;
		else if (!parts_blocks(trimmed(f, &l)))
			break;
		f->begin += l.next;
		f->line++;
	}
	find_end(f, &l, &e);
	if (may_grow(f))
		return false;
	f->record = (struct rt_str){f->buf + f->begin, e.end};
	say_where(f, f->line + 1);
	f->begin += e.next;
	f->line += e.lines;
	return true;
}

/* ---- files --------------------------------------------------------------------- */

static void
set_name(struct file *f, const char *path)
{
	size_t len = strlen(path);

	snprintf(f->where, sizeof(f->where),
	    "%s:", len > NAME_MAX_BYTES ? path + len - NAME_MAX_BYTES : path);
	f->name_len = strlen(f->where);
	f->time_us = INT64_MIN;
}

static enum rt_err
open_file(struct file *f, const char *path, struct rt_diag *d)
{
	const char *why = NULL;
	struct stat st;

	set_name(f, path);
	f->wait_ms = BLOCKING;
	if (strcmp(path, "-") != 0 && rt_journal_is_at(path))
		return rt_journal_reader_open(path, &f->journal, d);
	f->fd = strcmp(path, "-") == 0
	    ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
	    : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (f->fd < 0)
		why = strerror(errno);
	else if (fstat(f->fd, &st) == 0 && S_ISDIR(st.st_mode))
		why = strerror(EISDIR);
	if (why) {
		rt_diag_set(d, path, "cannot be read: %s", why);
		return RT_E_IO;
	}
	f->inflate = rt_inflate_new(f->fd);
	return RT_OK;
}

static struct rt_source *
new_source(unsigned count)
{
	struct rt_source *s =
	    rt_xcalloc(1, sizeof(*s) + count * sizeof(s->files[0]));
	unsigned i;

	s->count = count;
	for (i = 0; i < count; i++) {
		s->files[i].fd = -1;
		s->files[i].source = s;
	}
	return s;
}

static void
give_buffers(struct rt_source *s)
{
	size_t block = BLOCK_BYTES;
	unsigned i;

	if (s->count > BLOCKS_BYTES_MAX / BLOCK_BYTES)
		block = BLOCKS_BYTES_MAX / s->count;
	for (i = 0; i < s->count; i++) {
		s->files[i].size = block;
		s->files[i].buf = rt_xcalloc(block, 1);
	}
}

enum rt_err
rt_source_open(const char *const paths[], unsigned count,
    struct rt_source **out, struct rt_diag *d)
{
	struct rt_source *s;
	enum rt_err err = RT_OK;
	unsigned i;

	if (count > RT_SOURCE_FILES_MAX) {
		rt_diag_set(d, NULL, "%u files at a time, not %u",
		    RT_SOURCE_FILES_MAX, count);
		return RT_E_FULL;
	}
	s = new_source(count);
	for (i = 0; i < count && err == RT_OK; i++)
		err = open_file(&s->files[i], paths[i], d);
	if (err != RT_OK) {
		rt_source_close(s);
		return err;
	}
	give_buffers(s);
	*out = s;
	return RT_OK;
}

enum rt_err
rt_source_follow(
    const char *path, bool from_end, struct rt_source **out, struct rt_diag *d)
{
	struct rt_follow *follow;
	enum rt_err err = rt_follow_open(path, from_end, &follow, d);
	struct rt_source *s;

	if (err != RT_OK)
		return err;
	s = new_source(1);
	s->files[0].follow = follow;
	s->files[0].wait_ms = RT_SOURCE_LOOK_MS;
	set_name(&s->files[0], path);
	give_buffers(s);
	*out = s;
	return RT_OK;
}

void
rt_source_set_live(struct rt_source *s)
{
	unsigned i;

	for (i = 0; i < s->count; i++)
		s->files[i].wait_ms = RT_SOURCE_LOOK_MS;
}

void
rt_source_close(struct rt_source *s)
{
	unsigned i;

	if (!s)
		return;
	for (i = 0; i < s->count; i++) {
		rt_inflate_free(s->files[i].inflate);
		rt_follow_close(s->files[i].follow);
		rt_journal_reader_close(s->files[i].journal);
		if (s->files[i].fd >= 0)
			close(s->files[i].fd);
		free(s->files[i].buf);
	}
	free(s);
}

void
rt_source_on_damage(struct rt_source *s,
    void (*damaged)(void *arg, const struct rt_diag *d), void *arg)
{
	s->damaged = damaged;
	s->damaged_arg = arg;
}

void
rt_source_on_mark(struct rt_source *s,
    void (*marked)(void *arg, const struct rt_mark *m), void *arg)
{
	s->marked = marked;
	s->marked_arg = arg;
}

uint64_t
rt_source_dropped(const struct rt_source *s)
{
	uint64_t n = 0;
	unsigned i;

	for (i = 0; i < s->count; i++)
		if (s->files[i].journal)
			n += rt_journal_reader_dropped(s->files[i].journal);
	return n;
}

/* Make sure of a record at hand; false where the file has no more, or not yet. */
static bool
advance(struct rt_source *s, struct file *f)
{
	int64_t us;

	if (f->has_record || f->is_done)
		return f->has_record;
	f->has_record = next_record(f);
	f->is_done = !f->has_record && !f->is_waiting;
	if (f->has_record && s->count > 1 && rt_source_time(f->record, &us))
		f->time_us = us;
	return f->has_record;
}

static enum rt_err
tell_failure(struct file *f, struct rt_diag *d)
{
	f->has_failed = false;
	f->where[f->name_len - 1] = '\0';
	rt_diag_set(d, f->where, "%s", f->why.what);
	f->where[f->name_len - 1] = ':';
	return RT_E_IO;
}

enum rt_err
rt_source_next(
    struct rt_source *s, struct rt_source_record *r, struct rt_diag *d)
{
	struct file *first = NULL;
	bool is_waiting = false;
	unsigned i;

	for (i = 0; i < s->count; i++) {
		struct file *f = &s->files[i];

		if (!advance(s, f)) {
			if (f->has_failed)
				return tell_failure(f, d);
			is_waiting = is_waiting || !f->is_done;
		} else if (!first || f->time_us < first->time_us) {
			first = f;
		}
	}
	if (is_waiting)
		return RT_E_AGAIN;
	if (!first)
		return RT_E_EMPTY;
	first->has_record = false;
	*r = (struct rt_source_record){first->record, first->where};
	return RT_OK;
}
