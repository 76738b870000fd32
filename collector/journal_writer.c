/* SPDX-License-Identifier: MIT */
#include "collector/journal_writer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "collector/journal_reader.h"

#define MAGIC_BYTES (sizeof(RT_JOURNAL_MAGIC) - 1)
#define BEAT_US 1000000 /* fsync, age */
#define RETAIN_BEATS 10u

/* ---- segments ------------------------------------------------------------------ */

static void
set_state(struct rt_journal_writer *w, const char *what, int why)
{
	struct rt_diag d = {{0}, {0}};

	if (why == 0)
		rt_diag_set(&d, NULL, "%s", what);
	else
		rt_diag_set(&d, NULL, "%s: %s", what, strerror(why));
	snprintf(w->stats.state, sizeof(w->stats.state), "%.*s",
	    (int)sizeof(w->stats.state) - 1, d.what);
}

static bool
write_at(int fd, const char *p, size_t len, uint64_t at)
{
	while (len > 0) {
		ssize_t n = pwrite(fd, p, len, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			errno = n == 0 ? ENOSPC : errno;
			return false;
		}
		p += n;
		at += (uint64_t)n;
		len -= (size_t)n;
	}
	return true;
}

void
rt_journal_writer_end_segment(struct rt_journal_writer *w)
{
	char name[RT_JOURNAL_NAME_SIZE];

	if (w->fd < 0)
		return;
	if (w->is_unsynced && fsync(w->fd) != 0)
		set_state(w, "fsync failed", errno);
	w->is_unsynced = false;
	close(w->fd);
	w->fd = -1;
	if (w->bytes <= MAGIC_BYTES) {
		rt_journal_name(name, w->segment, false);
		unlinkat(w->dir_fd, name, 0);
	}
	w->is_squeezing = true;
	w->beats = RETAIN_BEATS;
}

/* A name that is taken already is that of a segment in which no record is sound. */
static bool
open_segment(struct rt_journal_writer *w, int64_t now_us)
{
	char name[RT_JOURNAL_NAME_SIZE];

	rt_journal_name(name, w->next, false);
	w->fd = openat(
	    w->dir_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
	if (w->fd < 0)
		return false;
	w->segment = w->next;
	w->bytes = 0;
	w->opened_us = now_us;
	if (!write_at(w->fd, RT_JOURNAL_MAGIC, MAGIC_BYTES, 0)) {
		int why = errno;

		rt_journal_writer_end_segment(w);
		errno = why;
		return false;
	}
	w->bytes = MAGIC_BYTES;
	(void)fsync(w->dir_fd);
	w->has_begun = true;
	return true;
}

/* Append it whole or not at all. */
static bool
append(struct rt_journal_writer *w, const struct rt_journal_frame *f,
    int64_t now_us)
{
	int why;

	if (w->fd < 0 && !open_segment(w, now_us))
		return false;
	rt_buf_reset(&w->frame);
	rt_journal_frame_encode(&w->frame, f);
	w->is_unsynced = true;
	if (write_at(w->fd, w->frame.p, w->frame.len, w->bytes)) {
		w->bytes += w->frame.len;
		w->next += f->count;
		rt_journal_end_write(w->end_fd, w->next);
		return true;
	}
	why = errno;
	/* Readers pass over what stays of it, should this fail as well. */
	if (ftruncate(w->fd, (off_t)w->bytes) != 0 || w->bytes > MAGIC_BYTES)
		rt_journal_writer_end_segment(w);
	errno = why;
	return false;
}

void
rt_journal_writer_put(struct rt_journal_writer *w, struct rt_journal_frame f,
    int64_t now_us, const struct rt_journal_opts *o)
{
	uint32_t records = f.count;

	/* So that no two segments begin with the same number. */
	if (f.records.len > 0 && f.count == 0)
		f.count = 1;
	f.first = w->next;
	if (append(w, &f, now_us)) {
		set_state(w, "ok", 0);
		w->stats.written += records;
	} else {
		set_state(w, "cannot be written", errno);
		w->stats.not_journalled += records;
	}
	if (w->fd >= 0 && w->bytes >= (uint64_t)o->segment_bytes)
		rt_journal_writer_end_segment(w);
}

/* Somebody removed the segment under our feet. */
static bool
is_gone(const struct rt_journal_writer *w)
{
	struct stat st;

	return fstat(w->fd, &st) == 0 && st.st_nlink == 0;
}

static void
beat(struct rt_journal_writer *w, int64_t now_us, rt_wall_t wall,
    const struct rt_journal_opts *o)
{
	/* A wall clock that is set forward must not empty the journal. */
	if (w->wall_from_us == 0)
		w->wall_from_us = wall.us - now_us;
	if (now_us - w->beat_us < BEAT_US)
		return;
	w->beat_us = now_us;
	if (w->fd >= 0 && w->is_unsynced) {
		if (fsync(w->fd) != 0)
			set_state(w, "fsync failed", errno);
		w->is_unsynced = false;
	}
	if (w->fd >= 0 &&
	    (now_us - w->opened_us >= o->segment_age_ms * 1000 || is_gone(w)))
		rt_journal_writer_end_segment(w);
	if (++w->beats < RETAIN_BEATS)
		return;
	w->beats = 0;
	rt_journal_retain(w->dir_fd, (uint64_t)o->keep_bytes, o->keep_age_ms,
	    w->wall_from_us + now_us, w->fd >= 0 ? w->segment : UINT64_MAX);
}

void
rt_journal_writer_tend(struct rt_journal_writer *w, int64_t now_us,
    rt_wall_t wall, const struct rt_journal_opts *o)
{
	beat(w, now_us, wall, o);
	if (w->is_squeezing)
		w->is_squeezing = rt_journal_squeeze_step(&w->squeeze,
		    w->dir_fd, w->fd >= 0 ? w->segment : UINT64_MAX);
}

/* ---- open and close ------------------------------------------------------------ */

static enum rt_err
open_dir(const char *path, int *out_fd)
{
	int fd;

	if (mkdir(path, 0750) != 0 && errno != EEXIST)
		return RT_E_IO;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return RT_E_IO;
	*out_fd = fd;
	return RT_OK;
}

/* Numbers go on where the last collector left them, so that gaps stay gaps. */
static enum rt_err
find_next(const char *path, uint64_t *out, struct rt_diag *d)
{
	struct rt_journal_reader *r;
	struct rt_journal_frame f;
	enum rt_err err = rt_journal_reader_open(path, &r, d);

	if (err != RT_OK)
		return err;
	rt_journal_reader_seek_last(r);
	while (rt_journal_reader_next(r, &f, NULL) != RT_E_EMPTY)
		;
	*out = rt_journal_reader_next_number(r);
	if (*out == 0)
		*out = 1;
	rt_journal_reader_close(r);
	return RT_OK;
}

enum rt_err
rt_journal_writer_open(
    struct rt_journal_writer *w, const char *path, struct rt_diag *d)
{
	enum rt_err err = open_dir(path, &w->dir_fd);

	if (err == RT_OK)
		err = rt_journal_end_open(w->dir_fd, &w->end_fd);
	if (err == RT_E_BUSY)
		rt_diag_set(
		    d, path, "another collector keeps its journal here");
	else if (err != RT_OK)
		rt_diag_set(
		    d, path, "cannot hold a journal: %s", strerror(errno));
	else
		err = find_next(path, &w->next, d);
	return err;
}

void
rt_journal_writer_init(struct rt_journal_writer *w)
{
	*w = (struct rt_journal_writer){
	    .dir_fd = -1,
	    .end_fd = -1,
	    .fd = -1,
	    .is_squeezing = true,
	    .beats = RETAIN_BEATS,
	    .stats = {.state = "ok"},
	};
	rt_journal_squeeze_init(&w->squeeze);
	rt_buf_init(&w->frame, 2 * RT_JOURNAL_BODY_MAX);
}

void
rt_journal_writer_fini(struct rt_journal_writer *w)
{
	rt_journal_writer_end_segment(w);
	rt_journal_squeeze_fini(&w->squeeze, w->dir_fd);
	if (w->end_fd >= 0)
		close(w->end_fd);
	if (w->dir_fd >= 0)
		close(w->dir_fd);
	rt_buf_fini(&w->frame);
}
