# SPDX-License-Identifier: Apache-2.0 OR MIT
#
# An SVM guest may set CR0.PG without CR0.PE, which in 64-bit mode ends Bochs: a processor raises #GP. (VMRUN may
# enter such a guest; it does not come here with both.)
/it should be fine to enter paged real mode in SVM guest/d
