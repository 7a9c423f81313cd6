/* SPDX-License-Identifier: Apache-2.0 OR MIT */
#include "runtime/random.h"

#include <stdbool.h>
#include <string.h>
#include <mbedtls/hmac_drbg.h>
#include <mbedtls/platform_util.h>
#include "runtime/spinlock.h"

#define SEED_MIN 32u

static struct spinlock lock;
static mbedtls_hmac_drbg_context generator;
static bool is_running;

enum err random_init(const uint8_t *seed, size_t size) {
	const mbedtls_md_info_t *sha256 = mbedtls_md_info_from_type(MBEDTLS_MD_SHA256);
	enum err error = ERR_NONE;
	uint8_t any = 0;

	for (size_t i = 0; i < size; i++)
		any |= seed[i];
	spinlock_acquire(&lock);
	mbedtls_hmac_drbg_free(&generator); /* zeros, or what ran before */
	mbedtls_hmac_drbg_init(&generator);
	if (size < SEED_MIN || any == 0)
		error = ERR_RANGE;
	else if (mbedtls_hmac_drbg_seed_buf(&generator, sha256, seed, size) != 0)
		error = ERR_MEMORY;
	is_running = error == ERR_NONE;
	spinlock_release(&lock);
	return error;
}

/* In pieces of what one request to the generator may ask for. */
static bool generate(uint8_t *to, size_t size) {
	while (size > 0) {
		size_t piece = size < MBEDTLS_HMAC_DRBG_MAX_REQUEST ? size : MBEDTLS_HMAC_DRBG_MAX_REQUEST;

		if (mbedtls_hmac_drbg_random(&generator, to, piece) != 0)
			return false;
		to += piece;
		size -= piece;
	}
	return true;
}

void random_forget(void *at, size_t size) { mbedtls_platform_zeroize(at, size); }

enum err random_bytes(void *to, size_t size) {
	uint64_t fresh[RANDOM_HARDWARE_WORDS] = {0};
	bool is_good;

	random_hardware(fresh);
	spinlock_acquire(&lock);
	is_good = is_running && mbedtls_hmac_drbg_update(&generator, (const uint8_t *)fresh, sizeof(fresh)) == 0 &&
	          generate(to, size);
	spinlock_release(&lock);
	random_forget(fresh, sizeof(fresh));
	if (is_good)
		return ERR_NONE;
	memset(to, 0, size);
	return ERR_STATE;
}
