/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Inputs and outputs of the hypercalls in calls.def. Layouts of calls with a
 * TLFS number follow the TLFS where it publishes them
 * [TLFS "Hypercall Reference"]; ours are marked.
 */
#pragma once

#include <stdint.h>
#include <hv_abi/types.h>

/* Sets of VPs [TLFS "Virtual Processor Sets"]: for each bit of valid_banks a bank of 64
 * VPs follows as a word of the variable header. */
#define HV_VP_SET_SPARSE 0u
#define HV_VP_SET_ALL    1u /* every VP; the banks say nothing */
struct hv_vp_set {
	uint64_t format;
	uint64_t valid_banks;
};

/* 0x2, 0x3, 0x13, 0x14 [TLFS "Virtual MMU"]. Reps of 0x3 and 0x14: u64 ranges of GVAs. */
#define HV_FLUSH_ALL_PROCESSORS  0x1ull /* whatever the mask or set says */
#define HV_FLUSH_ALL_SPACES      0x2ull
#define HV_FLUSH_NON_GLOBAL_ONLY 0x4ull
struct hv_flush_in {
	uint64_t address_space; /* CR3 */
	uint64_t flags;
	uint64_t processor_mask; /* VPs 0 to 63 */
};
struct hv_flush_ex_in {
	uint64_t address_space;
	uint64_t flags;
	struct hv_vp_set processor_set;
};

/* 0xb and 0x15 [TLFS "HvCallSendSyntheticClusterIpi"]: a fixed interrupt. */
struct hv_cluster_ipi {
	uint32_t vector;    /* 0x10..0xff */
	uint8_t target_vtl; /* must be 0 */
	uint8_t padding[3];
};
struct hv_cluster_ipi_in {
	struct hv_cluster_ipi ipi;
	uint64_t processor_mask; /* VPs 0 to 63 */
};
struct hv_cluster_ipi_ex_in {
	struct hv_cluster_ipi ipi;
	struct hv_vp_set processor_set;
};

struct hv_create_partition_in {
	uint64_t flags;      /* must be 0 */
	uint64_t privileges; /* HV_PRIVILEGE_*, a subset of what a child may have */
	uint32_t reserved;   /* must be 0 */
	uint32_t vp_count;   /* VPs that may be created, 1..HV_MAX_VPS */
	uint64_t hints;      /* CPUID 0x40000004: EAX in bits 31:0, EBX in 63:32 */
};
struct hv_create_partition_out {
	hv_partition_id_t partition_id;
};
#define HV_MAX_VPS 64u

struct hv_partition_in {
	hv_partition_id_t partition_id;
};

/*
 * 0x91, ours in the place of [TLFS "HvCallRegisterInterceptResult"]: what CPUID
 * answers in a partition, before its first VP exists. Reps: struct
 * hv_cpuid_result, each leaf and subleaf once; what has no row is zero. The kernel
 * fills in what depends on the VP (APIC id, OSXSAVE, OSPKE, size of the XSAVE area)
 * and leaves 0x40000000 on. Control-register, EFER and XCR0 bits are legal where
 * the rows show their feature and the machine has it.
 */
struct hv_register_cpuid_results_in {
	hv_partition_id_t partition_id;
	uint64_t reserved; /* must be 0 */
};
#define HV_CPUID_RESULT_SUBLEAF 0x1u /* the row answers this subleaf only */
#define HV_MAX_CPUID_RESULTS    64u  /* of a partition */
struct hv_cpuid_result {
	uint32_t leaf;
	uint32_t subleaf; /* 0 without HV_CPUID_RESULT_SUBLEAF */
	uint32_t flags;
	uint32_t eax;
	uint32_t ebx;
	uint32_t ecx;
	uint32_t edx;
	uint32_t reserved; /* must be 0 */
};

/* Properties of 0x44 and 0x45 [TLFS HV_PARTITION_PROPERTY_CODE]. */
enum hv_partition_property {
	HV_PROPERTY_PRIVILEGES = 0x10000,       /* get */
	HV_PROPERTY_SUSPEND = 0x20000,          /* get, set: 1 stops every VP */
	HV_PROPERTY_TIME_FREEZE = 0x30003,      /* get, set */
	HV_PROPERTY_REFERENCE_TIME = 0x30005,   /* get: 100 ns since creation */
	HV_PROPERTY_DEPOSIT_FREE = 0x80000001,  /* get, ours: free deposited pages */
	HV_PROPERTY_DEPOSIT_TOTAL = 0x80000002, /* get, ours: deposited pages */
};
struct hv_get_partition_property_in {
	hv_partition_id_t partition_id;
	uint32_t property;
	uint32_t reserved;
};
struct hv_get_partition_property_out {
	uint64_t value;
};
struct hv_set_partition_property_in {
	hv_partition_id_t partition_id;
	uint32_t property;
	uint32_t reserved;
	uint64_t value;
};
struct hv_get_partition_id_out {
	hv_partition_id_t partition_id;
};

/* Deposit: the pages leave the caller and become kernel memory of the named
 * partition; HV_PARTITION_ID_SELF names the caller. Reps: u64 GPFN. */
struct hv_deposit_memory_in {
	hv_partition_id_t partition_id;
};
/* Withdraw: reps out: u64 GPFN, mapped in the caller again and scrubbed. */
struct hv_withdraw_memory_in {
	hv_partition_id_t partition_id;
	uint64_t reserved;
};

/* [TLFS HV_MAP_GPA_FLAGS] */
#define HV_MAP_GPA_READABLE   0x1u
#define HV_MAP_GPA_WRITABLE   0x2u
#define HV_MAP_GPA_EXECUTABLE 0xcu /* kernel and user, always together */
#define HV_MAP_GPA_RWX        0xfu
#define HV_MAP_GPA_HUGE_PAGE  0x40000000u /* ours: each rep is 1 GiB */
#define HV_MAP_GPA_LARGE_PAGE 0x80000000u /* each rep is 2 MiB */

/* Lends pages of the caller to a child. Reps: u64 source GPFN of the caller,
 * a multiple of the page size that the flags name. */
struct hv_map_gpa_pages_in {
	hv_partition_id_t partition_id;
	hv_gpfn_t target_gpfn; /* of rep 0; rep n goes n page sizes further */
	uint32_t flags;
	uint32_t reserved;
};
struct hv_unmap_gpa_pages_in {
	hv_partition_id_t partition_id;
	hv_gpfn_t target_gpfn;
	uint32_t flags; /* HV_MAP_GPA_LARGE_PAGE, HV_MAP_GPA_HUGE_PAGE or 0 */
	uint32_t reserved;
};
/* Ours: zeroes pages of the caller that were lent before, so that they may be
 * lent to another partition. Reps: u64 GPFN; the flags name the page size. */
struct hv_scrub_pages_in {
	uint32_t flags;
	uint32_t reserved;
};

struct hv_create_vp_in {
	hv_partition_id_t partition_id;
	hv_vp_index_t vp_index;
	uint32_t apic_id; /* must equal vp_index */
	uint64_t flags;   /* must be 0 */
};
/* Ours: the slot that VpWait speaks of, and the GPAs, in the caller, of the
 * VP's register page and intercept page (architecture.md D1). */
struct hv_create_vp_out {
	uint32_t slot;
	uint32_t reserved;
	uint64_t register_page_gpa;
	uint64_t intercept_page_gpa;
};
struct hv_vp_in {
	hv_partition_id_t partition_id;
	hv_vp_index_t vp_index;
	uint32_t reserved;
};

/* 0x50: reps in u32 names, reps out 16-byte values. 0x51: reps in assoc. */
struct hv_vp_registers_in {
	hv_partition_id_t partition_id;
	hv_vp_index_t vp_index;
	uint8_t input_vtl; /* must be 0 */
	uint8_t reserved[3];
};
union hv_register_value {
	uint64_t u64;
	uint64_t u128[2];
	struct hv_segment_register segment;
	struct hv_table_register table;
};
struct hv_register_assoc {
	uint32_t name;
	uint32_t reserved0;
	uint64_t reserved1;
	union hv_register_value value;
};

/* [TLFS HvCallAssertVirtualInterrupt]: the destination is an APIC id. */
enum hv_interrupt_type {
	HV_INTERRUPT_TYPE_FIXED = 0,
	HV_INTERRUPT_TYPE_LOWEST_PRIORITY = 1,
	HV_INTERRUPT_TYPE_NMI = 4,
	HV_INTERRUPT_TYPE_EXTINT = 7,
};
#define HV_INTERRUPT_CONTROL_LEVEL   (1ull << 32)
#define HV_INTERRUPT_CONTROL_LOGICAL (1ull << 33)
struct hv_assert_virtual_interrupt_in {
	hv_partition_id_t partition_id;
	uint64_t control; /* type in bits 31:0, HV_INTERRUPT_CONTROL_* above */
	uint64_t destination;
	uint32_t vector;
	uint8_t target_vtl; /* must be 0 */
	uint8_t reserved[3];
};

/*
 * Ports and connections [TLFS "Inter-Partition Communication"]. A port is a place
 * of a partition to which others send; a connection is a sender's name for it.
 *
 * The parent's ports need not be created: event port n of the parent is bit n of
 * the event page of the I/O VP on whose processor the sender runs (struct
 * hv_event_page), and a message to any message port of the parent is an intercept
 * of its sender (HV_MESSAGE_POSTED_MESSAGE). A child's ports are created by the
 * parent and deliver to a SINT of one of the child's VPs.
 *
 * A partition has one page of ports and one of connections, taken from its deposit
 * with the first: HV_MAX_PORTS and HV_MAX_CONNECTIONS of them, and no two whose
 * ids are equal modulo these numbers (NO_RESOURCES).
 */
#define HV_MAX_PORTS       128u
#define HV_MAX_CONNECTIONS 256u
#define HV_PORT_ID_LIMIT   (1u << 24) /* port and connection ids are below */
#define HV_PARENT_PORTS    16384u     /* event ports of the parent */

enum hv_port_type { HV_PORT_MESSAGE = 1, HV_PORT_EVENT = 2 };

/* [TLFS HV_PORT_INFO] */
struct hv_port_info {
	uint32_t type; /* enum hv_port_type */
	uint32_t reserved;
	uint32_t target_sint; /* 0..15 */
	uint32_t target_vp;
	uint16_t base_flag;  /* EVENT: flag n of the sender is flag base_flag + n */
	uint16_t flag_count; /* EVENT: 1..2048 - base_flag */
	uint32_t reserved2;
};
/* Creates a port of a child. OBJECT_IN_USE: the id is in use. */
struct hv_create_port_in {
	hv_partition_id_t port_partition;
	uint32_t port_id;
	uint8_t port_vtl; /* must be 0, like the next two words but one */
	uint8_t min_connection_vtl;
	uint16_t reserved;
	hv_partition_id_t connection_partition; /* who may be connected to it */
	struct hv_port_info port_info;
	uint64_t proximity; /* not looked at */
};
struct hv_delete_port_in {
	hv_partition_id_t port_partition;
	uint32_t port_id;
	uint32_t reserved;
};
/* Connects a child to a port of the parent (HV_PARTITION_ID_SELF, or its id) or of a
 * child. Errors: OBJECT_IN_USE the connection id is in use; INVALID_PORT_ID no such
 * port of that type for that partition. */
struct hv_connect_port_in {
	hv_partition_id_t connection_partition;
	uint32_t connection_id;
	uint8_t connection_vtl; /* must be 0 */
	uint8_t reserved[3];
	hv_partition_id_t port_partition;
	uint32_t port_id;
	uint32_t reserved2;
	uint32_t type; /* enum hv_port_type: the first word of the TLFS's connection info */
	uint32_t reserved3[7];
	uint64_t proximity; /* not looked at */
};
struct hv_disconnect_port_in {
	hv_partition_id_t connection_partition;
	uint32_t connection_id;
	uint32_t reserved; /* must be 0 */
};

/* 0x5c, of any partition with the privilege. Errors: INVALID_PARAMETER payload_size
 * above 240, or a type that is 0 or the hypervisor's (bit 31); INVALID_CONNECTION_ID;
 * INSUFFICIENT_BUFFERS the slot is occupied; INVALID_SYNIC_STATE nobody listens. */
struct hv_post_message_in {
	uint32_t connection_id;
	uint32_t reserved; /* must be 0 */
	uint32_t message_type;
	uint32_t payload_size; /* bytes */
	uint8_t payload[240];
};
/* 0x5d. Setting a flag that is set already is SUCCESS. Errors: INVALID_CONNECTION_ID;
 * INVALID_PARAMETER the port has fewer flags; INVALID_SYNIC_STATE. */
struct hv_signal_event_in {
	uint32_t connection_id;
	uint16_t flag_number;
	uint16_t reserved; /* must be 0 */
};
/* 0xc0 and 0xc1 of the parent: the same without a connection, to a VP of a child. */
struct hv_signal_event_direct_in {
	hv_partition_id_t partition_id;
	hv_vp_index_t vp_index;
	uint8_t target_vtl; /* must be 0 */
	uint8_t target_sint;
	uint16_t flag_number;
};
struct hv_signal_event_direct_out {
	uint8_t newly_signaled;
	uint8_t reserved[7];
};
/* While the slot is occupied: INSUFFICIENT_BUFFERS. While SynIC, message page or SINT
 * are off or masked: INVALID_SYNIC_STATE. After either, once that has changed, the VP has an
 * intercept HV_MESSAGE_SINT_DELIVERABLE. The layout is the TLFS's. */
struct hv_post_message_direct_in {
	hv_partition_id_t partition_id;
	hv_vp_index_t vp_index;
	uint8_t target_vtl; /* must be 0 */
	uint8_t target_sint;
	uint16_t reserved;    /* must be 0 */
	uint32_t message[64]; /* a struct hv_message: type, payload size, payload */
};

/*
 * VpWait, ours (architecture.md D1). REGISTER form:
 *   RDX  zero in bits 31:0, slot to resume in bits 63:32 (HV_SLOT_NONE)
 *   R8   deadline in reference time, HV_DEADLINE_NEVER, or 0: do not wait
 *   RAX  status in bits 15:0, reasons in 31:16, slot in 63:32
 */
#define HV_SLOT_NONE            0xffffffffu
#define HV_DEADLINE_NEVER       (~0ull)
/* Reasons. */
#define HV_VP_WAIT_INTERCEPT    0x1u /* slot has an intercept to handle */
#define HV_VP_WAIT_EVENT        0x2u /* bits are set in the event page */
#define HV_VP_WAIT_TIMEOUT      0x4u /* the deadline passed */
#define HV_VP_WAIT_REASON_SHIFT 16
#define HV_VP_WAIT_SLOT_SHIFT   32

/* Device interrupts, ours (architecture.md D4). */
enum hv_device_interrupt_source {
	HV_DEVICE_INTERRUPT_PIN = 1, /* gsi names an I/O APIC input */
	HV_DEVICE_INTERRUPT_MSI = 2, /* the answer holds address and data */
};
#define HV_DEVICE_INTERRUPT_LEVEL      0x1u
#define HV_DEVICE_INTERRUPT_ACTIVE_LOW 0x2u
#define HV_MAX_DEVICE_INTERRUPTS       128u
#define HV_MAX_DEVICE_CLAIMS           64u /* ClaimDevice: PCI functions */
struct hv_map_device_interrupt_in {
	uint32_t source;
	uint32_t gsi;       /* PIN only, else 0 */
	uint32_t flags;     /* PIN only, else 0 */
	uint32_t target_vp; /* I/O VP of the parent whose event page gets the bit */
};
struct hv_map_device_interrupt_out {
	uint32_t interrupt; /* bit number in the event page */
	uint32_t msi_data;
	uint64_t msi_address;
};
/* UnmaskDeviceInterrupt and UnmapDeviceInterrupt: RDX = interrupt.
 * SignalParentVp: RDX = index of the parent's VP, R8 = software event 0..63. */

/* Log lines of the parent; the kernel owns COM1 and limits the rate. */
enum hv_log_level { HV_LOG_ERROR = 0, HV_LOG_WARNING = 1, HV_LOG_INFO = 2, HV_LOG_DEBUG = 3 };
#define HV_LOG_TEXT_SIZE 240u
struct hv_write_log_in {
	uint32_t level;
	uint32_t size; /* bytes of text, 1..HV_LOG_TEXT_SIZE, no terminator */
	char text[HV_LOG_TEXT_SIZE];
};
struct hv_report_death_in {
	uint64_t code;
	uint64_t rip;
	char text[112]; /* zero-terminated or full */
};

struct hv_check_invariants_out {
	uint64_t frames_checked;
	uint64_t violations;
	uint64_t first_bad_frame; /* frame number, ~0 if none */
	uint64_t first_bad_rule;  /* enum hv_frame_rule */
};

/* Kernel counters, all since boot. */
struct hv_cpu_counters {
	uint64_t exits;
	uint64_t exits_to_parent;
	uint64_t hypercalls;
	uint64_t interrupts_device;
	uint64_t interrupts_unknown;
	uint64_t nmis;
	uint64_t failed_entries;
};
struct hv_counters {
	struct hv_cpu_counters cpus; /* of all processors together */
	uint64_t deposited_pages;
	uint64_t lent_pages;
	uint64_t partitions;
	uint64_t log_lines_dropped;
	uint64_t reserved[5];
};
