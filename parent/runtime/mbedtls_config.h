/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * What of mbedTLS is compiled into the parent (cmake/mbedtls.cmake). Its entropy
 * sources need an operating system: runtime/random.c feeds the generator itself.
 */
#pragma once

#define MBEDTLS_HMAC_DRBG_C
#define MBEDTLS_MD_C
#define MBEDTLS_SHA256_C
#define MBEDTLS_NO_PLATFORM_ENTROPY
