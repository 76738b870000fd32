/* SPDX-License-Identifier: MIT */
#include "collector/follow.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "collector/inflate.h"
#include "proto/mem.h"

#define MARK_BYTES 4096u /* longer than records, which often end alike */
#define LAST_LINE_BYTES 8192u

struct held {
	int fd;
	dev_t dev;
	ino_t ino;
	off_t at; /* bytes read */
	/* The last bytes before `at`: others there mean another content. */
	char mark[MARK_BYTES];
	size_t mark_len;
};

struct rt_follow {
	char *path;                             /* owned */
	struct held files[RT_FOLLOW_FILES_MAX]; /* the first is read */
	unsigned count;
	bool was_quiet; /* at the last look, with a successor */
	int told;       /* errno last reported; 0: none */
};

static bool
same_file(const struct held *h, const struct stat *st)
{
	return h->dev == st->st_dev && h->ino == st->st_ino;
}

/* The file that has the name now, if it is another than the last held. */
static enum rt_err
look(struct rt_follow *f)
{
	struct stat st;
	struct held h = {.fd = -1};

	if (f->count == RT_FOLLOW_FILES_MAX)
		return RT_OK;
	if (stat(f->path, &st) != 0)
		return errno == ENOENT ? RT_OK : RT_E_IO;
	if (f->count > 0 && same_file(&f->files[f->count - 1], &st))
		return RT_OK;
	h.fd = open(f->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (h.fd < 0)
		return errno == ENOENT ? RT_OK : RT_E_IO;
	if (fstat(h.fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		close(h.fd);
		errno = EINVAL;
		return RT_E_IO;
	}
	h.dev = st.st_dev;
	h.ino = st.st_ino;
	f->files[f->count++] = h;
	return RT_OK;
}

static void
remember(struct held *h)
{
	size_t want = h->at < (off_t)MARK_BYTES ? (size_t)h->at : MARK_BYTES;
	ssize_t n = pread(h->fd, h->mark, want, h->at - (off_t)want);

	h->mark_len = n == (ssize_t)want ? want : 0;
}

/* Is what was read of it no longer there? */
static bool
is_rewritten(const struct held *h)
{
	char now[MARK_BYTES];
	struct stat st;
	ssize_t n;

	if (fstat(h->fd, &st) == 0 && st.st_size < h->at)
		return true;
	n = pread(h->fd, now, h->mark_len, h->at - (off_t)h->mark_len);
	return n >= 0 &&
	    ((size_t)n < h->mark_len || memcmp(now, h->mark, h->mark_len) != 0);
}

/* ---- open ---------------------------------------------------------------------- */

static void
skip_to_end(struct held *h)
{
	char last[LAST_LINE_BYTES];
	off_t size = lseek(h->fd, 0, SEEK_END), from;
	ssize_t n;

	from = size > (off_t)sizeof(last) ? size - (off_t)sizeof(last) : 0;
	n = pread(h->fd, last, sizeof(last), from);
	while (n > 0 && last[n - 1] != '\n')
		n--;
	h->at = n > 0 ? from + n : from > 0 ? size : 0;
	remember(h);
}

static enum rt_err
refuse_unfit(const struct rt_follow *f, struct rt_diag *d)
{
	char magic[4];
	ssize_t n = pread(f->files[0].fd, magic, sizeof(magic), 0);

	if (n <= 0 || !rt_inflate_is_compressed(magic, (size_t)n))
		return RT_OK;
	rt_diag_set(d, f->path,
	    "is compressed; only plain files can be "
	    "followed");
	return RT_E_USAGE;
}

enum rt_err
rt_follow_open(
    const char *path, bool from_end, struct rt_follow **out, struct rt_diag *d)
{
	struct rt_follow *f = rt_xcalloc(1, sizeof(*f));
	enum rt_err err;

	f->path = rt_xstrdup(path);
	err = look(f);
	if (err != RT_OK && errno == EINVAL) {
		rt_diag_set(
		    d, path, "is no plain file; only those can be followed");
		err = RT_E_USAGE;
	} else if (err != RT_OK) {
		rt_diag_set(d, path, "cannot be read: %s", strerror(errno));
	} else if (f->count > 0) {
		err = refuse_unfit(f, d);
		if (err == RT_OK && from_end)
			skip_to_end(&f->files[0]);
	}
	if (err != RT_OK) {
		rt_follow_close(f);
		return err;
	}
	*out = f;
	return RT_OK;
}

void
rt_follow_close(struct rt_follow *f)
{
	unsigned i;

	if (!f)
		return;
	for (i = 0; i < f->count; i++)
		close(f->files[i].fd);
	free(f->path);
	free(f);
}

/* ---- read ---------------------------------------------------------------------- */

/* Did a file that took the name over get something to read? */
static bool
has_successor(const struct rt_follow *f)
{
	struct stat st;
	unsigned i;

	for (i = 1; i < f->count; i++)
		if (fstat(f->files[i].fd, &st) == 0 && st.st_size > 0)
			return true;
	return false;
}

static void
leave_first(struct rt_follow *f)
{
	close(f->files[0].fd);
	f->count--;
	memmove(&f->files[0], &f->files[1], f->count * sizeof(f->files[0]));
	f->was_quiet = false;
}

static enum rt_err
fail_once(struct rt_follow *f, struct rt_diag *d)
{
	if (f->told == errno)
		return RT_E_AGAIN;
	f->told = errno;
	rt_diag_set(d, NULL, "cannot be read: %s; trying on", strerror(errno));
	return RT_E_IO;
}

/* Bytes of the first file; *n stays 0 where it has no more. */
static enum rt_err
read_first(struct rt_follow *f, char *out, size_t size, size_t *n)
{
	struct held *h = &f->files[0];
	ssize_t got = pread(h->fd, out, size, h->at);

	if (got < 0)
		return RT_E_IO;
	if (got > 0) {
		h->at += got;
		remember(h);
		f->was_quiet = false;
		f->told = 0;
	}
	*n = (size_t)got;
	return RT_OK;
}

enum rt_err
rt_follow_read(struct rt_follow *f, char *out, size_t size, int wait_ms,
    size_t *n, struct rt_diag *d)
{
	enum rt_err err = RT_OK;

	*n = 0;
	if (f->count > 0 && is_rewritten(&f->files[0])) {
		f->files[0].at = 0;
		f->files[0].mark_len = 0;
		return RT_OK;
	}
	if (f->count > 0)
		err = read_first(f, out, size, n);
	if (err == RT_OK && *n > 0)
		return RT_OK;
	if (err == RT_OK)
		err = look(f);
	if (err != RT_OK && (err = fail_once(f, d)) != RT_E_AGAIN)
		return err;
	if (has_successor(f)) {
		if (f->was_quiet) {
			leave_first(f);
			return RT_OK;
		}
		f->was_quiet = true;
	}
	poll(NULL, 0, wait_ms);
	return RT_E_AGAIN;
}
