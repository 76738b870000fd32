/* SPDX-License-Identifier: MIT */
#include "collector/owner.h"

#include <stdlib.h>
#include <string.h>

#include "proto/cert.h"
#include "proto/mem.h"
#include "proto/wire.h"

struct id {
	char text[RT_WIRE_EMITTER_MAX + 1]; /* empty: free */
	uint64_t used;
};

struct key {
	char text[RT_CERT_KEY_CHARS + 1]; /* empty: free */
	uint64_t used;
	struct id *ids; /* owned; RT_OWNER_IDS_MAX of them */
};

struct rt_owner {
	struct key keys[RT_OWNER_KEYS_MAX];
	uint64_t turn; /* of claims: what a clock would be for */
	uint64_t forgotten;
};

struct rt_owner *
rt_owner_new(void)
{
	return rt_xcalloc(1, sizeof(struct rt_owner));
}

void
rt_owner_free(struct rt_owner *o)
{
	unsigned i;

	if (!o)
		return;
	for (i = 0; i < RT_OWNER_KEYS_MAX; i++)
		free(o->keys[i].ids);
	free(o);
}

static struct id *
find_id(const struct key *k, const char *id)
{
	unsigned i;

	if (!k->ids)
		return NULL;
	for (i = 0; i < RT_OWNER_IDS_MAX; i++)
		if (strcmp(k->ids[i].text, id) == 0)
			return &k->ids[i];
	return NULL;
}

static void
forget_ids(struct rt_owner *o, struct key *k)
{
	unsigned i;

	for (i = 0; i < RT_OWNER_IDS_MAX; i++)
		o->forgotten += k->ids[i].text[0] != '\0';
	memset(k->ids, 0, RT_OWNER_IDS_MAX * sizeof(*k->ids));
}

/* The row of a key; a new one takes a free row, else the one used longest ago. */
static struct key *
row_of(struct rt_owner *o, const char *key)
{
	struct key *oldest = &o->keys[0];
	unsigned i;

	for (i = 0; i < RT_OWNER_KEYS_MAX; i++) {
		if (strcmp(o->keys[i].text, key) == 0)
			return &o->keys[i];
		if (o->keys[i].used < oldest->used)
			oldest = &o->keys[i];
	}
	if (oldest->ids)
		forget_ids(o, oldest);
	else
		oldest->ids = rt_xcalloc(RT_OWNER_IDS_MAX, sizeof(struct id));
	memcpy(oldest->text, key, RT_CERT_KEY_CHARS + 1);
	return oldest;
}

static bool
is_anothers(const struct rt_owner *o, const struct key *mine, const char *id)
{
	unsigned i;

	for (i = 0; i < RT_OWNER_KEYS_MAX; i++)
		if (&o->keys[i] != mine && find_id(&o->keys[i], id))
			return true;
	return false;
}

bool
rt_owner_claim(struct rt_owner *o, const char *key, const char *id)
{
	struct key *k = row_of(o, key);
	struct id *row = find_id(k, id);
	unsigned i;

	k->used = ++o->turn;
	if (!row) {
		if (is_anothers(o, k, id))
			return false;
		row = &k->ids[0];
		for (i = 1; i < RT_OWNER_IDS_MAX; i++)
			if (k->ids[i].used < row->used)
				row = &k->ids[i];
		o->forgotten += row->text[0] != '\0';
		memcpy(row->text, id, strlen(id) + 1);
	}
	row->used = o->turn;
	return true;
}

uint64_t
rt_owner_forgotten(const struct rt_owner *o)
{
	return o->forgotten;
}
