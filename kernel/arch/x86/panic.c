/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The kernel's own death (architecture.md D10): stop the other processors by
 * NMI, say on COM1 what happened with registers, return addresses and build-id
 * for tools to symbolize, then halt. Nothing here allocates or takes a lock that
 * it could wait for forever.
 */
#include "arch/x86/trap.h"

#include "arch/x86/bring_up.h"
#include "arch/x86/insn.h"
#include "arch/x86/local_apic.h"
#include "lib/bits.h"

#define MAX_RETURN_ADDRESSES 24u
#define NOTE_HEADER_SIZE     16u /* three words of header, "GNU\0" [ELF "Note Section"] */
#define BUILD_ID_SIZE        20u

extern const uint8_t image_build_id_start[], image_build_id_end[];

static uint32_t depth;

bool panic_is_active(void) { return __atomic_load_n(&depth, __ATOMIC_ACQUIRE) != 0; }

_Noreturn void panic_halt(void) {
	for (;;) {
		cli();
		hlt();
	}
}

const char *panic_build_id(void) {
	static char text[2 * BUILD_ID_SIZE + 1];
	const uint8_t *id = image_build_id_start + NOTE_HEADER_SIZE;

	for (unsigned i = 0; i < BUILD_ID_SIZE && id + i < image_build_id_end; i++) {
		text[2 * i] = "0123456789abcdef"[id[i] >> 4];
		text[2 * i + 1] = "0123456789abcdef"[id[i] & 15];
	}
	return text;
}

/* Only one processor returns from this, and only once. */
static void stop_others(void) {
	cli();
	if (__atomic_add_fetch(&depth, 1, __ATOMIC_SEQ_CST) > 1) {
		if (depth == 2)
			log_error("PANIC again, in the first or on another processor");
		panic_halt();
	}
	for (uint32_t i = 0; i < cpu_count; i++)
		if (&cpus[i] != this_cpu() && cpus[i].is_online)
			local_apic_send(cpus[i].apic_id, ICR_NMI);
	log_enter_panic();
}

/* Return addresses by frame pointers, as long as these stay on the stack that
 * `rsp` is on: RBP may hold anything. */
static _Noreturn void finish(uint64_t rbp, uint64_t rsp) {
	uint64_t bottom = rsp & ~(CPU_STACK_SIZE - 1);

	for (unsigned i = 0; i < MAX_RETURN_ADDRESSES; i++) {
		const uint64_t *record = (const uint64_t *)rbp;

		if (rbp % 8 != 0 || rbp < bottom || rbp > bottom + CPU_STACK_SIZE - 16 || record[1] == 0)
			break;
		log_error("  at 0x%016lx", record[1]);
		bottom = rbp + 1; /* callers' frames lie above */
		rbp = record[0];
	}
	log_error("  processor %u, build-id %s: halted", this_cpu()->index, panic_build_id());
	panic_halt();
}

_Noreturn void panic(const char *format, ...) {
	uint64_t frame = (uint64_t)__builtin_frame_address(0);
	va_list args;

	stop_others();
	va_start(args, format);
	log_line("kernel: PANIC: ", format, args);
	va_end(args);
	finish(frame, frame);
}

_Noreturn void panic_exception(const struct trap_frame *f) {
	static const char names[][4] = {"#DE", "#DB", "NMI", "#BP", "#OF", "#BR", "#UD", "#NM", "#DF", "",
	                                "#TS", "#NP", "#SS", "#GP", "#PF", "",    "#MF", "#AC", "#MC", "#XM"};
	/* In the order of struct trap_frame. */
	static const char *const registers[] = {"r15",   "r14", "r13", "r12",    "r11", "r10", "r9",  "r8",
	                                        "rdi",   "rsi", "rbp", "rbx",    "rdx", "rcx", "rax", "vector",
	                                        "error", "rip", "cs",  "rflags", "rsp", "ss"};

	_Static_assert(sizeof(registers) == sizeof(*f), "a name for each word");
	stop_others();
	log_error("PANIC: exception %lu %s, error code 0x%lx at 0x%lx", f->vector,
	          f->vector < ARRAY_COUNT(names) ? names[f->vector] : "", f->error, f->rip);
	for (unsigned i = 0; i < ARRAY_COUNT(registers); i++)
		log_error("  %s %016lx", registers[i], ((const uint64_t *)f)[i]);
	log_error("  cr0 %lx cr2 %lx cr3 %lx cr4 %lx", read_cr0(), read_cr2(), read_cr3(), read_cr4());
	finish(f->rbp, f->rsp);
}

_Noreturn void check_failed(const char *condition, const char *file, int line) {
	panic("check failed: %s at %s:%d", condition, file, line);
}
