/* SPDX-License-Identifier: MIT */
#include "proto/crc.h"

#include <pthread.h>
#include <string.h>

#define POLYNOMIAL UINT32_C(0x82f63b78) /* reflected */

/* tables[k][b]: the byte b with k bytes of zero behind it. */
static uint32_t tables[8][256];

static void
make_tables(void)
{
	uint32_t b, k, c;

	for (b = 0; b < 256; b++) {
		c = b;
		for (k = 0; k < 8; k++)
			c = c >> 1 ^ (c & 1 ? POLYNOMIAL : 0);
		tables[0][b] = c;
	}
	for (b = 0; b < 256; b++)
		for (k = 1; k < 8; k++)
			tables[k][b] = tables[k - 1][b] >> 8 ^
			    tables[0][tables[k - 1][b] & 0xff];
}

void
rt_crc_init(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, make_tables);
}

static uint32_t
take_eight(uint32_t crc, const unsigned char *p)
{
	uint32_t low = crc ^
	    ((uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
		(uint32_t)p[3] << 24);

	return tables[7][low & 0xff] ^ tables[6][low >> 8 & 0xff] ^
	    tables[5][low >> 16 & 0xff] ^ tables[4][low >> 24] ^
	    tables[3][p[4]] ^ tables[2][p[5]] ^ tables[1][p[6]] ^
	    tables[0][p[7]];
}

uint32_t
rt_crc32c(uint32_t crc, const void *bytes, size_t len)
{
	const unsigned char *p = bytes;

	crc = ~crc;
	for (; len >= 8; p += 8, len -= 8)
		crc = take_eight(crc, p);
	for (; len > 0; p++, len--)
		crc = crc >> 8 ^ tables[0][(crc ^ *p) & 0xff];
	return ~crc;
}
