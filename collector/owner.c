/* SPDX-License-Identifier: MIT */
#include "collector/owner.h"

#include <stdlib.h>
#include <string.h>

#include "collector/hash.h"
#include "proto/cert.h"
#include "proto/mem.h"
#include "proto/wire.h"

#define BUCKETS 16384u /* a power of two */
#define NONE 0u        /* ids are numbered from 1: key * IDS_MAX + row + 1 */

struct id {
	char text[RT_WIRE_EMITTER_MAX + 1]; /* empty: free */
	uint64_t used;
	uint32_t next; /* in its bucket */
};

struct key {
	char text[RT_CERT_KEY_CHARS + 1]; /* empty: free */
	uint64_t used;
	struct id *ids; /* owned; RT_OWNER_IDS_MAX of them */
};

struct rt_owner {
	struct key keys[RT_OWNER_KEYS_MAX];
	uint32_t buckets[BUCKETS]; /* first id of each */
	struct key *last_key;      /* who came last; NULL: nobody yet */
	struct id *last_id;
	uint64_t turn; /* of claims: what a clock would be for */
	uint64_t forgotten, changes;
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

/* ---- ids by their text ----------------------------------------------------- */

/* Who can make ids collide has a key and 64 of them: a bucket stays short. */
static uint32_t *
bucket_of(struct rt_owner *o, struct rt_str id)
{
	return &o->buckets[rt_hash_str(0, id) & (BUCKETS - 1)];
}

static struct id *
id_of(const struct rt_owner *o, uint32_t number)
{
	return &o->keys[(number - 1) / RT_OWNER_IDS_MAX]
		    .ids[(number - 1) % RT_OWNER_IDS_MAX];
}

static bool
is_id(struct rt_str s)
{
	char text[RT_WIRE_EMITTER_MAX + 1];

	if (s.len == 0 || s.len > RT_WIRE_EMITTER_MAX)
		return false;
	memcpy(text, s.p, s.len);
	text[s.len] = '\0';
	return strlen(text) == s.len && rt_wire_emitter_is_valid(text);
}

/* The number of an id; NONE: nobody's. */
static uint32_t
find(const struct rt_owner *o, struct rt_str id)
{
	uint32_t n = o->buckets[rt_hash_str(0, id) & (BUCKETS - 1)];

	while (n != NONE && !rt_str_is(id, id_of(o, n)->text))
		n = id_of(o, n)->next;
	return n;
}

static void
link_id(struct rt_owner *o, struct key *k, struct id *row, struct rt_str id)
{
	uint32_t *bucket = bucket_of(o, id);

	memcpy(row->text, id.p, id.len);
	row->text[id.len] = '\0';
	row->next = *bucket;
	*bucket = (uint32_t)((size_t)(k - o->keys) * RT_OWNER_IDS_MAX +
	    (size_t)(row - k->ids) + 1);
	o->changes++;
}

/* Free the row of an id. */
static void
forget(struct rt_owner *o, struct id *row)
{
	uint32_t *link;

	if (row->text[0] == '\0')
		return;
	link = bucket_of(o, rt_str_of(row->text));
	while (id_of(o, *link) != row)
		link = &id_of(o, *link)->next;
	*link = row->next;
	*row = (struct id){.used = 0};
	o->forgotten++;
	o->changes++;
}

/* ---- keys -------------------------------------------------------------------- */

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
	if (!oldest->ids)
		oldest->ids = rt_xcalloc(RT_OWNER_IDS_MAX, sizeof(struct id));
	for (i = 0; i < RT_OWNER_IDS_MAX; i++)
		forget(o, &oldest->ids[i]);
	memcpy(oldest->text, key, RT_CERT_KEY_CHARS + 1);
	return oldest;
}

static bool
is_of(const struct rt_owner *o, uint32_t number, const char *key)
{
	return key &&
	    strcmp(o->keys[(number - 1) / RT_OWNER_IDS_MAX].text, key) == 0;
}

bool
rt_owner_may(const struct rt_owner *o, const char *key, struct rt_str id)
{
	uint32_t n = is_id(id) ? find(o, id) : NONE;

	return n == NONE || is_of(o, n, key);
}

static struct id *
take(struct rt_owner *o, struct key *k, struct rt_str id)
{
	struct id *row = &k->ids[0];
	unsigned i;

	for (i = 1; i < RT_OWNER_IDS_MAX; i++)
		if (k->ids[i].used < row->used)
			row = &k->ids[i];
	forget(o, row);
	link_id(o, k, row, id);
	return row;
}

bool
rt_owner_claim(struct rt_owner *o, const char *key, struct rt_str id)
{
	uint32_t n;

	if (key && o->last_key && strcmp(o->last_key->text, key) == 0 &&
	    rt_str_is(id, o->last_id->text))
		return true;
	if (!key || !is_id(id))
		return rt_owner_may(o, key, id);
	n = find(o, id);
	if (n != NONE && !is_of(o, n, key))
		return false;
	o->last_key = row_of(o, key);
	o->last_id = n != NONE ? id_of(o, n) : take(o, o->last_key, id);
	o->last_key->used = o->last_id->used = ++o->turn;
	return true;
}

uint64_t
rt_owner_forgotten(const struct rt_owner *o)
{
	return o->forgotten;
}

uint64_t
rt_owner_changes(const struct rt_owner *o)
{
	return o->changes;
}

/* ---- as text ------------------------------------------------------------------- */

struct pair {
	const struct key *key;
	const struct id *id;
};

static int
by_use(const void *a, const void *b)
{
	const struct pair *x = a, *y = b;

	return (x->id->used > y->id->used) - (x->id->used < y->id->used);
}

void
rt_owner_encode(const struct rt_owner *o, struct rt_buf *b)
{
	struct pair *pairs =
	    rt_xcalloc(RT_OWNER_KEYS_MAX * RT_OWNER_IDS_MAX, sizeof(*pairs));
	size_t n = 0, i;
	unsigned k;

	for (k = 0; k < RT_OWNER_KEYS_MAX; k++)
		for (i = 0; o->keys[k].ids && i < RT_OWNER_IDS_MAX; i++)
			if (o->keys[k].ids[i].text[0])
				pairs[n++] = (struct pair){
				    &o->keys[k], &o->keys[k].ids[i]};
	if (n > 0)
		qsort(pairs, n, sizeof(*pairs), by_use);
	rt_buf_puts(b, RT_OWNER_TITLE "\n");
	for (i = 0; i < n; i++)
		rt_buf_printf(
		    b, "%s %s\n", pairs[i].key->text, pairs[i].id->text);
	free(pairs);
}

/* Printable and no space: what Z85 is made of, and more. */
static bool
read_pair(struct rt_owner *o, struct rt_str line)
{
	char key[RT_CERT_KEY_CHARS + 1];
	struct rt_str id;
	size_t i;

	if (line.len <= RT_CERT_KEY_CHARS + 1 ||
	    line.p[RT_CERT_KEY_CHARS] != ' ')
		return false;
	for (i = 0; i < RT_CERT_KEY_CHARS; i++)
		if (line.p[i] <= ' ' || line.p[i] > '~')
			return false;
	memcpy(key, line.p, RT_CERT_KEY_CHARS);
	key[RT_CERT_KEY_CHARS] = '\0';
	id = (struct rt_str){
	    line.p + RT_CERT_KEY_CHARS + 1, line.len - RT_CERT_KEY_CHARS - 1};
	return is_id(id) && rt_owner_claim(o, key, id);
}

unsigned
rt_owner_decode(struct rt_owner *o, struct rt_str text)
{
	unsigned passed_over = 0;
	bool is_first = true;

	while (text.len > 0) {
		const char *newline = memchr(text.p, '\n', text.len);
		struct rt_str line = {
		    text.p, newline ? (size_t)(newline - text.p) : text.len};

		text.p += line.len;
		text.len -= line.len;
		if (newline)
			text.p++, text.len--;
		if (!(is_first && rt_str_is(line, RT_OWNER_TITLE)) &&
		    !read_pair(o, line))
			passed_over++;
		is_first = false;
	}
	return passed_over;
}
