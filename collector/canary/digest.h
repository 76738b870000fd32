/* SPDX-License-Identifier: MIT */
/*
 * digest — SHA-256 as text: the door to libsodium, which libzmq brings along anyway.
 */
#ifndef RT_DIGEST_H
#define RT_DIGEST_H

#include <stddef.h>

#define RT_DIGEST_SIZE 65u

/* 64 lower-case hexadecimal digits and a NUL. */
void rt_digest(const void *bytes, size_t len, char out[RT_DIGEST_SIZE]);

#endif
