/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * One lock around mode, cursors and the transmitter. Nobody waits for it to
 * pump: who finds it taken leaves word, and the holder pumps once more. The
 * receiver is I/O VP 0's alone. Bytes for a VM are typed with no lock held.
 *
 * Input stays in order: while the operator has not dealt with a byte, those that
 * come behind it queue up, since it may be the end of a command that changes the
 * view. Therefore the view changes only in the hands of who deals with input:
 * the management VP while bytes are queued, I/O VP 0 otherwise.
 */
#include <string.h>
#include "drivers/com2.h"
#include "runtime/events.h"
#include "vmm/com2_view.h"
#include "vmm/mux_line.h"
#include "vmm/vm_manager.h"

#define STAGE_SIZE 512u
#define TYPED_SIZE 1024u
#define PORTION    64u

static struct com2_view {
	struct spinlock lock;
	uint32_t management_vp;
	enum host_com2 mode;
	struct vm *attached;        /* HOST_COM2_ATTACH */
	uint64_t attached_position; /* in its console */
	struct console prompt;      /* the operator's output */
	uint64_t prompt_position;
	unsigned mux_next;              /* place of the VM to ask first */
	struct mux_line lines[VMS_MAX]; /* HOST_COM2_MUX */
	size_t stage_first;             /* bytes on their way to the port */
	size_t stage_count;
	bool has_output;     /* atomic: the last pump left something */
	bool is_pump_wanted; /* atomic */
	uint8_t stage[STAGE_SIZE];
	uint32_t typed_put;   /* atomic: bytes ever put on their way to the operator */
	uint32_t typed_taken; /* atomic: bytes that the operator has dealt with */
	uint8_t typed[TYPED_SIZE];
	size_t input_count; /* a line typed in HOST_COM2_MUX; who deals with input */
	char input[STAGE_SIZE];
} view;

void com2_view_init(uint32_t management_vp) {
	view.management_vp = management_vp;
	view.mode = HOST_COM2_PROMPT;
	console_reset(&view.prompt);
}

void com2_view_attach(struct vm *vm, uint64_t position) {
	spinlock_acquire(&view.lock);
	view.attached = vm;
	view.attached_position = position;
	view.mode = HOST_COM2_ATTACH;
	spinlock_release(&view.lock);
	com2_view_pump();
}

void com2_view_mux(void) {
	spinlock_acquire(&view.lock);
	view.mode = HOST_COM2_MUX;
	spinlock_release(&view.lock);
	com2_view_pump();
}

void com2_view_prompt(void) {
	view.input_count = 0;
	__atomic_store_n(&view.mode, HOST_COM2_PROMPT, __ATOMIC_RELAXED);
}

enum host_com2 com2_view_mode(void) { return __atomic_load_n(&view.mode, __ATOMIC_RELAXED); }

void com2_view_print(const char *text, size_t size) {
	for (size_t i = 0; i < size; i++) {
		if (text[i] == '\n')
			console_write(&view.prompt, "\r\n", 2);
		else
			console_write(&view.prompt, &text[i], 1);
	}
	com2_view_pump();
}

/* The next VM, in turn, with a line to show. */
static size_t stage_mux(void) {
	for (unsigned n = 0; n < VMS_MAX; n++) {
		unsigned place = (view.mux_next + n) % VMS_MAX;
		struct vm *vm = vm_manager_at(place);
		size_t count;

		if (vm == NULL)
			continue;
		count = mux_line_take(&view.lines[place], &vm->console, vm->config.name,
		                      vm->state == VM_STOPPED || vm->state == VM_CRASHED, (char *)view.stage,
		                      sizeof(view.stage));
		if (count > 0) {
			view.mux_next = place + 1;
			return count;
		}
	}
	return 0;
}

/* Fills the empty stage; false if there is nothing to send. */
static bool stage(void) {
	view.stage_first = 0;
	view.stage_count = console_read(&view.prompt, &view.prompt_position, view.stage, sizeof(view.stage), NULL);
	if (view.stage_count > 0)
		return true;
	switch (com2_view_mode()) {
	case HOST_COM2_PROMPT:
		break;
	case HOST_COM2_ATTACH:
		view.stage_count = console_read(&view.attached->console, &view.attached_position, view.stage,
		                                sizeof(view.stage), NULL);
		break;
	case HOST_COM2_MUX:
		view.stage_count = stage_mux();
		break;
	}
	return view.stage_count > 0;
}

static void pump_locked(void) {
	while (view.stage_count > 0 || stage()) {
		size_t sent = com2_send(view.stage + view.stage_first, view.stage_count);

		if (sent == 0)
			break; /* the transmitter's interrupt goes on from here */
		view.stage_first += sent;
		view.stage_count -= sent;
	}
	__atomic_store_n(&view.has_output, view.stage_count > 0, __ATOMIC_RELAXED);
}

void com2_view_pump(void) {
	__atomic_store_n(&view.is_pump_wanted, true, __ATOMIC_SEQ_CST);
	while (__atomic_load_n(&view.is_pump_wanted, __ATOMIC_SEQ_CST) && spinlock_try(&view.lock)) {
		__atomic_store_n(&view.is_pump_wanted, false, __ATOMIC_SEQ_CST);
		pump_locked();
		spinlock_release(&view.lock);
	}
}

bool com2_view_has_output(void) { return __atomic_load_n(&view.has_output, __ATOMIC_RELAXED); }

static bool has_typed(void) {
	return __atomic_load_n(&view.typed_taken, __ATOMIC_ACQUIRE) != __atomic_load_n(&view.typed_put, __ATOMIC_ACQUIRE);
}

bool com2_view_typed(uint8_t *byte) {
	if (!has_typed())
		return false;
	*byte = view.typed[view.typed_taken % TYPED_SIZE];
	return true;
}

void com2_view_typed_done(void) { __atomic_store_n(&view.typed_taken, view.typed_taken + 1, __ATOMIC_RELEASE); }

/* What finds no space is lost, as on a line. */
static void to_operator(const uint8_t *bytes, size_t count) {
	for (size_t i = 0; i < count; i++) {
		if (view.typed_put - __atomic_load_n(&view.typed_taken, __ATOMIC_ACQUIRE) == TYPED_SIZE)
			break;
		view.typed[view.typed_put % TYPED_SIZE] = bytes[i];
		__atomic_store_n(&view.typed_put, view.typed_put + 1, __ATOMIC_RELEASE);
	}
	parent_signal(view.management_vp, EVENT_OPERATOR);
}

/* "NAME| text": a line typed in mux mode goes to that VM's console. */
static void to_mux(const uint8_t *bytes, size_t count) {
	for (size_t i = 0; i < count; i++) {
		struct vm *vm;
		const char *text;

		if (bytes[i] != '\n' && bytes[i] != '\r') {
			if (view.input_count < sizeof(view.input) - 2)
				view.input[view.input_count++] = (char)bytes[i];
			continue;
		}
		view.input[view.input_count] = '\0';
		vm = mux_line_target(view.input, &text);
		if (vm != NULL) {
			vm_manager_type(vm, (const uint8_t *)text, strlen(text));
			vm_manager_type(vm, (const uint8_t *)"\n", 1);
		}
		view.input_count = 0;
	}
}

void com2_view_pass_on(const uint8_t *bytes, size_t count) {
	switch (com2_view_mode()) {
	case HOST_COM2_PROMPT:
		break;
	case HOST_COM2_ATTACH:
		vm_manager_type(view.attached, bytes, count);
		break;
	case HOST_COM2_MUX:
		to_mux(bytes, count);
		break;
	}
}

static void route(const uint8_t *bytes, size_t count) {
	const uint8_t *key = memchr(bytes, COM2_KEY_PROMPT, count);
	size_t before = key == NULL ? count : (size_t)(key - bytes);

	if (has_typed() || com2_view_mode() == HOST_COM2_PROMPT) {
		to_operator(bytes, count);
		return;
	}
	com2_view_pass_on(bytes, before);
	if (key != NULL) {
		com2_view_prompt();
		to_operator(key, count - before);
	}
}

/* Bytes that have arrived go where they belong; false if there were none. */
static bool take_input(void) {
	uint8_t bytes[PORTION];
	size_t count = com2_receive(bytes, sizeof(bytes));

	if (count == 0)
		return false;
	route(bytes, count);
	return true;
}

void com2_view_service(void) {
	/* An edge that came while the pin was masked is lost, so look once more
	 * after it was unmasked. */
	for (unsigned round = 0; round < 2; round++) {
		do {
			com2_acknowledge();
		} while (take_input());
		com2_view_pump();
		if (round == 0)
			com2_unmask();
	}
}
