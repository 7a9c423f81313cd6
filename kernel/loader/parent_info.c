/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Takes each thing from the best source that this machine has. Follows
 * [UEFI 12.9 "Graphics Output Protocol", 37.5 "EFI RNG Protocol", 8.3 "Time
 * Services"].
 */
#include <cpuid.h>

#include "loader/firmware.h"
#include "loader/insn.h"
#include "loader/stages.h"
#include "loader/unix_time.h"
#include "lib/string.h"

#define SEED_WORDS 4u

enum seed_quality { SEED_JITTER = 1, SEED_RDRAND = 2, SEED_FIRMWARE = 3 };

static void fill_framebuffer(struct hv_boot_framebuffer *framebuffer) {
	EFI_GRAPHICS_OUTPUT_PROTOCOL *gop = firmware_protocol((EFI_GUID)EFI_GRAPHICS_OUTPUT_PROTOCOL_GUID);

	if (gop == NULL || gop->Mode == NULL || gop->Mode->Info == NULL || gop->Mode->Info->PixelFormat >= PixelBltOnly)
		return;
	*framebuffer = (struct hv_boot_framebuffer){
	    gop->Mode->FrameBufferBase,
	    gop->Mode->FrameBufferSize,
	    gop->Mode->Info->HorizontalResolution,
	    gop->Mode->Info->VerticalResolution,
	    gop->Mode->Info->PixelsPerScanLine,
	    gop->Mode->Info->PixelFormat,
	};
}

static bool seed_by_rdrand(uint64_t *seed) {
	uint32_t a, b, c, d;
	unsigned filled = 0;

	if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_RDRND))
		return false;
	/* Ten tries for a word are what Intel's guide asks for. */
	for (unsigned tries = 0; tries < 10 * SEED_WORDS && filled < SEED_WORDS; tries++)
		filled += read_random(&seed[filled]);
	return filled == SEED_WORDS;
}

/* The low bits of the time that a delay really takes, stirred in (FNV-1a). */
static void stir_jitter(uint64_t *seed, unsigned rounds) {
	for (unsigned i = 0; i < rounds; i++) {
		firmware.boot->Stall(1);
		for (unsigned w = 0; w < SEED_WORDS; w++)
			seed[w] = (seed[w] ^ read_tsc() ^ seed[(w + 1) % SEED_WORDS] >> 29) * 0x100000001b3ull;
	}
}

static uint32_t fill_seed(uint8_t *seed, UINTN size) {
	EFI_RNG_PROTOCOL *rng = firmware_protocol((EFI_GUID)EFI_RNG_PROTOCOL_GUID);
	uint64_t words[SEED_WORDS] = {0};
	uint32_t quality = seed_by_rdrand(words) ? SEED_RDRAND : SEED_JITTER;

	if (rng != NULL && rng->GetRNG(rng, NULL, size, seed) == EFI_SUCCESS)
		return SEED_FIRMWARE;
	stir_jitter(words, quality == SEED_JITTER ? 1024 : 4);
	memcpy(seed, words, sizeof(words));
	return quality;
}

static int64_t read_clock(void) {
	EFI_TIME time = {0};

	if (firmware.system->RuntimeServices->GetTime(&time, NULL) != EFI_SUCCESS)
		return 0;
	return unix_time(time.Year, time.Month, time.Day, time.Hour, time.Minute, time.Second, time.TimeZone);
}

void parent_info_fill(struct handoff *handoff) {
	struct hv_boot_info *info = &handoff->parent_info;

	_Static_assert(sizeof(info->random_seed) == SEED_WORDS * sizeof(uint64_t), "seed size");

	info->efi_system_table = (uint64_t)firmware.system;
	info->efi_reset_system = (uint64_t)firmware.system->RuntimeServices->ResetSystem;
	info->boot_unix_time = read_clock();
	handoff->clock_tsc = read_tsc();
	info->seed_quality = fill_seed(info->random_seed, sizeof(info->random_seed));
	fill_framebuffer(&info->framebuffer);
}
