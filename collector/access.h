/* SPDX-License-Identifier: MIT */
/*
 * access — who may do what at a collector with keys.
 *
 * What    The collector's own certificate and one list a right: the public certificates
 *         in a folder.  Publishing and asking are separate rights; a certificate in
 *         both folders has both.
 * Folder  Every *.pub file that does not begin with a dot; other files are passed over.
 *         The name of a certificate is the one in its metadata, else the file's without
 *         .pub.  An empty folder, or none, means nobody.
 * Strict  One bad file refuses all of it, and so do two files of one key or one name.
 * Bounds  RT_ACCESS_KEYS_MAX certificates a folder; more are refused, not cut.
 */
#ifndef RT_ACCESS_H
#define RT_ACCESS_H

#include "proto/cert.h"

#define RT_ACCESS_KEYS_MAX 256u

enum rt_access_right {
	RT_ACCESS_EMIT, /* events and intake */
	RT_ACCESS_VIEW, /* query */
	RT_ACCESS_COUNT,
};

struct rt_access_entry {
	char key[RT_CERT_KEY_CHARS + 1]; /* public, Z85 */
	char name[RT_CERT_NAME_MAX + 1];
};

struct rt_access_list {
	unsigned count;
	struct rt_access_entry entries[RT_ACCESS_KEYS_MAX]; /* by key */
};

struct rt_access {
	struct rt_cert server; /* with its secret key */
	struct rt_access_list lists[RT_ACCESS_COUNT];
};

/* Paths; "" for a folder: nobody has that right. */
struct rt_access_paths {
	const char *secret;
	const char *folders[RT_ACCESS_COUNT];
};

/* The word for a right, also the domain its port asks the handler for. */
const char *rt_access_right_name(enum rt_access_right right);

/* RT_E_IO, or RT_E_CONFIG with file and line; free with rt_access_free. */
RT_NODISCARD enum rt_err rt_access_read(
    const struct rt_access_paths *p, struct rt_access **out, struct rt_diag *d);
void rt_access_free(struct rt_access *a);

/* A copy without the collector's secret key. */
struct rt_access *rt_access_copy_lists(const struct rt_access *a);

/* The entry of a public key with that right; NULL: none.  `key` may be NULL. */
const struct rt_access_entry *rt_access_find(
    const struct rt_access *a, enum rt_access_right right, const char *key);

#endif
