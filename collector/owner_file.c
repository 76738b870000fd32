/* SPDX-License-Identifier: MIT */
#include "collector/owner_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "proto/fd.h"

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
	if (fd < 0 || !rt_fd_read_all(fd, &b)) {
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

bool
rt_owner_file_tend(struct rt_owner_file *f, const struct rt_owner *o,
    rt_mono_t now, bool is_last, struct rt_diag *d)
{
	uint64_t changes = rt_owner_changes(o);
	struct rt_buf b;
	char beside[320];
	bool ok, is_news;

	if (f->path[0] == '\0' || changes == f->written ||
	    (!is_last && rt_mono_ms_between(f->tried, now) < RT_OWNER_FILE_MS))
		return true;
	f->tried = now;
	rt_buf_init(&b, RT_OWNER_TEXT_MAX);
	rt_owner_encode(o, &b);
	snprintf(beside, sizeof(beside), "%s.new", f->path);
	ok = rt_fd_replace(f->path, beside, (struct rt_str){b.p, b.len});
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
