/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* A VM that is only made and taken apart. */
#include <guest/cpu.h>
#include <guest/exit.h>

int guest_main(void);
int guest_main(void) { guest_halt(); }
