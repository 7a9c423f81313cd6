/* SPDX-License-Identifier: Apache-2.0 OR MIT */
#include "fake/ahci.h"
#include <stdlib.h>
#include <string.h>
#include "drivers/pci.h"
#include "drivers/pci_registers.h"
#include "fake/parent_kernel.h"

#define BASE       0xfea00000ull
#define SIZE       0x1000u
#define BLOCK      512u
#define TASK_ERROR (1u << 30)
#define DONE       1u

static void *pointer(uint64_t address) { return (void *)(uintptr_t)address; }

static void interrupt(struct fake_ahci *d, uint32_t causes) {
	bool was = d->px_is & d->px_ie;

	d->px_is |= causes;
	/* A message for the first cause only. */
	if (!was && d->px_is & d->px_ie && d->ghc & AHCI_GHC_IE && fake.device_interrupts > 0)
		d->page.device[0] |= 1;
}

static void move(struct fake_ahci *d, const struct ahci_header *h, uint64_t block, uint64_t count, bool is_write) {
	const struct ahci_table *t = pointer(h->table);
	uint64_t left = count * BLOCK;
	uint8_t *disk = d->data[block];

	for (unsigned i = 0; i < h->flags >> 16 && left > 0; i++) {
		uint64_t part = (uint64_t)t->region[i].size + 1;

		if (t->region[i].address % 2 != 0 || part % 2 != 0 || part > left)
			abort();
		memcpy(is_write ? disk : pointer(t->region[i].address), is_write ? pointer(t->region[i].address) : disk,
		       part);
		disk += part;
		left -= part;
	}
	if (left != 0 || is_write != !!(h->flags & AHCI_HEADER_WRITE))
		abort();
}

static bool run(struct fake_ahci *d) {
	const struct ahci_header *h = pointer(d->clb);
	const struct ahci_table *t = pointer(h->table);
	const uint8_t *fis = t->fis;
	uint64_t block = 0, count = fis[12] | (uint64_t)fis[13] << 8;

	for (unsigned i = 0; i < 3; i++)
		block |= (uint64_t)fis[4 + i] << 8 * i | (uint64_t)fis[8 + i] << (24 + 8 * i);
	if (fis[0] != 0x27 || fis[1] != 0x80 || (h->flags & 0x1f) != 5)
		abort();
	if (fis[2] == ATA_FLUSH_EXT) {
		d->flushes++;
	} else if (fis[2] == ATA_IDENTIFY) {
		memcpy(pointer(t->region[0].address), d->identity, BLOCK);
	} else if (count == 0 || block >= FAKE_AHCI_BLOCKS || count > FAKE_AHCI_BLOCKS - block) {
		return false;
	} else {
		move(d, h, block, count, fis[2] == ATA_WRITE_DMA_EXT);
		d->reads += fis[2] == ATA_READ_DMA_EXT;
		d->writes += fis[2] == ATA_WRITE_DMA_EXT;
	}
	return true;
}

void fake_ahci_complete(struct fake_ahci *d) {
	if (d->ci == 0 || !(d->cmd & AHCI_CMD_ST) || !fake_pci_is_master(d->function))
		abort();
	if (d->fails > 0 || !run(d)) {
		d->fails -= d->fails > 0;
		d->tfd = 0x51;
		interrupt(d, TASK_ERROR);
		return; /* the command stays */
	}
	d->tfd = 0x50;
	d->ci = 0;
	interrupt(d, DONE);
}

static uint32_t read_port(const struct fake_ahci *d, uint32_t offset) {
	switch (offset) {
	case AHCI_PX_IS:
		return d->px_is;
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
		return d->ci;
	default:
		return 0;
	}
}

static uint32_t read(void *device, uint64_t offset) {
	const struct fake_ahci *d = device;

	switch (offset) {
	case AHCI_CAP:
		return d->capabilities;
	case AHCI_GHC:
		return d->ghc | (d->never_resets ? AHCI_GHC_RESET : 0);
	case AHCI_IS:
		return d->px_is & d->px_ie ? 1u << FAKE_AHCI_PORT : 0; /* a level */
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
		d->tfd = value & AHCI_CMD_ST && !(d->tfd & 0x80) ? 0x50 : d->tfd;
	} else if (offset == AHCI_PX_SCTL) {
		d->link_resets += value == AHCI_SCTL_RESET;
		d->sctl = value;
		d->tfd = 0x50;
	} else if (offset == AHCI_PX_CI) {
		d->ci |= value;
		if (!d->keeps_commands && d->ci != 0)
			fake_ahci_complete(d);
	}
}

static void write(void *device, uint64_t offset, uint32_t value) {
	struct fake_ahci *d = device;

	if (offset == AHCI_GHC)
		d->ghc = value & ~AHCI_GHC_RESET;
	else if ((offset & ~0x7full) == AHCI_PORT(FAKE_AHCI_PORT))
		write_port(d, offset & 0x7f, value);
}

static void put_word(struct fake_ahci *d, unsigned n, unsigned value) {
	d->identity[2 * n] = (uint8_t)value;
	d->identity[2 * n + 1] = (uint8_t)(value >> 8);
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
