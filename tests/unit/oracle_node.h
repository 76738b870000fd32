/* SPDX-License-Identifier: MIT */
/*
 * oracle_node — what the oracle finds in the tree of json-c by name, and how it converts it.
 */
#ifndef RT_TEST_ORACLE_NODE_H
#define RT_TEST_ORACLE_NODE_H

#include <json-c/json.h>

#include "proto/event.h"

struct oracle_node {
	struct json_object *o; /* NULL: null */
	bool is_there, is_given, is_sensitive;
	struct rt_str text; /* of a string or number */
};

/* The tree of what follows, borrowed. */
void oracle_read(struct json_object *o);
/* At a path with dots, however it is nested; the fewest levels win. */
struct oracle_node oracle_find(const char *path);
bool oracle_is_kept(const struct oracle_node *n);
/* The first of the names, parted by '|', that says something. */
struct oracle_node oracle_first_of(const char *names);
bool oracle_says(const char *name, const char *word);
bool oracle_gives(const char *name);

enum rt_reject oracle_set_str(
    struct oracle_node n, int64_t max, struct rt_str *out);
enum rt_reject oracle_set_int(
    struct oracle_node n, int64_t min, int64_t max, int64_t *out);
enum rt_reject oracle_set_ms(struct oracle_node n, double scale, double *out);
enum rt_reject oracle_set_bool(struct oracle_node n, bool *out);
enum rt_reject oracle_set_outcome(struct oracle_node n, enum rt_outcome *out);

#endif
