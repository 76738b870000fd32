/* SPDX-License-Identifier: MIT */
#include "collector/owner_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static enum rt_err
read_text(int fd, struct rt_buf *b)
{
	char some[4096];
	ssize_t n;

	while ((n = read(fd, some, sizeof(some))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return RT_E_IO;
		rt_buf_add(b, some, (size_t)n);
		if (b->overflow) {
			errno = EFBIG;
			return RT_E_IO;
		}
	}
	return RT_OK;
}

enum rt_err
rt_owner_file_open(struct rt_owner_file *f, const char *path,
    struct rt_owner *o, struct rt_diag *d)
{
	struct rt_buf b;
	enum rt_err err = RT_OK;
	unsigned passed_over;
	int fd;

	*f = (struct rt_owner_file){.written = 0};
	snprintf(f->path, sizeof(f->path), "%s", path);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0 && errno == ENOENT)
		return RT_OK;
	rt_buf_init(&b, RT_OWNER_TEXT_MAX);
	if (fd < 0 || read_text(fd, &b) != RT_OK) {
		rt_diag_set(d, path, "%s", strerror(errno));
		err = RT_E_IO;
	}
	if (fd >= 0)
		close(fd);
	if (err == RT_OK) {
		passed_over = rt_owner_decode(o, (struct rt_str){b.p, b.len});
		f->written = rt_owner_changes(o);
		if (passed_over > 0) {
			rt_diag_set(
			    d, path, "%u lines are no owners", passed_over);
			err = RT_E_SYNTAX;
		}
	}
	rt_buf_fini(&b);
	return err;
}

static bool
write_all(int fd, const char *p, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		p += n;
		len -= (size_t)n;
	}
	return true;
}

/* Beside, then over it: whoever reads sees all of the old or all of the new. */
static bool
write_file(const char *path, const struct rt_buf *b)
{
	char beside[320];
	bool ok;
	int fd;

	snprintf(beside, sizeof(beside), "%s.new", path);
	(void)unlink(beside);
	fd = open(
	    beside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return false;
	ok = write_all(fd, b->p, b->len);
	ok = close(fd) == 0 && ok;
	if (ok && rename(beside, path) == 0)
		return true;
	(void)unlink(beside);
	return false;
}

bool
rt_owner_file_tend(struct rt_owner_file *f, const struct rt_owner *o,
    rt_mono_t now, bool is_last, struct rt_diag *d)
{
	uint64_t changes = rt_owner_changes(o);
	struct rt_buf b;
	bool ok, is_news;

	if (f->path[0] == '\0' || changes == f->written ||
	    (!is_last && rt_mono_ms_between(f->tried, now) < RT_OWNER_FILE_MS))
		return true;
	f->tried = now;
	rt_buf_init(&b, RT_OWNER_TEXT_MAX);
	rt_owner_encode(o, &b);
	ok = write_file(f->path, &b);
	rt_buf_fini(&b);
	is_news = !ok && !f->has_failed;
	f->has_failed = !ok;
	if (ok)
		f->written = changes;
	else
		rt_diag_set(d, f->path,
		    "owners of emitter ids are not kept: %s", strerror(errno));
	return !is_news;
}
