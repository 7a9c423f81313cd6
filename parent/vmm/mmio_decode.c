/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * From Zydis's view of an instruction to ours: a table names the mnemonics that
 * touch a device register, everything else is unknown. Decides nothing about
 * values; mmio_execute.c does. Follows [APM3 "General-Purpose Instructions"].
 */
#include "mmio_decode.h"

#include <string.h>
#include <Zydis/Decoder.h>

#define SEGMENT_LONG       (1u << 13) /* of hv_segment_register.attributes */
#define SEGMENT_DEFAULT_32 (1u << 14)

/* What a mnemonic does with its operands. */
struct mnemonic_row {
	ZydisMnemonic mnemonic;
	enum mmio_operation operation;
	bool keeps_destination; /* compares only */
	bool is_sign_extended;
	bool is_string;
};

static const struct mnemonic_row mnemonics[] = {
    {.mnemonic = ZYDIS_MNEMONIC_MOV, .operation = MMIO_MOVE},
    {.mnemonic = ZYDIS_MNEMONIC_MOVNTI, .operation = MMIO_MOVE},
    {.mnemonic = ZYDIS_MNEMONIC_MOVZX, .operation = MMIO_MOVE},
    {.mnemonic = ZYDIS_MNEMONIC_MOVSX, .operation = MMIO_MOVE, .is_sign_extended = true},
    {.mnemonic = ZYDIS_MNEMONIC_MOVSXD, .operation = MMIO_MOVE, .is_sign_extended = true},
    {.mnemonic = ZYDIS_MNEMONIC_AND, .operation = MMIO_AND},
    {.mnemonic = ZYDIS_MNEMONIC_OR, .operation = MMIO_OR},
    {.mnemonic = ZYDIS_MNEMONIC_XOR, .operation = MMIO_XOR},
    {.mnemonic = ZYDIS_MNEMONIC_ADD, .operation = MMIO_ADD},
    {.mnemonic = ZYDIS_MNEMONIC_ADC, .operation = MMIO_ADC},
    {.mnemonic = ZYDIS_MNEMONIC_SUB, .operation = MMIO_SUB},
    {.mnemonic = ZYDIS_MNEMONIC_SBB, .operation = MMIO_SBB},
    {.mnemonic = ZYDIS_MNEMONIC_CMP, .operation = MMIO_CMP, .keeps_destination = true},
    {.mnemonic = ZYDIS_MNEMONIC_TEST, .operation = MMIO_TEST, .keeps_destination = true},
    {.mnemonic = ZYDIS_MNEMONIC_INC, .operation = MMIO_INC},
    {.mnemonic = ZYDIS_MNEMONIC_DEC, .operation = MMIO_DEC},
    {.mnemonic = ZYDIS_MNEMONIC_NOT, .operation = MMIO_NOT},
    {.mnemonic = ZYDIS_MNEMONIC_NEG, .operation = MMIO_NEG},
    {.mnemonic = ZYDIS_MNEMONIC_XCHG, .operation = MMIO_XCHG},
    {.mnemonic = ZYDIS_MNEMONIC_XADD, .operation = MMIO_XADD},
    {.mnemonic = ZYDIS_MNEMONIC_CMPXCHG, .operation = MMIO_CMPXCHG},
    {.mnemonic = ZYDIS_MNEMONIC_BT, .operation = MMIO_BT, .keeps_destination = true},
    {.mnemonic = ZYDIS_MNEMONIC_BTS, .operation = MMIO_BTS},
    {.mnemonic = ZYDIS_MNEMONIC_BTR, .operation = MMIO_BTR},
    {.mnemonic = ZYDIS_MNEMONIC_BTC, .operation = MMIO_BTC},
    {.mnemonic = ZYDIS_MNEMONIC_STOSB, .operation = MMIO_STOS, .is_string = true},
    {.mnemonic = ZYDIS_MNEMONIC_STOSW, .operation = MMIO_STOS, .is_string = true},
    {.mnemonic = ZYDIS_MNEMONIC_STOSD, .operation = MMIO_STOS, .is_string = true},
    {.mnemonic = ZYDIS_MNEMONIC_STOSQ, .operation = MMIO_STOS, .is_string = true},
    {.mnemonic = ZYDIS_MNEMONIC_LODSB, .operation = MMIO_LODS, .is_string = true},
    {.mnemonic = ZYDIS_MNEMONIC_LODSW, .operation = MMIO_LODS, .is_string = true},
    {.mnemonic = ZYDIS_MNEMONIC_LODSD, .operation = MMIO_LODS, .is_string = true},
    {.mnemonic = ZYDIS_MNEMONIC_LODSQ, .operation = MMIO_LODS, .is_string = true},
    {.mnemonic = ZYDIS_MNEMONIC_MOVSB, .operation = MMIO_MOVS, .is_string = true},
    {.mnemonic = ZYDIS_MNEMONIC_MOVSW, .operation = MMIO_MOVS, .is_string = true},
    {.mnemonic = ZYDIS_MNEMONIC_MOVSD, .operation = MMIO_MOVS, .is_string = true},
    {.mnemonic = ZYDIS_MNEMONIC_MOVSQ, .operation = MMIO_MOVS, .is_string = true},
};

/* MOVSD is also an SSE2 move: what counts is the category. */
static const struct mnemonic_row *row_of(const ZydisDecodedInstruction *instruction) {
	bool is_string = instruction->meta.category == ZYDIS_CATEGORY_STRINGOP;

	for (size_t i = 0; i < sizeof(mnemonics) / sizeof(mnemonics[0]); i++)
		if (mnemonics[i].mnemonic == instruction->mnemonic)
			return mnemonics[i].is_string == is_string ? &mnemonics[i] : NULL;
	return NULL;
}

static bool is_size(unsigned bits) { return bits == 8 || bits == 16 || bits == 32 || bits == 64; }

/* False for what is no general register (segment, control registers). */
static bool take_register(ZydisRegister reg, struct mmio_access *access) {
	ZydisRegisterClass class = ZydisRegisterGetClass(reg);
	unsigned id = (unsigned)ZydisRegisterGetId(reg);

	if (class == ZYDIS_REGCLASS_GPR16 || class == ZYDIS_REGCLASS_GPR32 || class == ZYDIS_REGCLASS_GPR64) {
		access->register_size = class == ZYDIS_REGCLASS_GPR16 ? 2 : class == ZYDIS_REGCLASS_GPR32 ? 4 : 8;
		access->register_index = (uint8_t)id;
		return true;
	}
	if (class != ZYDIS_REGCLASS_GPR8)
		return false;
	/* Zydis counts AL CL DL BL AH CH DH BH SPL BPL SIL DIL R8B .. R15B. */
	access->register_size = 1;
	access->is_high_byte = id >= 4 && id < 8;
	access->register_index = (uint8_t)(id < 4 ? id : id - 4);
	return true;
}

static bool take_string(const ZydisDecodedInstruction *instruction, const ZydisDecodedOperand *operands,
                        struct mmio_access *access) {
	for (unsigned i = 0; i < instruction->operand_count; i++) {
		const ZydisDecodedOperand *o = &operands[i];

		if (o->type != ZYDIS_OPERAND_TYPE_MEMORY)
			continue;
		access->size = (uint8_t)(o->size / 8);
		if (o->actions & ZYDIS_OPERAND_ACTION_MASK_READ)
			access->source_segment = (uint8_t)(o->mem.segment - ZYDIS_REGISTER_ES);
	}
	/* F2 repeats as F3 does, since these instructions compare nothing. */
	for (unsigned i = 0; i < instruction->raw.prefix_count; i++)
		if (instruction->raw.prefixes[i].value == 0xf3 || instruction->raw.prefixes[i].value == 0xf2)
			access->is_repeated = true;
	access->register_index = HV_RAX;
	access->register_size = access->size;
	access->is_memory_destination = access->operation != MMIO_LODS;
	access->direction = access->operation == MMIO_STOS ? MMIO_WRITE : MMIO_READ;
	return access->source_segment < HV_PAGE_SEGMENT_COUNT;
}

/* One explicit memory operand, and at most one register or immediate. */
static bool take_operands(const ZydisDecodedInstruction *instruction, const ZydisDecodedOperand *operands,
                          const struct mnemonic_row *row, struct mmio_access *access) {
	bool has_memory = false;

	for (unsigned i = 0; i < instruction->operand_count_visible; i++) {
		const ZydisDecodedOperand *o = &operands[i];

		switch (o->type) {
		case ZYDIS_OPERAND_TYPE_MEMORY:
			if (has_memory || !is_size(o->size) || o->mem.type != ZYDIS_MEMOP_TYPE_MEM)
				return false;
			has_memory = true;
			access->size = (uint8_t)(o->size / 8);
			access->is_memory_destination = i == 0;
			break;
		case ZYDIS_OPERAND_TYPE_REGISTER:
			if (!take_register(o->reg.value, access))
				return false;
			break;
		case ZYDIS_OPERAND_TYPE_IMMEDIATE:
			access->has_immediate = true;
			access->immediate = o->imm.value.u;
			break;
		case ZYDIS_OPERAND_TYPE_POINTER:
		case ZYDIS_OPERAND_TYPE_UNUSED:
		default:
			return false;
		}
	}
	if (!access->is_memory_destination || row->keeps_destination)
		access->direction = MMIO_READ;
	else
		access->direction = row->operation == MMIO_MOVE ? MMIO_WRITE : MMIO_READ_WRITE;
	/* XCHG and XADD write their memory operand wherever it stands. */
	if (row->operation == MMIO_XCHG)
		access->direction = MMIO_READ_WRITE;
	return has_memory;
}

enum mmio_mode mmio_mode(const struct hv_intercept_header *header) {
	if ((header->execution_state & HV_EXECUTION_EFER_LMA) && (header->cs.attributes & SEGMENT_LONG))
		return MMIO_MODE_64;
	return header->cs.attributes & SEGMENT_DEFAULT_32 ? MMIO_MODE_32 : MMIO_MODE_16;
}

static void init_decoder(ZydisDecoder *decoder, enum mmio_mode mode) {
	switch (mode) {
	case MMIO_MODE_64:
		ZydisDecoderInit(decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
		break;
	case MMIO_MODE_32:
		ZydisDecoderInit(decoder, ZYDIS_MACHINE_MODE_LEGACY_32, ZYDIS_STACK_WIDTH_32);
		break;
	case MMIO_MODE_16:
		ZydisDecoderInit(decoder, ZYDIS_MACHINE_MODE_LEGACY_16, ZYDIS_STACK_WIDTH_16);
		break;
	}
}

enum mmio_decode_status mmio_decode(enum mmio_mode mode, const uint8_t *bytes, size_t count,
                                    struct mmio_access *access) {
	struct mmio_access found = {0};
	ZydisDecoder decoder = {0};
	ZydisDecodedInstruction instruction;
	ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
	const struct mnemonic_row *row;
	ZyanStatus status;
	bool is_known;

	init_decoder(&decoder, mode);
	if (count > MMIO_INSTRUCTION_MAX)
		count = MMIO_INSTRUCTION_MAX;
	status = ZydisDecoderDecodeFull(&decoder, bytes, count, &instruction, operands);
	if (count == 0 || (status == ZYDIS_STATUS_NO_MORE_DATA && count < MMIO_INSTRUCTION_MAX))
		return MMIO_DECODE_SHORT;
	if (!ZYAN_SUCCESS(status))
		return MMIO_DECODE_UNKNOWN;
	row = row_of(&instruction);
	if (!row)
		return MMIO_DECODE_UNKNOWN;
	found.operation = row->operation;
	found.is_sign_extended = row->is_sign_extended;
	found.length = instruction.length;
	found.address_size = (uint8_t)(instruction.address_width / 8);
	is_known = row->is_string ? take_string(&instruction, operands, &found)
	                          : take_operands(&instruction, operands, row, &found);
	if (!is_known)
		return MMIO_DECODE_UNKNOWN;
	*access = found;
	return MMIO_DECODE_OK;
}

void mmio_decode_cache_reset(struct mmio_decode_cache *cache) { *cache = (struct mmio_decode_cache){0}; }

enum mmio_decode_status mmio_decode_cached(struct mmio_decode_cache *cache, uint64_t rip, enum mmio_mode mode,
                                           const uint8_t *bytes, size_t count, struct mmio_access *access) {
	enum mmio_decode_status status;
	struct mmio_decode_cache_entry *entry;

	for (unsigned i = 0; i < MMIO_DECODE_CACHE_SIZE; i++) {
		entry = &cache->entry[i];
		if (entry->rip != rip || entry->mode != mode || entry->length == 0 || entry->length > count ||
		    memcmp(entry->bytes, bytes, entry->length) != 0)
			continue;
		*access = entry->access;
		return MMIO_DECODE_OK;
	}
	status = mmio_decode(mode, bytes, count, access);
	if (status != MMIO_DECODE_OK)
		return status;
	entry = &cache->entry[cache->next];
	cache->next = (cache->next + 1) % MMIO_DECODE_CACHE_SIZE;
	entry->rip = rip;
	entry->mode = mode;
	entry->length = access->length;
	memcpy(entry->bytes, bytes, access->length);
	entry->access = *access;
	return MMIO_DECODE_OK;
}

void mmio_bytes_text(const uint8_t *bytes, size_t count, char text[MMIO_BYTES_TEXT_SIZE]) {
	static const char digits[] = "0123456789abcdef";
	char *at = text;

	if (count > MMIO_INSTRUCTION_MAX)
		count = MMIO_INSTRUCTION_MAX;
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			*at++ = ' ';
		*at++ = digits[bytes[i] >> 4];
		*at++ = digits[bytes[i] & 0xf];
	}
	*at = '\0';
}
