/* SPDX-License-Identifier: Apache-2.0 OR MIT */
#include "fake/ahci.h"
#include <stdlib.h>
#include <string.h>
#include "drivers/pci.h"
#include "drivers/pci_registers.h"
#include "fake/parent_kernel.h"

#define BASE        0xfea00000ull
#define SIZE        0x1000u
#define BLOCK       512u
#define TASK_ERROR  (1u << 30)
#define DONE        1u

/* Set device bits. */
#define DONE_QUEUED 8u

static void *pointer(uint64_t address) { return (void *)(uintptr_t)address; }

static void interrupt(struct fake_ahci *d, uint32_t causes) {
	bool was = d->px_is & d->px_ie;

	d->px_is |= causes;
	/* A message for the first cause only. */
	if (!was && d->px_is & d->px_ie && d->ghc & AHCI_GHC_IE && fake.device_interrupts > 0)
		d->page.device[0] |= 1;
}

static void reach(const struct fake_ahci *d, uint64_t address, uint64_t size) {
	if (d->allows != NULL && !d->allows(address, size))
		abort();
}

static void move(struct fake_ahci *d, const struct ahci_header *h, uint64_t block, uint64_t count, bool is_write) {
	const struct ahci_table *t = pointer(h->table);
	uint64_t left = count * BLOCK;
	uint8_t *disk = d->data[block];

	for (unsigned i = 0; i < h->flags >> 16 && left > 0; i++) {
		uint64_t address = t->region[i].address, part = (uint64_t)t->region[i].size + 1;

		if (i == AHCI_REGIONS || address % 2 != 0 || part % 2 != 0 || part > left)
			abort();
		reach(d, address, part);
		memcpy(is_write ? disk : pointer(address), is_write ? pointer(address) : disk, part);
		disk += part;
		left -= part;
	}
	if (left != 0 || is_write != !!(h->flags & AHCI_HEADER_WRITE))
		abort();
}

static const struct ahci_header *header_of(const struct fake_ahci *d, unsigned slot) {
	return (const struct ahci_header *)pointer(d->clb) + slot;
}

static const uint8_t *fis_of(const struct fake_ahci *d, unsigned slot) {
	return ((const struct ahci_table *)pointer(header_of(d, slot)->table))->fis;
}

static bool is_queued(const uint8_t *fis) { return fis[2] == ATA_READ_QUEUED || fis[2] == ATA_WRITE_QUEUED; }

static void write_log(struct fake_ahci *d, uint8_t *to) {
	memset(to, 0, BLOCK);
	to[0] = (uint8_t)(d->log_says != 0 ? d->log_says - 1 : d->failed_slot);
	to[2] = 0x41;
	to[3] = 0x40;
	to[BLOCK - 1] = (uint8_t) - (to[0] + to[2] + to[3] + d->log_is_damaged);
	d->is_in_error = false;
	d->logs++;
}

static bool run_data(struct fake_ahci *d, const struct ahci_header *h, const uint8_t *fis) {
	bool is_write = fis[2] == ATA_WRITE_DMA_EXT || fis[2] == ATA_WRITE_QUEUED;
	const uint8_t *low = is_queued(fis) ? &fis[3] : &fis[12], *high = is_queued(fis) ? &fis[11] : &fis[13];
	uint64_t block = 0, count = *low | (uint64_t)*high << 8;

	for (unsigned i = 0; i < 3; i++)
		block |= (uint64_t)fis[4 + i] << 8 * i | (uint64_t)fis[8 + i] << (24 + 8 * i);
	if (count == 0 || block >= FAKE_AHCI_BLOCKS || count > FAKE_AHCI_BLOCKS - block)
		return false;
	move(d, h, block, count, is_write);
	d->reads += !is_write;
	d->writes += is_write;
	return true;
}

static bool run(struct fake_ahci *d, unsigned slot) {
	const struct ahci_header *h = header_of(d, slot);
	const struct ahci_table *t = pointer(h->table);
	const uint8_t *fis = t->fis;

	if (fis[0] != 0x27 || fis[1] != 0x80 || (h->flags & 0x1f) != 5 || !(fis[7] & 0x40))
		abort();
	switch (fis[2]) {
	case ATA_FLUSH_EXT:
		d->flushes++;
		return true;
	case ATA_IDENTIFY:
		memcpy(pointer(t->region[0].address), d->identity, BLOCK);
		return true;
	case ATA_READ_LOG_EXT:
		if (fis[4] != 0x10 || fis[12] != 1 || d->log_fails)
			return false;
		write_log(d, pointer(t->region[0].address));
		return true;
	default:
		return run_data(d, h, fis);
	}
}

/* An error of a queued command stops all; what the host sends before it has looked is lost. */
static bool is_halted(const struct fake_ahci *d) { return d->is_in_error && d->px_is & TASK_ERROR; }

uint32_t fake_ahci_waiting(const struct fake_ahci *d) {
	return is_halted(d) ? 0 : d->is_in_error ? d->ci : d->ci | d->sact;
}

void fake_ahci_complete_slot(struct fake_ahci *d, unsigned slot) {
	uint32_t bit = 1u << slot;
	bool has_queued = d->sact & bit;

	if (!(fake_ahci_waiting(d) & bit) || !(d->cmd & AHCI_CMD_ST) || !fake_pci_is_master(d->function))
		abort();
	if (d->fails > 0 || !run(d, slot)) {
		d->fails -= d->fails > 0;
		d->tfd = 0x51;
		d->is_in_error |= has_queued;
		d->failed_slot = slot;
		interrupt(d, TASK_ERROR);
		return; /* the command stays */
	}
	d->tfd = 0x50;
	d->ci &= ~bit;
	d->sact &= ~bit;
	interrupt(d, has_queued ? DONE_QUEUED : DONE);
}

void fake_ahci_complete(struct fake_ahci *d) {
	if (fake_ahci_waiting(d) == 0)
		abort();
	fake_ahci_complete_slot(d, (unsigned)__builtin_ctz(fake_ahci_waiting(d)));
}

void fake_ahci_pretend(struct fake_ahci *d, uint32_t slots) {
	uint32_t causes = slots & d->sact ? DONE_QUEUED : DONE;

	d->ci &= ~slots;
	d->sact &= ~slots;
	interrupt(d, causes);
}

/* A command arrives: queued ones never meet others, and after an error of one, or what
 * looked like it, the log is read first. */
static void take(struct fake_ahci *d, unsigned slot) {
	const uint8_t *fis = fis_of(d, slot);
	bool is_log = fis[2] == ATA_READ_LOG_EXT;

	if (is_halted(d))
		return;
	if (!(d->cmd & AHCI_CMD_ST) || (d->ci & ~(1u << slot)) != 0)
		abort();
	if (d->is_in_error ? !is_log : is_log && !d->has_lied)
		abort();
	if (is_queued(fis) ? !(d->sact >> slot & 1) || fis[12] != slot << 3 : d->sact != 0)
		abort();
	if (is_queued(fis))
		d->ci &= ~(1u << slot);
	if ((unsigned)__builtin_popcount(d->ci | d->sact) > d->most)
		d->most = (unsigned)__builtin_popcount(d->ci | d->sact);
	if (!d->keeps_commands && !(is_log && d->log_is_silent))
		fake_ahci_complete_slot(d, slot);
}

static uint32_t read_port(const struct fake_ahci *d, uint32_t offset) {
	switch (offset) {
	case AHCI_PX_IS:
		return d->px_is | d->lie_error;
	case AHCI_PX_IE:
		return d->px_ie;
	case AHCI_PX_CMD:
		return d->cmd | (d->cmd & AHCI_CMD_ST || d->never_stops ? AHCI_CMD_CR : 0) |
		       (d->cmd & AHCI_CMD_FRE ? AHCI_CMD_FR : 0);
	case AHCI_PX_TFD:
		return d->is_busy ? 0x80 : d->tfd;
	case AHCI_PX_SIG:
		return d->signature;
	case AHCI_PX_SSTS:
		return d->is_unplugged ? 0 : 0x113;
	case AHCI_PX_SCTL:
		return d->sctl;
	case AHCI_PX_CI:
		return d->ci | d->lie_ci;
	case AHCI_PX_SACT:
		return d->sact | d->lie_sact;
	default:
		return 0;
	}
}

static uint32_t firmware(struct fake_ahci *d) {
	if (d->firmware & AHCI_BOHC_OS && d->firmware_looks > 0 && --d->firmware_looks == 0)
		d->firmware &= ~(AHCI_BOHC_BIOS | AHCI_BOHC_BUSY);
	return d->firmware;
}

static uint32_t read(void *device, uint64_t offset) {
	struct fake_ahci *d = device;

	switch (offset) {
	case AHCI_CAP:
		return d->capabilities;
	case AHCI_GHC:
		return d->ghc | (d->never_resets ? AHCI_GHC_RESET : 0);
	case AHCI_IS:
		return d->px_is & d->px_ie ? 1u << FAKE_AHCI_PORT : 0; /* a level */
	case AHCI_CAP2:
		return d->capabilities2;
	case AHCI_BOHC:
		return firmware(d);
	case AHCI_PORTS:
		return 3; /* nothing hangs on port 0 */
	default:
		return (offset & ~0x7full) == AHCI_PORT(FAKE_AHCI_PORT) ? read_port(d, offset & 0x7f) : 0;
	}
}

static void set_half(uint64_t *word, uint64_t offset, uint32_t value) {
	unsigned shift = offset % 8 != 0 ? 32 : 0;

	*word = (*word & ~(0xffffffffull << shift)) | (uint64_t)value << shift;
}

static void write_port(struct fake_ahci *d, uint32_t offset, uint32_t value) {
	if (offset < AHCI_PX_FB) {
		set_half(&d->clb, offset, value);
	} else if (offset < AHCI_PX_IS) {
		set_half(&d->fb, offset, value);
	} else if (offset == AHCI_PX_IS) {
		d->px_is &= ~value;
	} else if (offset == AHCI_PX_IE) {
		d->px_ie = value;
	} else if (offset == AHCI_PX_CMD) {
		d->cmd = value & ~(AHCI_CMD_CR | AHCI_CMD_FR);
		d->ci = value & AHCI_CMD_ST ? d->ci : 0;
		d->sact = value & AHCI_CMD_ST ? d->sact : 0;
		d->tfd = value & AHCI_CMD_ST && !(d->tfd & 0x80) ? 0x50 : d->tfd;
	} else if (offset == AHCI_PX_SCTL) {
		d->link_resets += value == AHCI_SCTL_RESET;
		d->sctl = value;
		d->tfd = 0x50;
		d->is_in_error = false;
		d->ci = d->sact = 0;
	} else if (offset == AHCI_PX_SACT) {
		d->sact |= value;
	} else if (offset == AHCI_PX_CI) {
		d->ci |= value;
		take(d, (unsigned)__builtin_ctz(value));
	}
}

static void write(void *device, uint64_t offset, uint32_t value) {
	struct fake_ahci *d = device;

	if (offset == AHCI_GHC)
		d->ghc = value & ~AHCI_GHC_RESET;
	else if (offset == AHCI_BOHC)
		d->firmware = value;
	else if ((offset & ~0x7full) == AHCI_PORT(FAKE_AHCI_PORT))
		write_port(d, offset & 0x7f, value);
}

static void put_word(struct fake_ahci *d, unsigned n, unsigned value) {
	d->identity[2 * n] = (uint8_t)value;
	d->identity[2 * n + 1] = (uint8_t)(value >> 8);
}

void fake_ahci_set_queue(struct fake_ahci *d, unsigned depth) {
	d->capabilities |= AHCI_CAP_NCQ;
	put_word(d, 75, depth - 1);
	put_word(d, 76, 0x10e);
	put_word(d, 84, 0x4020);
}

void fake_ahci_init(struct fake_ahci *d) {
	uint32_t msi[4] = {MSI_64};

	memset(d, 0, sizeof(*d));
	d->capabilities = AHCI_CAP_64 | 31u << 8 | 1;
	d->signature = AHCI_SIG_DISK;
	d->tfd = 0x50;
	memset(&d->identity[54], ' ', 40);
	memcpy(&d->identity[54], "aFekd si k", 10); /* "Fake disk", bytes swapped */
	put_word(d, 49, 0x300);
	put_word(d, 83, 0x4400);
	put_word(d, 85, 0x20);
	put_word(d, 100, FAKE_AHCI_BLOCKS);
	for (uint32_t i = 0; i < FAKE_AHCI_BLOCKS; i++)
		memcpy(d->data[i], &i, sizeof(i));
	d->function = fake_pci_add(0x1f << 3, PCI_CLASS_AHCI, 0, SIZE);
	d->function->config[PCI_BAR / 4] = d->function->bar_mask[0] = d->function->bar_mask[1] = 0;
	d->function->bar = AHCI_BAR;
	d->function->config[PCI_BAR / 4 + AHCI_BAR] = BASE;
	d->function->bar_mask[AHCI_BAR] = (uint32_t) ~(SIZE - 1);
	d->function->read = read;
	d->function->write = write;
	d->function->device = d;
	fake_pci_add_capability(d->function, PCI_CAPABILITY_MSI, msi, 4);
}
