/* SPDX-License-Identifier: MIT */
#include "collector/canary/ledger.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/json.h"
#include "proto/jsonw.h"
#include "proto/mem.h"

#define SCHEMA "retrytop-evidence/v1"

static const char *const basis_names[RT_BASIS_COUNT] = {
#define X(id, name) name,
    RT_BASES(X)
#undef X
};

static const char *const evidence_names[RT_EVIDENCE_COUNT] = {
#define X(id, name) name,
    RT_EVIDENCES(X)
#undef X
};

const char *
rt_basis_name(enum rt_basis b)
{
	return (unsigned)b < RT_BASIS_COUNT ? basis_names[b] : NULL;
}

const char *
rt_evidence_name(enum rt_evidence e)
{
	return (unsigned)e < RT_EVIDENCE_COUNT ? evidence_names[e] : NULL;
}

/* The texts of a run that stand in every line of it. */
static const struct text {
	const char *key;
	size_t offset, size;
} texts[] = {
#define TEXT(key, member)                                       \
	{                                                       \
		key, offsetof(struct rt_ledger_run, member),    \
		    sizeof(((struct rt_ledger_run *)0)->member) \
	}
    TEXT("run", id),
    TEXT("ts", when),
    TEXT("target", target),
    TEXT("endpoint", endpoint),
    TEXT("model", model),
    TEXT("environment", environment),
    TEXT("host", host),
    TEXT("credential", credential),
    TEXT("config_sha256", config_sha256),
    TEXT("source", source),
    TEXT("accessed", accessed),
    TEXT("version", version),
    TEXT("libraries", libraries),
#undef TEXT
};

/* ---- a run ------------------------------------------------------------------------- */

void
rt_ledger_add(struct rt_ledger_run *run, enum rt_area area, const char *row,
    enum rt_evidence result, const struct rt_keypaths *shape)
{
	struct rt_ledger_area *a = &run->areas[area];

	if (a->row_count < RT_LEDGER_ROWS_MAX) {
		snprintf(
		    a->rows[a->row_count].id, sizeof(a->rows[0].id), "%s", row);
		a->rows[a->row_count++].result = result;
	}
	if (shape && shape->count > 0 &&
	    a->shape_count < RT_LEDGER_SHAPES_MAX) {
		snprintf(a->shapes[a->shape_count].id, sizeof(a->shapes[0].id),
		    "%s", row);
		a->shapes[a->shape_count++].shape = *shape;
	}
}

static enum rt_evidence
worst_of(const struct rt_ledger_area *a)
{
	static const enum rt_evidence order[] = {RT_EVIDENCE_FAIL,
	    RT_EVIDENCE_BLOCKED, RT_EVIDENCE_PASS, RT_EVIDENCE_SKIPPED};

	for (size_t k = 0; k < RT_COUNT_OF(order); k++)
		for (unsigned i = 0; i < a->row_count; i++)
			if (a->rows[i].result == order[k])
				return order[k];
	return RT_EVIDENCE_NOT_TESTED;
}

static void
write_evidence(struct rt_ledger_area *a)
{
	unsigned counts[RT_EVIDENCE_COUNT] = {0};
	struct rt_buf b;

	rt_buf_init_fixed(&b, a->evidence, sizeof(a->evidence));
	if (a->row_count == 0)
		rt_buf_puts(&b, "no row tests this");
	for (unsigned i = 0; i < a->row_count; i++)
		counts[a->rows[i].result]++;
	for (unsigned e = 0; e < RT_EVIDENCE_COUNT; e++)
		if (counts[e] > 0)
			rt_buf_printf(&b, "%s%u %s", b.len ? ", " : "",
			    counts[e], evidence_names[e]);
	for (unsigned i = 0; i < a->row_count; i++)
		if (a->rows[i].result == RT_EVIDENCE_FAIL ||
		    a->rows[i].result == RT_EVIDENCE_BLOCKED)
			rt_buf_printf(&b, "; %s: %s",
			    evidence_names[a->rows[i].result], a->rows[i].id);
}

static const struct rt_keypaths *
shape_of(const struct rt_ledger_area *a, const char *id)
{
	for (unsigned i = 0; i < a->shape_count; i++)
		if (strcmp(a->shapes[i].id, id) == 0)
			return &a->shapes[i].shape;
	return NULL;
}

static void
find_drift(struct rt_ledger_area *a, const struct rt_ledger_area *before)
{
	struct rt_keypaths_drift sum = {0, 0, 0}, d;
	size_t len = strlen(a->evidence);

	for (unsigned i = 0; i < a->shape_count; i++) {
		const struct rt_keypaths *old =
		    shape_of(before, a->shapes[i].id);

		if (!old)
			continue;
		d = rt_keypaths_compare(old, &a->shapes[i].shape, NULL);
		sum.gained += d.gained;
		sum.lost += d.lost;
		sum.changed += d.changed;
	}
	if (sum.gained + sum.lost + sum.changed == 0)
		return;
	snprintf(a->evidence + len, sizeof(a->evidence) - len,
	    "; paths gained %u, lost %u, changed %u", sum.gained, sum.lost,
	    sum.changed);
	if (a->result == RT_EVIDENCE_PASS)
		a->result = a->basis == RT_BASIS_DOCUMENTED && sum.lost > 0
		    ? RT_EVIDENCE_FAIL
		    : RT_EVIDENCE_DRIFT;
}

void
rt_ledger_conclude(
    struct rt_ledger_run *run, const struct rt_ledger_run *before)
{
	bool has_source = run->source[0] && run->accessed[0];

	for (unsigned i = 0; i < RT_AREA_COUNT; i++) {
		struct rt_ledger_area *a = &run->areas[i];

		a->result = worst_of(a);
		if (has_source && a->row_count > 0)
			a->basis = RT_BASIS_DOCUMENTED;
		else if (a->result == RT_EVIDENCE_NOT_TESTED ||
		    a->result == RT_EVIDENCE_SKIPPED)
			a->basis = RT_BASIS_ASSUMED;
		else if (a->result == RT_EVIDENCE_BLOCKED)
			a->basis = RT_BASIS_UNDOCUMENTED;
		else
			a->basis = RT_BASIS_OBSERVED;
		write_evidence(a);
		if (before)
			find_drift(a, &before->areas[i]);
	}
}

/* ---- writing ----------------------------------------------------------------------- */

static void
write_shapes(struct rt_jsonw *w, const struct rt_ledger_area *a)
{
	char digest[RT_DIGEST_SIZE];

	rt_jsonw_object(w, "shapes");
	for (unsigned i = 0; i < a->shape_count; i++) {
		const struct rt_keypaths *s = &a->shapes[i].shape;

		rt_keypaths_digest(s, digest);
		rt_jsonw_object(w, a->shapes[i].id);
		rt_jsonw_text(w, "sha256", digest);
		if (s->overflow)
			rt_jsonw_bool(w, "overflow", true);
		rt_jsonw_array(w, "paths");
		for (unsigned k = 0; k < s->count; k++)
			rt_jsonw_text(w, NULL, s->paths[k]);
		rt_jsonw_end(w);
		rt_jsonw_end(w);
	}
	rt_jsonw_end(w);
}

static void
write_line(struct rt_buf *b, const struct rt_ledger_run *run, unsigned area)
{
	const struct rt_ledger_area *a = &run->areas[area];
	struct rt_jsonw w = rt_jsonw_begin(b);

	rt_jsonw_object(&w, NULL);
	rt_jsonw_text(&w, "schema", SCHEMA);
	rt_jsonw_text(&w, "area", rt_area_name((enum rt_area)area));
	rt_jsonw_text(&w, "basis", basis_names[a->basis]);
	rt_jsonw_text(&w, "result", evidence_names[a->result]);
	rt_jsonw_text(&w, "evidence", a->evidence);
	for (size_t i = 0; i < RT_COUNT_OF(texts); i++) {
		const char *z = (const char *)run + texts[i].offset;

		if (*z)
			rt_jsonw_text(&w, texts[i].key, z);
	}
	rt_jsonw_bool(&w, "tls_verified", run->is_tls_verified);
	rt_jsonw_object(&w, "rows");
	for (unsigned i = 0; i < a->row_count; i++)
		rt_jsonw_text(
		    &w, a->rows[i].id, evidence_names[a->rows[i].result]);
	rt_jsonw_end(&w);
	if (a->shape_count > 0)
		write_shapes(&w, a);
	rt_jsonw_end(&w);
	rt_buf_putc(b, '\n');
}

/* Does the file end in the middle of a line? */
static bool
is_torn(int fd)
{
	struct stat st;
	char last;

	return fstat(fd, &st) == 0 && st.st_size > 0 &&
	    pread(fd, &last, 1, st.st_size - 1) == 1 && last != '\n';
}

enum rt_err
rt_ledger_append(
    const char *path, const struct rt_ledger_run *run, struct rt_diag *d)
{
	int fd = open(
	    path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0600);
	struct rt_buf b;
	bool is_written;

	if (fd < 0) {
		rt_diag_set(d, path, "cannot be written: %s", strerror(errno));
		return RT_E_IO;
	}
	rt_buf_init(&b, (size_t)RT_LEDGER_LINE_MAX * RT_AREA_COUNT);
	if (is_torn(fd))
		rt_buf_putc(&b, '\n');
	for (unsigned i = 0; i < RT_AREA_COUNT; i++)
		write_line(&b, run, i);
	errno = ENOSPC;
	is_written = !b.overflow && write(fd, b.p, b.len) == (ssize_t)b.len &&
	    fsync(fd) == 0;
	if (!is_written)
		rt_diag_set(d, path, "cannot be written: %s", strerror(errno));
	rt_buf_fini(&b);
	close(fd);
	return is_written ? RT_OK : RT_E_IO;
}

/* ---- reading ----------------------------------------------------------------------- */

static void
read_text(char *out, size_t size, struct json_object *o, const char *key)
{
	rt_text_scrub(out, size, rt_str_of(rt_json_text(o, key)));
}

static unsigned
place_in(const char *const *names, unsigned count, const char *word)
{
	unsigned i = 0;

	while (word && i < count && strcmp(names[i], word) != 0)
		i++;
	return word ? i : count;
}

static unsigned
area_of(struct json_object *o)
{
	const char *word = rt_json_text(o, "area");
	unsigned i = 0;

	while (word && i < RT_AREA_COUNT &&
	    strcmp(rt_area_name((enum rt_area)i), word) != 0)
		i++;
	return word ? i : RT_AREA_COUNT;
}

static void
read_shapes(struct rt_ledger_area *a, struct json_object *shapes)
{
	if (!json_object_is_type(shapes, json_type_object))
		return;
	for (struct json_object_iterator i = json_object_iter_begin(shapes),
					 end = json_object_iter_end(shapes);
	     !json_object_iter_equal(&i, &end); json_object_iter_next(&i)) {
		const char *id = json_object_iter_peek_name(&i);
		struct json_object *value = json_object_iter_peek_value(&i);
		struct json_object *paths = rt_json_get(value, "paths");
		struct rt_keypaths *s = &a->shapes[a->shape_count].shape;

		if (a->shape_count == RT_LEDGER_SHAPES_MAX ||
		    !json_object_is_type(paths, json_type_array))
			continue;
		rt_text_scrub(a->shapes[a->shape_count].id,
		    sizeof(a->shapes[0].id), rt_str_of(id));
		for (size_t k = 0; k < json_object_array_length(paths); k++)
			rt_keypaths_put(s,
			    rt_str_of(json_object_get_string(
				json_object_array_get_idx(paths, k))));
		a->shape_count++;
	}
}

static void
read_rows(struct rt_ledger_area *a, struct json_object *rows)
{
	if (!json_object_is_type(rows, json_type_object))
		return;
	for (struct json_object_iterator i = json_object_iter_begin(rows),
					 end = json_object_iter_end(rows);
	     !json_object_iter_equal(&i, &end); json_object_iter_next(&i)) {
		const char *id = json_object_iter_peek_name(&i);
		struct json_object *value = json_object_iter_peek_value(&i);
		unsigned result = place_in(evidence_names, RT_EVIDENCE_COUNT,
		    json_object_get_string(value));

		if (a->row_count == RT_LEDGER_ROWS_MAX ||
		    result == RT_EVIDENCE_COUNT)
			continue;
		rt_text_scrub(a->rows[a->row_count].id, sizeof(a->rows[0].id),
		    rt_str_of(id));
		a->rows[a->row_count++].result = (enum rt_evidence)result;
	}
}

/* One line of a run into it; its area says which part. */
static void
read_into(struct rt_ledger_run *run, struct json_object *o, unsigned area)
{
	struct rt_ledger_area *a = &run->areas[area];

	memset(a, 0, sizeof(*a));
	for (size_t i = 0; i < RT_COUNT_OF(texts); i++)
		read_text((char *)run + texts[i].offset, texts[i].size, o,
		    texts[i].key);
	run->is_tls_verified = rt_json_bool(o, "tls_verified", false);
	a->basis = (enum rt_basis)place_in(
	    basis_names, RT_BASIS_COUNT, rt_json_text(o, "basis"));
	a->result = (enum rt_evidence)place_in(
	    evidence_names, RT_EVIDENCE_COUNT, rt_json_text(o, "result"));
	read_text(a->evidence, sizeof(a->evidence), o, "evidence");
	read_rows(a, rt_json_get(o, "rows"));
	read_shapes(a, rt_json_get(o, "shapes"));
}

static bool
is_record(struct json_object *o)
{
	const char *schema = o ? rt_json_text(o, "schema") : NULL;

	return schema && strcmp(schema, SCHEMA) == 0 &&
	    rt_json_text(o, "run") && rt_json_text(o, "target") &&
	    area_of(o) < RT_AREA_COUNT &&
	    place_in(basis_names, RT_BASIS_COUNT, rt_json_text(o, "basis")) <
	    RT_BASIS_COUNT &&
	    place_in(evidence_names, RT_EVIDENCE_COUNT,
		rt_json_text(o, "result")) < RT_EVIDENCE_COUNT;
}

/*
 * Hands every record of the file to `each` (NULL document: a line that is none), a line at
 * a time: the file may be larger than memory.
 */
static enum rt_err
for_each(const char *path, void (*each)(void *context, struct json_object *o),
    void *context, struct rt_diag *d)
{
	FILE *f = fopen(path, "re");
	char *line;
	size_t n;

	if (!f) {
		rt_diag_set(d, path, "cannot be read: %s", strerror(errno));
		return RT_E_IO;
	}
	line = rt_xcalloc(RT_LEDGER_LINE_MAX + 2, 1);
	while (fgets(line, RT_LEDGER_LINE_MAX + 2, f)) {
		struct json_object *o = NULL;
		enum rt_err err = RT_E_TOO_LARGE;

		n = strlen(line);
		if (n > 0 && line[n - 1] == '\n')
			err = rt_json_parse(
			    line, n - 1, RT_LEDGER_LINE_MAX, 8, &o, NULL);
		else
			while (fgets(line, RT_LEDGER_LINE_MAX + 2, f) &&
			    !strchr(line, '\n'))
				continue;
		each(context, err == RT_OK && is_record(o) ? o : NULL);
		json_object_put(o);
	}
	free(line);
	fclose(f);
	return RT_OK;
}

#define BACK_MAX 8u

/* The last runs of one target, newest first. */
struct latest {
	const char *wanted; /* NULL: whatever the last line is about */
	char target[65];
	char runs[BACK_MAX][33];
	unsigned count;
	uint64_t bad_lines;
};

static void
note_run(void *context, struct json_object *o)
{
	struct latest *l = context;
	char target[65], run[33];

	if (!o) {
		l->bad_lines++;
		return;
	}
	read_text(target, sizeof(target), o, "target");
	read_text(run, sizeof(run), o, "run");
	if (l->wanted && strcmp(l->wanted, target) != 0)
		return;
	memcpy(l->target, target, sizeof(target));
	if (l->count > 0 && strcmp(l->runs[0], run) == 0)
		return;
	memmove(l->runs[1], l->runs[0], sizeof(l->runs) - sizeof(l->runs[0]));
	memcpy(l->runs[0], run, sizeof(run));
	l->count += l->count < BACK_MAX;
}

struct one {
	struct rt_ledger_run *run;
	const char *id;
};

static void
take_line(void *context, struct json_object *o)
{
	struct one *one = context;
	char run[33];

	if (!o)
		return;
	read_text(run, sizeof(run), o, "run");
	if (strcmp(run, one->id) == 0)
		read_into(one->run, o, area_of(o));
}

enum rt_err
rt_ledger_read(const char *path, const char *target, unsigned back,
    struct rt_ledger_run *run, struct rt_diag *d)
{
	struct latest l = {.wanted = target && *target ? target : NULL};
	struct rt_ledger_run *fresh;
	struct one one;
	enum rt_err err = for_each(path, note_run, &l, d);

	if (err != RT_OK)
		return err;
	if (!l.wanted && l.count > 0) {
		/* The runs between may have been of other targets. */
		struct latest again = {.wanted = l.target};

		err = for_each(path, note_run, &again, d);
		memcpy(again.target, l.target, sizeof(l.target));
		again.wanted = NULL;
		l = again;
	}
	if (err != RT_OK || back >= l.count) {
		rt_diag_set(d, path, "holds no run%s%s%s",
		    back == 0 ? "" : " before the last one",
		    target && *target ? " of " : "", target ? target : "");
		return RT_E_EMPTY;
	}
	fresh = rt_xcalloc(1, sizeof(*fresh));
	for (unsigned i = 0; i < RT_AREA_COUNT; i++)
		fresh->areas[i].result = RT_EVIDENCE_NOT_TESTED;
	one = (struct one){fresh, l.runs[back]};
	err = for_each(path, take_line, &one, d);
	if (err == RT_OK) {
		fresh->bad_lines = l.bad_lines;
		*run = *fresh;
	}
	free(fresh);
	return err;
}

/* ---- comparing --------------------------------------------------------------------- */

static bool
compare_area(const struct rt_ledger_area *old, const struct rt_ledger_area *new,
    const char *name, struct rt_buf *b)
{
	size_t before = b->len;

	if (old->result != new->result)
		rt_buf_printf(b, "%s: %s -> %s\n", name,
		    evidence_names[old->result], evidence_names[new->result]);
	if (old->basis != new->basis)
		rt_buf_printf(b, "%s: basis %s -> %s\n", name,
		    basis_names[old->basis], basis_names[new->basis]);
	for (unsigned i = 0; i < new->shape_count; i++) {
		const struct rt_keypaths *was =
		    shape_of(old, new->shapes[i].id);
		struct rt_keypaths_drift d;

		if (!was)
			continue;
		d = rt_keypaths_compare(was, &new->shapes[i].shape, NULL);
		if (d.gained + d.lost + d.changed == 0)
			continue;
		rt_buf_printf(b, "%s: %s\n", name, new->shapes[i].id);
		(void)rt_keypaths_compare(was, &new->shapes[i].shape, b);
	}
	return b->len > before;
}

bool
rt_ledger_compare(const struct rt_ledger_run *old,
    const struct rt_ledger_run *new, struct rt_buf *b)
{
	/* What explains a difference comes first, and is one itself. */
	static const char *const told[] = {"endpoint", "model", "environment",
	    "host", "credential", "config_sha256", "version", "libraries"};
	bool differs = false;

	for (size_t i = 0; i < RT_COUNT_OF(texts); i++) {
		const char *was = (const char *)old + texts[i].offset;
		const char *is = (const char *)new + texts[i].offset;

		for (size_t k = 0; k < RT_COUNT_OF(told); k++)
			if (strcmp(told[k], texts[i].key) == 0 &&
			    strcmp(was, is) != 0) {
				rt_buf_printf(
				    b, "%s: %s -> %s\n", texts[i].key, was, is);
				differs = true;
			}
	}
	for (unsigned i = 0; i < RT_AREA_COUNT; i++)
		differs |= compare_area(&old->areas[i], &new->areas[i],
		    rt_area_name((enum rt_area)i), b);
	return differs;
}
