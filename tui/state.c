/* SPDX-License-Identifier: MIT */
#include "tui/state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/fd.h"

#define STEM_CHARS 58u /* "operation-" and 48 of an id */
#define TRIES 100u     /* exports of one thing in one second */

static enum rt_err
fail(struct rt_diag *d, const char *path, const char *what)
{
	rt_diag_set(d, path, "%s: %s", what, strerror(errno));
	return RT_E_IO;
}

/* Every folder on the way; a file in the way is found out when it is written. */
static enum rt_err
make_folders(char *path, struct rt_diag *d)
{
	for (char *p = path + 1;; p++) {
		char was = *p;

		if (was != '/' && was != '\0')
			continue;
		*p = '\0';
		if (mkdir(path, 0700) != 0 && errno != EEXIST)
			return fail(d, path, "cannot make this folder");
		*p = was;
		if (was == '\0')
			return RT_OK;
	}
}

static enum rt_err
name_folder(char out[RT_STATE_PATH], struct rt_diag *d)
{
	const char *base = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	int n;

	if (base && base[0] == '/')
		n = snprintf(out, RT_STATE_PATH, "%s/retrytop", base);
	else if (home && home[0] == '/')
		n = snprintf(
		    out, RT_STATE_PATH, "%s/.local/state/retrytop", home);
	else
		n = -1;
	if (n >= 0 && (unsigned)n < RT_STATE_PATH - 128)
		return RT_OK;
	rt_diag_set(d, NULL,
	    "neither XDG_STATE_HOME nor HOME names a folder to write to");
	return RT_E_IO;
}

static enum rt_err
find_folder(char out[RT_STATE_PATH], struct rt_diag *d)
{
	enum rt_err err = name_folder(out, d);

	return err == RT_OK ? make_folders(out, d) : err;
}

static bool
is_plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
}

static void
clean_stem(char out[STEM_CHARS + 1], const char *id)
{
	size_t n = 0;

	for (; *id && n < STEM_CHARS; id++)
		if (is_plain(*id))
			out[n++] = *id;
	out[n] = '\0';
}

/* "2026-06-13T09:00:00.242Z" to "20260613T090000Z" */
static void
stamp(char out[20], rt_wall_t now)
{
	char time[32];
	size_t n = 0;

	rt_text_from_time(time, now.us);
	for (const char *p = time; *p && *p != '.' && n < 18; p++)
		if (*p != '-' && *p != ':')
			out[n++] = *p;
	out[n++] = 'Z';
	out[n] = '\0';
}

static int
create(const char *path)
{
	return open(
	    path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
}

/* In the folder, under the first name that is free. */
static enum rt_err
create_own(
    struct rt_state_file *f, const char *stem, rt_wall_t now, struct rt_diag *d)
{
	char folder[RT_STATE_PATH], name[STEM_CHARS + 1], time[20],
	    more[16] = "";
	enum rt_err err = find_folder(folder, d);

	if (err != RT_OK)
		return err;
	clean_stem(name, stem);
	stamp(time, now);
	for (unsigned i = 1; i <= TRIES; i++) {
		if (i > 1)
			snprintf(more, sizeof(more), "-%u", i);
		snprintf(f->path, RT_STATE_PATH, "%.*s/%s-%s%s.jsonl",
		    (int)(RT_STATE_PATH - 128), folder, name, time, more);
		f->fd = create(f->path);
		if (f->fd >= 0)
			return RT_OK;
		if (errno != EEXIST)
			break;
	}
	return fail(d, f->path, "cannot create this file");
}

enum rt_err
rt_state_begin(struct rt_state_file *f, const char *stem, const char *name,
    rt_wall_t now, struct rt_diag *d)
{
	const char *home = getenv("HOME");
	int n;

	if (!name[0])
		return create_own(f, stem, now, d);
	if (name[0] == '~' && name[1] == '/' && home && home[0] == '/')
		n = snprintf(f->path, sizeof(f->path), "%s%s", home, name + 1);
	else
		n = snprintf(f->path, sizeof(f->path), "%s", name);
	if (n >= (int)sizeof(f->path)) {
		rt_diag_set(d, NULL, "the name of the file is too long");
		return RT_E_IO;
	}
	f->fd = create(f->path);
	return f->fd >= 0 ? RT_OK : fail(d, f->path, "cannot create this file");
}

void
rt_state_drop(struct rt_state_file *f)
{
	close(f->fd);
	unlink(f->path);
}

enum rt_err
rt_state_add(struct rt_state_file *f, struct rt_str s, struct rt_diag *d)
{
	enum rt_err err;

	if (rt_fd_write_all(f->fd, s))
		return RT_OK;
	err = fail(d, f->path, "cannot write");
	rt_state_drop(f);
	return err;
}

enum rt_err
rt_state_end(struct rt_state_file *f, struct rt_diag *d)
{
	enum rt_err err;

	if (close(f->fd) == 0)
		return RT_OK;
	err = fail(d, f->path, "cannot write");
	unlink(f->path);
	return err;
}

enum rt_err
rt_state_export(const char *id, const char *name, struct rt_str records,
    rt_wall_t now, char path[RT_STATE_PATH], struct rt_diag *d)
{
	char stem[RT_STATE_PATH];
	struct rt_state_file f;
	enum rt_err err;

	snprintf(stem, sizeof(stem), "operation-%s", id);
	err = rt_state_begin(&f, stem, name, now, d);
	if (err == RT_OK)
		err = rt_state_add(&f, records, d);
	if (err == RT_OK)
		err = rt_state_end(&f, d);
	if (err == RT_OK)
		memcpy(path, f.path, sizeof(f.path));
	return err;
}

/* ---- choices -------------------------------------------------------------- */

#define NAME_CHARS 64u

enum rt_err
rt_state_load(const char *name, struct rt_buf *out, struct rt_diag *d)
{
	char path[RT_STATE_PATH], folder[RT_STATE_PATH];
	enum rt_err err = name_folder(folder, d);
	struct stat st;
	bool ok;
	int fd;

	if (err != RT_OK)
		return err;
	snprintf(path, sizeof(path), "%.*s/%.*s",
	    (int)(RT_STATE_PATH - NAME_CHARS - 2), folder, (int)NAME_CHARS,
	    name);
	/* A pipe in its place may not hold the screen up. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR
		    ? RT_OK
		    : fail(d, path, "cannot be read");
	ok = fstat(fd, &st) == 0;
	if (ok && !S_ISREG(st.st_mode)) {
		close(fd);
		rt_diag_set(d, path, "is no plain file");
		return RT_E_IO;
	}
	ok = ok && rt_fd_read_all(fd, out);
	if (!ok)
		err = fail(d, path, "cannot be read");
	close(fd);
	return err;
}

enum rt_err
rt_state_save(const char *name, struct rt_str text, struct rt_diag *d)
{
	char path[RT_STATE_PATH], folder[RT_STATE_PATH],
	    fresh[RT_STATE_PATH + 24];
	enum rt_err err = find_folder(folder, d);

	if (err != RT_OK)
		return err;
	snprintf(path, sizeof(path), "%.*s/%.*s",
	    (int)(RT_STATE_PATH - NAME_CHARS - 2), folder, (int)NAME_CHARS,
	    name);
	snprintf(fresh, sizeof(fresh), "%s.%ld", path, (long)getpid());
	return rt_fd_replace(path, fresh, text)
	    ? RT_OK
	    : fail(d, path, "cannot be written");
}
