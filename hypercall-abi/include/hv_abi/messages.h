/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * SynIC messages and the intercept payloads
 * [TLFS "Inter-Partition Communication", "Intercept Message Formats"].
 */
#pragma once

#include <stdint.h>
#include <hv_abi/types.h>

enum hv_message_type {
	HV_MESSAGE_NONE = 0,
	HV_MESSAGE_UNMAPPED_GPA = 0x80000000,
	HV_MESSAGE_GPA_INTERCEPT = 0x80000001,
	HV_MESSAGE_TIMER_EXPIRED = 0x80000010,
	HV_MESSAGE_INVALID_VP_REGISTER = 0x80000020,
	HV_MESSAGE_UNRECOVERABLE_EXCEPTION = 0x80000021,
	HV_MESSAGE_UNSUPPORTED_FEATURE = 0x80000022,
	HV_MESSAGE_SINT_DELIVERABLE = 0x80000062, /* an intercept: PostMessageDirect may be tried again */
	HV_MESSAGE_IO_PORT_INTERCEPT = 0x80010000,
	HV_MESSAGE_MSR_INTERCEPT = 0x80010001,
	HV_MESSAGE_CPUID_INTERCEPT = 0x80010002,
	HV_MESSAGE_EXCEPTION_INTERCEPT = 0x80010003,
	HV_MESSAGE_APIC_EOI = 0x80010004,
	HV_MESSAGE_HALT = 0x80010007,
	HV_MESSAGE_RESET = 0x8001f000,         /* ours: the guest wrote HV_MSR_RESET */
	HV_MESSAGE_MACHINE_CHECK = 0x8001f001, /* ours: a frame of this VM was lost */
	/* Ours: HvPostMessage to the parent. `posted` of the intercept page is its input;
	 * RIP is behind the call and RAX holds SUCCESS, which the parent may change. */
	HV_MESSAGE_POSTED_MESSAGE = 0x8001f002,
	/* Ours: to place a page of the guest's MSRs takes memory that the partition's pool does
	 * not have. RIP is at the WRMSR, which runs again when the VP is resumed. */
	HV_MESSAGE_INSUFFICIENT_MEMORY = 0x8001f003,
};

#define HV_MESSAGE_PAYLOAD_SIZE 240u
#define HV_MESSAGE_FLAG_PENDING 0x1u

struct hv_message_header {
	uint32_t type;
	uint8_t payload_size;
	uint8_t flags;
	uint16_t reserved;
	uint64_t sender; /* partition id of the VP that was intercepted */
};
struct hv_message {
	struct hv_message_header header;
	uint8_t payload[HV_MESSAGE_PAYLOAD_SIZE];
};

enum hv_intercept_access {
	HV_INTERCEPT_READ = 0,
	HV_INTERCEPT_WRITE = 1,
	HV_INTERCEPT_EXECUTE = 2,
};

/* execution_state: bits 1:0 CPL, 2 CR0.PE, 3 CR0.AM, 4 EFER.LMA, 5 debug
 * active, 6 interruption pending. */
#define HV_EXECUTION_CPL_MASK      0x3u
#define HV_EXECUTION_CR0_PE        0x4u
#define HV_EXECUTION_EFER_LMA      0x10u
#define HV_EXECUTION_EVENT_PENDING 0x40u

struct hv_intercept_header {
	uint32_t vp_index;
	uint8_t instruction_length; /* low 4 bits length, 0 if unknown; high 4 bits CR8 */
	uint8_t access_type;        /* enum hv_intercept_access */
	uint16_t execution_state;
	struct hv_segment_register cs;
	uint64_t rip;
	uint64_t rflags;
};

/* access_info: bits 2:0 size in bytes (1, 2, 4), 3 string, 4 rep. */
#define HV_IO_ACCESS_SIZE_MASK 0x7u
#define HV_IO_ACCESS_STRING    0x8u
#define HV_IO_ACCESS_REP       0x10u
struct hv_io_port_intercept {
	struct hv_intercept_header header;
	uint16_t port;
	uint8_t access_info;
	uint8_t instruction_byte_count;
	uint32_t reserved;
	uint64_t rax;
	uint8_t instruction_bytes[16];
	struct hv_segment_register ds;
	struct hv_segment_register es;
	uint64_t rcx;
	uint64_t rsi;
	uint64_t rdi;
};

/* The instruction's length is always known; RDMSR leaves rdx and rax unused. */
struct hv_msr_intercept {
	struct hv_intercept_header header;
	uint32_t msr;
	uint32_t reserved;
	uint64_t rdx;
	uint64_t rax;
};

#define HV_MEMORY_GVA_VALID 0x1u
struct hv_memory_intercept {
	struct hv_intercept_header header;
	uint32_t cache_type;
	uint8_t instruction_byte_count; /* 0: the parent fetches the bytes itself */
	uint8_t access_info;            /* HV_MEMORY_GVA_VALID */
	uint8_t tpr_priority;
	uint8_t reserved;
	uint64_t gva;
	uint64_t gpa;
	uint8_t instruction_bytes[16];
};

struct hv_exception_intercept {
	struct hv_intercept_header header;
	uint16_t vector;
	uint8_t info;
	uint8_t instruction_byte_count;
	uint32_t error_code;
	uint64_t parameter;
};

/* Payload of HV_MESSAGE_APIC_EOI: no intercept header. */
struct hv_apic_eoi_message {
	uint32_t vp_index;
	uint32_t vector;
};

/* Payload of HV_MESSAGE_INVALID_VP_REGISTER: which rule the state broke. */
struct hv_invalid_vp_register_message {
	uint32_t vp_index;
	uint32_t rule;          /* number of the rule, docs/vp-state-rules.md */
	uint64_t value;         /* the offending value */
	uint64_t hardware_code; /* the processor's own code, 0 if our check refused */
};

/* The whole intercept page. One intercept per VP is outstanding. */
struct hv_intercept_page {
	struct hv_message message;
	uint64_t sequence;   /* counts the intercepts of this VP */
	uint32_t posted[64]; /* HV_MESSAGE_POSTED_MESSAGE: a struct hv_post_message_in */
	uint8_t reserved[4096 - 2 * 256 - 8];
};
