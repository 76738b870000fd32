/* SPDX-License-Identifier: MIT */
#include "tests/unit/journal.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

char journal_folder[64];

int
journal_make_folder(void **state)
{
	(void)state;
	snprintf(
	    journal_folder, sizeof(journal_folder), "/tmp/rt_journal_XXXXXX");
	return mkdtemp(journal_folder) ? 0 : 1;
}

int
journal_remove_folder(void **state)
{
	DIR *d = opendir(journal_folder);
	struct dirent *e;

	(void)state;
	while (d && (e = readdir(d)) != NULL)
		unlinkat(dirfd(d), e->d_name, 0);
	if (d)
		closedir(d);
	return rmdir(journal_folder);
}

struct rt_journal *
journal_open(int64_t segment_bytes)
{
	const struct rt_journal_opts o = {.dir = journal_folder,
	    .segment_bytes = segment_bytes,
	    .segment_age_ms = DAY_MS,
	    .keep_bytes = INT64_C(1) << 40,
	    .keep_age_ms = DAY_MS};
	struct rt_journal *j = NULL;
	struct rt_diag d = {{0}, {0}};

	if (rt_journal_open(&o, &j, &d) != RT_OK)
		fail_msg("%s: %s", d.where, d.what);
	return j;
}

struct rt_str
journal_record(unsigned n)
{
	static char text[1024];
	struct util_random r = {n * UINT64_C(2654435761) + 1};
	size_t len = (size_t)snprintf(text, sizeof(text),
	    "{\"schema\":\"llm-attempt/v1\",\"operation_id\":\"op-%u-", n);
	unsigned i, words = (unsigned)util_random_below(&r, 6) + 1;

	for (i = 0; i < words; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len,
		    "%016llx", (unsigned long long)util_random(&r));
	len += (size_t)snprintf(text + len, sizeof(text) - len,
	    "\",\"attempt\":1,\"decision\":\"none\"}");
	return (struct rt_str){text, len};
}

void
journal_write(struct rt_journal *j, unsigned from, unsigned to, unsigned each)
{
	struct rt_str who, body;
	unsigned n = from;

	while (n < to) {
		struct pollfd p = {rt_journal_fd(j), POLLIN, 0};
		unsigned i;

		for (i = 0; i < each && n < to; i++)
			rt_journal_add(j, journal_record(n++));
		rt_journal_flush(j, (rt_wall_t){(int64_t)n});
		assert_int_equal(poll(&p, 1, WAIT_MS), 1);
		assert_false(rt_journal_take_answer(j, &who, &body));
	}
}

struct journal_result
journal_read_back(const char *path)
{
	struct rt_journal_reader *r = NULL;
	struct rt_journal_frame f;
	struct rt_diag d = {{0}, {0}};
	struct journal_result out = {.all_in_order = true};
	enum rt_err err;

	assert_int_equal(rt_journal_reader_open(path, &r, &d), RT_OK);
	while ((err = rt_journal_reader_next(r, &f, &d)) != RT_E_EMPTY) {
		const char *p = f.records.p;
		uint32_t i;

		if (err != RT_OK) {
			if (out.damages++ == 0)
				memcpy(out.first_what, d.what,
				    sizeof(out.first_what));
			continue;
		}
		for (i = 0; i < f.count; i++) {
			struct rt_str want =
			    journal_record((unsigned)(f.first + i - 1));

			if (memcmp(p, want.p, want.len) != 0 ||
			    p[want.len] != '\n')
				out.all_in_order = false;
			p += want.len + 1;
		}
		out.records += f.count;
	}
	out.dropped = rt_journal_reader_dropped(r);
	rt_journal_reader_close(r);
	return out;
}

struct rt_journal_list
journal_list(void)
{
	struct rt_journal_list l;
	int fd = open(journal_folder, O_RDONLY | O_DIRECTORY);

	assert_int_equal(rt_journal_list_read(&l, fd), RT_OK);
	close(fd);
	return l;
}

void
journal_squeeze_all(void)
{
	struct rt_journal_squeeze q;
	int fd = open(journal_folder, O_RDONLY | O_DIRECTORY);

	rt_journal_squeeze_init(&q);
	while (rt_journal_squeeze_step(&q, fd, UINT64_MAX))
		;
	rt_journal_squeeze_fini(&q, fd);
	close(fd);
}
