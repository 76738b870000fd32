/* SPDX-License-Identifier: MIT */
/*
 * cert — CURVE certificates as text files, in the format of CZMQ.
 *
 * Format  Lines of UTF-8: comments (#), the sections `metadata` and `curve` in column 1,
 *         and under each, indented, `key = "value"` (either kind of quotes, no
 *         escapes).  `curve` holds `public-key` and, in a secret certificate,
 *         `secret-key`: 40 characters of Z85 (ZeroMQ RFC 32).  Of the metadata only
 *         `name` is read.
 * Strict  What is not of this form is refused with its line; so are an unknown section or
 *         key of `curve`, and anything set twice.  Nothing of a value is repeated in a
 *         message: it could be a key.
 * Files   NAME.secret and NAME.pub.  A secret one that others may read or the group may
 *         write is refused.  Writing never replaces a file.
 * Pure    But for rt_cert_read and rt_cert_write.  No heap.
 */
#ifndef RT_CERT_H
#define RT_CERT_H

#include <stdbool.h>

#include "proto/buf.h"
#include "proto/diag.h"
#include "proto/err.h"
#include "proto/text.h"

#define RT_CERT_KEY_CHARS 40u
#define RT_CERT_NAME_MAX 64u
#define RT_CERT_FILE_MAX 8192u

struct rt_cert {
	char name[RT_CERT_NAME_MAX + 1];        /* empty: not given */
	char public_key[RT_CERT_KEY_CHARS + 1]; /* Z85 */
	char secret_key[RT_CERT_KEY_CHARS + 1]; /* empty: a public one */
};

enum rt_cert_kind {
	RT_CERT_PUBLIC, /* must not hold a secret key */
	RT_CERT_SECRET, /* must hold one */
};

/* 1 .. RT_CERT_NAME_MAX bytes, printable ASCII without quotes. */
bool rt_cert_name_is_valid(struct rt_str name);

/* 40 characters of Z85 that stand for 32 bytes. */
bool rt_cert_key_is_valid(struct rt_str key);

/* RT_E_SYNTAX or RT_E_FIELD; d->where is "line 7". */
RT_NODISCARD enum rt_err rt_cert_parse(struct rt_cert *out,
    enum rt_cert_kind kind, struct rt_str text, struct rt_diag *d);

/* The text of a file; the secret key is in it for RT_CERT_SECRET only. */
void rt_cert_format(
    struct rt_buf *b, const struct rt_cert *c, enum rt_cert_kind kind);

/*
 * RT_E_IO where it cannot be read, RT_E_CONFIG for what is in it or who may read it;
 * d->where is "path:7" or "path".
 */
RT_NODISCARD enum rt_err rt_cert_read(struct rt_cert *out,
    enum rt_cert_kind kind, const char *path, struct rt_diag *d);

/*
 * A new file, 0600 for a secret one, else 0644 less the umask.  RT_E_BUSY where there is
 * one already; no half-written file stays.
 */
RT_NODISCARD enum rt_err rt_cert_write(const char *path,
    const struct rt_cert *c, enum rt_cert_kind kind, struct rt_diag *d);

/* Overwrites the whole struct, in a way the compiler keeps. */
void rt_cert_wipe(struct rt_cert *c);

#endif
