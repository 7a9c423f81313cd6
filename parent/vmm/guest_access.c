/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Piece by piece: what one translation covers ends at its page. */
#include <string.h>
#include <hv_abi/types.h>
#include "vmm/guest_access.h"

static bool read_physical(void *context, uint64_t gpa, void *buffer, size_t size) {
	const struct guest_memory *memory = context;

	return guest_memory_read(memory, gpa, buffer, size) == ERR_NONE;
}

/* The parent's pointer to the first `*size` bytes at gva; *size shrinks to what
 * lies in one page. */
static uint8_t *translate(const struct guest_memory *memory, const struct guest_paging *paging, uint64_t gva,
                          size_t *size, enum guest_access access, struct guest_access_fault *fault) {
	struct guest_walk walk;
	size_t to_page_end = HV_PAGE_SIZE - gva % HV_PAGE_SIZE;
	uint8_t *pointer;

	if (*size > to_page_end)
		*size = to_page_end;
	fault->address = gva;
	fault->error_code = 0;
	fault->status = guest_walk(paging, gva, access, read_physical, (void *)(uintptr_t)memory, &walk);
	if (fault->status != GUEST_WALK_OK) {
		fault->error_code = walk.error_code;
		return NULL;
	}
	pointer = guest_memory_pointer(memory, walk.gpa, *size);
	if (pointer == NULL)
		fault->status = GUEST_WALK_NO_MEMORY;
	return pointer;
}

bool guest_access_probe(const struct guest_memory *memory, const struct guest_paging *paging, uint64_t gva, size_t size,
                        enum guest_access access, struct guest_access_fault *fault) {
	while (size > 0) {
		size_t piece = size;

		if (translate(memory, paging, gva, &piece, access, fault) == NULL)
			return false;
		gva += piece;
		size -= piece;
	}
	return true;
}

size_t guest_access_copy(const struct guest_memory *memory, const struct guest_paging *paging, uint64_t gva,
                         void *buffer, size_t size, enum guest_access access, struct guest_access_fault *fault) {
	uint8_t *bytes = buffer;
	size_t done = 0;

	fault->status = GUEST_WALK_OK;
	if (access == GUEST_WRITE && !guest_access_probe(memory, paging, gva, size, access, fault))
		return 0;
	while (done < size) {
		size_t piece = size - done;
		uint8_t *pointer = translate(memory, paging, gva + done, &piece, access, fault);

		if (pointer == NULL)
			break;
		if (access == GUEST_WRITE)
			memcpy(pointer, bytes + done, piece);
		else
			memcpy(bytes + done, pointer, piece);
		done += piece;
	}
	return done;
}
