/* SPDX-License-Identifier: MIT */
#include "collector/access.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/curve.h"
#include "proto/mem.h"

#define SUFFIX ".pub"

const char *
rt_access_right_name(enum rt_access_right right)
{
	static const char *const names[RT_ACCESS_COUNT] = {
	    [RT_ACCESS_EMIT] = "emitters",
	    [RT_ACCESS_VIEW] = "viewers",
	};

	return names[right];
}

/* Length of a certificate's file name without its suffix; 0: not one. */
static size_t
stem_of(const char *file)
{
	size_t len = strlen(file), tail = strlen(SUFFIX);

	if (file[0] == '.' || len <= tail ||
	    strcmp(file + len - tail, SUFFIX) != 0)
		return 0;
	return len - tail;
}

/* The certificate's own name, or its file's. */
static bool
choose_name(struct rt_cert *c, const char *file, size_t stem)
{
	if (c->name[0])
		return true;
	if (!rt_cert_name_is_valid((struct rt_str){file, stem}))
		return false;
	memcpy(c->name, file, stem);
	c->name[stem] = '\0';
	return true;
}

/* Keeps the list sorted; NULL, or what is wrong. */
static const char *
insert(struct rt_access_list *list, const struct rt_cert *c)
{
	struct rt_access_entry *e = list->entries;
	unsigned i, at = 0;

	for (i = 0; i < list->count; i++) {
		int order = strcmp(e[i].key, c->public_key);

		if (order == 0)
			return "its key is in another file of the folder too";
		if (strcmp(e[i].name, c->name) == 0)
			return "its name is in another file of the folder too";
		at += order < 0;
	}
	if (list->count == RT_ACCESS_KEYS_MAX)
		return "the folder holds more certificates than 256";
	memmove(&e[at + 1], &e[at], (list->count - at) * sizeof(*e));
	memcpy(e[at].key, c->public_key, sizeof(e[at].key));
	memcpy(e[at].name, c->name, sizeof(e[at].name));
	list->count++;
	return NULL;
}

static enum rt_err
add_file(struct rt_access_list *list, const char *folder, const char *file,
    struct rt_diag *d)
{
	char path[1024];
	struct rt_cert c;
	const char *why = NULL;
	enum rt_err err;

	if (snprintf(path, sizeof(path), "%s/%s", folder, file) >=
	    (int)sizeof(path)) {
		rt_diag_set(d, file, "the path is too long");
		return RT_E_CONFIG;
	}
	err = rt_cert_read(&c, RT_CERT_PUBLIC, path, d);
	if (err != RT_OK)
		return err;
	why = choose_name(&c, file, stem_of(file))
	    ? insert(list, &c)
	    : "has no name, and its file's is none";
	if (!why)
		return RT_OK;
	rt_diag_set(d, path, "%s", why);
	return RT_E_CONFIG;
}

static enum rt_err
read_folder(struct rt_access_list *list, const char *folder, struct rt_diag *d)
{
	enum rt_err err = RT_OK;
	struct dirent *entry;
	DIR *dir;

	if (folder[0] == '\0')
		return RT_OK;
	dir = opendir(folder);
	if (!dir) {
		rt_diag_set(d, folder, "cannot be read: %s", strerror(errno));
		return RT_E_IO;
	}
	while (err == RT_OK) {
		errno = 0;
		entry = readdir(dir);
		if (!entry)
			break;
		if (stem_of(entry->d_name) > 0)
			err = add_file(list, folder, entry->d_name, d);
	}
	if (err == RT_OK && errno != 0) {
		rt_diag_set(d, folder, "cannot be read: %s", strerror(errno));
		err = RT_E_IO;
	}
	closedir(dir);
	return err;
}

enum rt_err
rt_access_read(
    const struct rt_access_paths *p, struct rt_access **out, struct rt_diag *d)
{
	struct rt_access *a = rt_xcalloc(1, sizeof(*a));
	enum rt_err err = rt_curve_cert_read(&a->server, p->secret, d);
	unsigned i;

	for (i = 0; i < RT_ACCESS_COUNT && err == RT_OK; i++)
		err = read_folder(&a->lists[i], p->folders[i], d);
	if (err == RT_OK)
		*out = a;
	else
		rt_access_free(a);
	return err;
}

void
rt_access_free(struct rt_access *a)
{
	if (!a)
		return;
	rt_cert_wipe(&a->server);
	free(a);
}

struct rt_access *
rt_access_copy_lists(const struct rt_access *a)
{
	struct rt_access *copy = rt_xcalloc(1, sizeof(*copy));

	memcpy(copy->lists, a->lists, sizeof(copy->lists));
	return copy;
}

static int
compare(const void *key, const void *entry)
{
	return strcmp(key, ((const struct rt_access_entry *)entry)->key);
}

const struct rt_access_entry *
rt_access_find(
    const struct rt_access *a, enum rt_access_right right, const char *key)
{
	const struct rt_access_list *list = &a->lists[right];

	if (!key)
		return NULL;
	return bsearch(
	    key, list->entries, list->count, sizeof(list->entries[0]), compare);
}
