/* SPDX-License-Identifier: MIT */
#include "collector/canary/digest.h"

#include <sodium/crypto_hash_sha256.h>
#include <sodium/utils.h>

void
rt_digest(const void *bytes, size_t len, char out[RT_DIGEST_SIZE])
{
	unsigned char hash[crypto_hash_sha256_BYTES];

	crypto_hash_sha256(hash, bytes, len);
	sodium_bin2hex(out, RT_DIGEST_SIZE, hash, sizeof(hash));
}
