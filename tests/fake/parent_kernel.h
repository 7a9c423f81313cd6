/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * A kernel for host tests of the parent: answers the raw hypercalls by a small
 * model (one account of deposits per partition, VPs with their two pages,
 * registers by name) and remembers what was asked of it. Also the parts of the
 * parent's runtime that touch the machine: memory, log, time, COM2.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <hv_abi/boot_info.h>
#include <hv_abi/call_args.h>
#include <hv_abi/hypercall.h>
#include <hv_abi/messages.h>
#include <hv_abi/registers.h>

#define FAKE_PARTITIONS 4u
#define FAKE_REGISTERS  256u
#define FAKE_ASSERTS    64u
#define FAKE_POSTED     64u

struct fake_register {
	hv_partition_id_t partition;
	uint32_t vp_index;
	uint32_t name;
	union hv_register_value value;
};

struct fake_partition {
	hv_partition_id_t id; /* 0: free */
	bool is_finalized;
	bool is_suspended;
	bool is_frozen;     /* its time */
	unsigned deposited; /* pages; the kernel wants `wanted` for what exists */
	unsigned wanted;
	hv_gpfn_t deposit[1024];
	uint64_t mapped_size;  /* bytes lent */
	unsigned mapped_large; /* reps of 2 MiB or 1 GiB */
	unsigned mapped_small;
	uint64_t map_end; /* GPA behind the last page mapped */
	struct hv_cpuid_result cpuid[HV_MAX_CPUID_RESULTS];
	unsigned cpuid_count;
	unsigned vp_count;
	/* Connections by id modulo HV_MAX_CONNECTIONS, and what came for SINT 2. */
	struct hv_connect_port_in connection[HV_MAX_CONNECTIONS];
	unsigned connection_count;
	bool has_connections;                                 /* their page was paid for */
	struct hv_post_message_direct_in posted[FAKE_POSTED]; /* the newest is the last */
	unsigned posted_count;
	unsigned post_room;                    /* messages that find room; then INSUFFICIENT_BUFFERS */
	struct hv_signal_event_direct_in flag; /* the last */
	unsigned flag_count;
	struct hv_register_page *registers[HV_MAX_VPS];
	struct hv_intercept_page *intercept[HV_MAX_VPS];
};

struct fake_kernel {
	struct fake_partition partition[FAKE_PARTITIONS];
	hv_partition_id_t next_id;
	unsigned self_deposits;
	struct fake_register reg[FAKE_REGISTERS];
	unsigned register_count;
	struct hv_assert_virtual_interrupt_in asserted[FAKE_ASSERTS];
	unsigned assert_count;
	uint64_t signaled[65];       /* events by VP */
	struct hv_event_page events; /* of the VP that tests run on */
	void (*on_wait)(void);       /* called in VpWait, where a test wants something to happen */
	uint64_t reference_time;     /* of every partition */
	uint64_t scrubbed_size;
	/* Fails the n-th call of this code from now on (1: the next), once. */
	enum hv_call_code fail_code;
	unsigned fail_after;
	enum hv_status fail_status;
	unsigned rep_limit; /* a rep call does at most this many; 0: all */
	unsigned calls;
	uint64_t memory_taken; /* bytes that memory_take gave and has not got back */
	bool has_no_random;    /* the generator does not run */
	uint64_t memory_limit; /* bytes that it will give in all; 0: no limit */
	uint64_t now;
	int64_t unix_time;
	char log[8192]; /* lines, each ended by '\n' */
	/* COM2: what was sent, what is to arrive. */
	uint8_t sent[65536];
	size_t sent_count;
	size_t send_budget; /* bytes that the transmitter takes before it is full */
	uint8_t arriving[256];
	size_t arriving_count;
	unsigned unmasks;
	uint64_t time_step;             /* that every look at the clock takes */
	uint32_t vp_index;              /* of the caller */
	unsigned device_interrupts;     /* that were mapped */
	unsigned device_interrupts_max; /* 0: as many as there are */
	struct hv_map_device_interrupt_in device_interrupt[HV_MAX_DEVICE_INTERRUPTS];
	unsigned claims;
	unsigned device_unmasks;
	bool lacks_sse3; /* the processor: all features but this one */
};

extern struct fake_kernel fake;

/* Everything as new. Memory that tests left is given back to the C library. */
void fake_kernel_reset(void);

struct fake_partition *fake_partition_of(hv_partition_id_t id);

/* Value of a register that was set, or 0. */
uint64_t fake_register_get(hv_partition_id_t partition, uint32_t vp_index, uint32_t name);
void fake_register_set(hv_partition_id_t partition, uint32_t vp_index, uint32_t name, uint64_t value);

/* Does the log hold this line? */
bool fake_log_has(const char *line);
