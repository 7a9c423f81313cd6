# SPDX-License-Identifier: Apache-2.0 OR MIT
#
# A VM entry with interrupts off in host and guest leaves external interrupts masked: they cause no exit.
/BX_CPU_THIS_PTR in_vmx_guest = true;/a\
  handleInterruptMaskChange();
