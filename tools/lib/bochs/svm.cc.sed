# SPDX-License-Identifier: Apache-2.0 OR MIT
#
# A VM entry with interrupts on in host and guest leaves a virtual interrupt masked: it never comes. One with
# interrupts off in the guest leaves those of the machine masked: they cause no exit.
/BX_CPU_THIS_PTR in_svm_guest = true;/a\
  handleInterruptMaskChange();\
  if (SVM_V_INTR_MASKING && SVM_HOST_IF)\
    unmask_event(BX_EVENT_PENDING_INTR | BX_EVENT_PENDING_LAPIC_INTR);

# A VM entry does not load CR2.
/BX_CPU_THIS_PTR cr3 = guest\.cr3;/a\
  BX_CPU_THIS_PTR cr2 = guest.cr2;

# An intercepted #DB does not tell its cause: the processor sets DR6 before the exit.
/BX_CPU_THIS_PTR debug_trap = 0; \/\/ clear debug_trap field/i\
  if (vector == BX_DB_EXCEPTION)\
    BX_CPU_THIS_PTR dr6.val32 = (BX_CPU_THIS_PTR dr6.val32 & 0xffff6ff0) | (BX_CPU_THIS_PTR debug_trap & 0xe00f);

# A single step of an instruction that exits stays pending: the host gets the guest's #DB.
/BX_CPU_THIS_PTR in_svm_guest = false;/a\
  BX_CPU_THIS_PTR debug_trap = 0;
