/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Register accesses of the host's 16550A. */
#include "drivers/com2.h"
#include "hal/port_io.h"
#include "runtime/hypercall.h"
#include "runtime/log.h"

#define PORT 0x2f8u
#define GSI  3u

enum { RBR_THR = 0, IER = 1, IIR_FCR = 2, LCR = 3, MCR = 4, LSR = 5, MSR = 6, SCR = 7 };

#define IER_RECEIVE   0x01
#define IER_TRANSMIT  0x02
#define FCR_ENABLE    0x47 /* on, both FIFOs cleared; trigger at 4 bytes, 1 ms before the FIFO is full */
#define LCR_8N1       0x03
#define LCR_DLAB      0x80
#define MCR_DTR_RTS   0x03
#define MCR_OUT2      0x08 /* gates the interrupt on a PC */
#define LSR_DATA      0x01
#define LSR_THR_EMPTY 0x20
#define FIFO_SIZE     16u

static bool is_present;
static uint32_t device_interrupt;

static uint8_t read(unsigned reg) { return port_in8((uint16_t)(PORT + reg)); }

static void write(unsigned reg, uint8_t value) { port_out8((uint16_t)(PORT + reg), value); }

static bool probe(void) {
	write(SCR, 0x5a);
	if (read(SCR) != 0x5a)
		return false;
	write(SCR, 0xa5);
	return read(SCR) == 0xa5;
}

bool com2_init(uint32_t target_vp, uint32_t *interrupt) {
	struct hv_map_device_interrupt_in in = {.source = HV_DEVICE_INTERRUPT_PIN, .gsi = GSI, .target_vp = target_vp};
	struct hv_map_device_interrupt_out out;
	enum hv_status status;

	if (!probe()) {
		log_info("com2: no serial port at 0x%x", PORT);
		return false;
	}
	write(IER, 0);
	write(LCR, LCR_DLAB);
	write(RBR_THR, 1); /* 115200 baud */
	write(IER, 0);
	write(LCR, LCR_8N1);
	write(IIR_FCR, FCR_ENABLE);
	status = hypercall_map_device_interrupt(&in, &out);
	if (status != HV_STATUS_SUCCESS) {
		log_error("com2: no interrupt: %s", hypercall_status_text(status));
		return false;
	}
	device_interrupt = out.interrupt;
	*interrupt = out.interrupt;
	is_present = true;
	write(MCR, MCR_DTR_RTS | MCR_OUT2);
	write(IER, IER_RECEIVE | IER_TRANSMIT);
	com2_unmask();
	return true;
}

size_t com2_send(const uint8_t *bytes, size_t count) {
	size_t sent = 0;

	if (!is_present || count == 0 || !(read(LSR) & LSR_THR_EMPTY))
		return 0;
	while (sent < count && sent < FIFO_SIZE)
		write(RBR_THR, bytes[sent++]);
	return sent;
}

size_t com2_receive(uint8_t *bytes, size_t size) {
	size_t count = 0;

	while (is_present && count < size && (read(LSR) & LSR_DATA))
		bytes[count++] = read(RBR_THR);
	return count;
}

void com2_acknowledge(void) {
	if (!is_present)
		return;
	(void)read(IIR_FCR); /* transmitter empty */
	(void)read(LSR);     /* line status */
	(void)read(MSR);     /* modem status */
}

void com2_unmask(void) {
	enum hv_status status = hypercall_unmask_device_interrupt(device_interrupt);

	if (status != HV_STATUS_SUCCESS)
		log_error("com2: unmasking its interrupt failed: %s", hypercall_status_text(status));
}
