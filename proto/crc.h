/* SPDX-License-Identifier: MIT */
/*
 * crc — CRC-32C (Castagnoli), what the mapped ring is checked with.
 *
 * Cost    Eight bytes a step from tables of 8 KiB, which the first rt_crc_init makes;
 *         no heap, no library.
 */
#ifndef RT_CRC_H
#define RT_CRC_H

#include <stddef.h>
#include <stdint.h>

/* Once before any rt_crc32c; any thread, as often as one likes. */
void rt_crc_init(void);

/* `crc` is 0 or what came out for the bytes before. */
uint32_t rt_crc32c(uint32_t crc, const void *bytes, size_t len);

#endif
