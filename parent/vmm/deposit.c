/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The arena: 2 MiB pieces with a bit per page. Deposited pages are not mapped
 * in the parent, so nothing about them is kept inside them.
 */
#include <stdbool.h>
#include "runtime/hypercall.h"
#include "runtime/log.h"
#include "runtime/memory.h"
#include "runtime/spinlock.h"
#include "vmm/deposit.h"

#define PIECE_SIZE  (2ull << 20)
#define PIECE_PAGES 512u
#define PIECES_MAX  256u

struct piece {
	hv_gpfn_t first;
	uint64_t free[PIECE_PAGES / 64]; /* bit n: page first + n is here and free */
};

static struct piece pieces[PIECES_MAX];
static unsigned piece_count;
static struct spinlock lock; /* of all above */

/* The lock is not held while the memory is looked for. */
static bool grow(void) {
	uint64_t base = memory_take(PIECE_SIZE, PIECE_SIZE);
	bool has_place;

	if (base == 0)
		return false;
	spinlock_acquire(&lock);
	has_place = piece_count < PIECES_MAX;
	if (has_place) {
		pieces[piece_count].first = base >> HV_PAGE_SHIFT;
		for (unsigned i = 0; i < PIECE_PAGES / 64; i++)
			pieces[piece_count].free[i] = ~0ull;
		piece_count++;
	}
	spinlock_release(&lock);
	if (!has_place)
		memory_give(base, PIECE_SIZE);
	return has_place;
}

static unsigned take_from(struct piece *piece, hv_gpfn_t *pages, unsigned count) {
	unsigned taken = 0;

	for (unsigned word = 0; word < PIECE_PAGES / 64; word++) {
		while (taken < count && piece->free[word] != 0) {
			unsigned bit = (unsigned)__builtin_ctzll(piece->free[word]);

			piece->free[word] &= piece->free[word] - 1;
			pages[taken++] = piece->first + word * 64 + bit;
		}
	}
	return taken;
}

static unsigned take_free(hv_gpfn_t *pages, unsigned count) {
	unsigned taken = 0;

	spinlock_acquire(&lock);
	for (unsigned i = 0; taken < count && i < piece_count; i++)
		taken += take_from(&pieces[i], pages + taken, count - taken);
	spinlock_release(&lock);
	return taken;
}

static unsigned take(hv_gpfn_t *pages, unsigned count) {
	unsigned taken = take_free(pages, count);

	while (taken < count && grow())
		taken += take_free(pages + taken, count - taken);
	return taken;
}

static bool give_back(hv_gpfn_t page) {
	for (unsigned i = 0; i < piece_count; i++) {
		if (page >= pieces[i].first && page - pieces[i].first < PIECE_PAGES) {
			uint64_t n = page - pieces[i].first;

			pieces[i].free[n / 64] |= 1ull << n % 64;
			return true;
		}
	}
	return false;
}

static void give(hv_gpfn_t page) {
	bool is_ours;

	spinlock_acquire(&lock);
	is_ours = give_back(page);
	spinlock_release(&lock);
	if (!is_ours)
		log_error("the kernel returned page 0x%llx, which was never deposited", (unsigned long long)page);
}

enum err deposit_more(hv_partition_id_t partition, unsigned count, struct err_text *text) {
	hv_gpfn_t pages[DEPOSIT_BATCH];
	enum hv_status status;
	unsigned done;

	count = take(pages, count < DEPOSIT_BATCH ? count : DEPOSIT_BATCH);
	if (count == 0)
		return err_set(text, ERR_MEMORY, "no memory is left for the kernel's objects");
	status = hypercall_deposit(partition, pages, count, &done);
	for (unsigned i = done; i < count; i++)
		give(pages[i]);
	if (done == 0)
		return err_set(text, ERR_HYPERCALL, "the kernel takes no deposit: %s", hypercall_status_text(status));
	return ERR_NONE;
}

unsigned deposit_withdraw(hv_partition_id_t partition) {
	hv_gpfn_t pages[DEPOSIT_BATCH];
	unsigned total = 0, done;
	enum hv_status status;

	do {
		status = hypercall_withdraw(partition, pages, DEPOSIT_BATCH, &done);
		for (unsigned i = 0; i < done; i++)
			give(pages[i]);
		total += done;
	} while (status == HV_STATUS_SUCCESS && done > 0);
	return total;
}

void deposit_usage(unsigned *total, unsigned *free) {
	spinlock_acquire(&lock);
	*total = piece_count * PIECE_PAGES;
	*free = 0;
	for (unsigned i = 0; i < piece_count; i++)
		for (unsigned word = 0; word < PIECE_PAGES / 64; word++)
			for (uint64_t bits = pieces[i].free[word]; bits != 0; bits &= bits - 1)
				(*free)++;
	spinlock_release(&lock);
}
