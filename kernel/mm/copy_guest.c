/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Copies to and from guest memory through the window, see copy_guest.h. */
#include "mm/gpa_space.h"

#include "lib/string.h"

/* The frames that a copy may touch: memory, and no kernel frame but those that
 * this partition was given to see. */
static bool is_memory(const struct gpa_space *space, sfn_t number) {
	const struct frame *frame = frame_find(number);

	if (frame == NULL)
		return false;
	if (space->is_identity)
		return frame->type == FRAME_PARENT || frame->type == FRAME_SHARED;
	return frame->type == FRAME_OVERLAY || frame_is_lent(frame);
}

/* Out of the guest (READABLE) or into it (WRITABLE), page by page. A first pass
 * judges the whole range, so that the second, which copies, cannot fail. */
static enum hv_status pass(const struct gpa_space *space, uint64_t at, uint8_t *buffer, size_t size, uint32_t access,
                           bool is_copying) {
	for (size_t part; size > 0; buffer += part, at += part, size -= part) {
		size_t room = (size_t)(PAGE_SIZE - at % PAGE_SIZE);
		spa_t to;
		enum hv_status status = gpa_space_translate(space, gpa(at), access, &to);
		uint8_t *guest;

		part = size < room ? size : room;
		if (status != HV_STATUS_NOT_FOUND && !is_memory(space, spa_to_sfn(to)))
			status = HV_STATUS_NOT_FOUND;
		if (status != HV_STATUS_SUCCESS)
			return status;
		if (!is_copying)
			continue;
		guest = (uint8_t *)window_map(spa_to_sfn(to)) + at % PAGE_SIZE;
		if (access == HV_MAP_GPA_WRITABLE)
			memcpy(guest, buffer, part);
		else
			memcpy(buffer, guest, part);
		window_unmap();
	}
	return HV_STATUS_SUCCESS;
}

static enum hv_status copy(const struct gpa_space *space, uint64_t at, uint8_t *buffer, size_t size, uint32_t access) {
	bool is_in_one_page = at % PAGE_SIZE + size <= PAGE_SIZE; /* judged and copied at once */
	enum hv_status status;

	if (size > 0 && (at > 1ull << space->address_bits || size > (1ull << space->address_bits) - at))
		return HV_STATUS_INVALID_PARAMETER;
	status = pass(space, at, buffer, size, access, is_in_one_page);
	if (status == HV_STATUS_SUCCESS && !is_in_one_page)
		check(pass(space, at, buffer, size, access, true) == HV_STATUS_SUCCESS);
	return status;
}

enum hv_status copy_from_guest(const struct gpa_space *space, gpa_t from, void *buffer, size_t size) {
	return copy(space, from.v, buffer, size, HV_MAP_GPA_READABLE);
}

enum hv_status copy_to_guest(const struct gpa_space *space, gpa_t to, const void *buffer, size_t size) {
	/* Only read through: the access says which way. */
	return copy(space, to.v, (uint8_t *)(uintptr_t)buffer, size, HV_MAP_GPA_WRITABLE);
}
