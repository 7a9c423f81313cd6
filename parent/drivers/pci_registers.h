/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Offsets and bits of configuration space [PCI 3.0 6.1 "Configuration Space
 * Organization", 6.8 "Message Signaled Interrupts"]. */
#pragma once

#define PCI_ID                  0x00u
#define PCI_COMMAND             0x04u /* status in the upper half */
#define PCI_CLASS               0x08u /* revision in the lowest byte */
#define PCI_HEADER              0x0cu
#define PCI_BAR                 0x10u
#define PCI_BRIDGE_BUSES        0x18u
#define PCI_CAPABILITIES        0x34u
#define PCI_INTERRUPT           0x3cu /* line, pin */

#define PCI_COMMAND_IO          0x1u
#define PCI_COMMAND_MEMORY      0x2u
#define PCI_COMMAND_MASTER      0x4u
#define PCI_COMMAND_NO_PIN      0x400u
#define PCI_STATUS_CAPABILITIES 0x10u

#define PCI_HEADER_TYPE         0x7fu
#define PCI_HEADER_BRIDGE       0x01u
#define PCI_HEADER_MULTIPLE     0x80u

#define PCI_BAR_COUNT           6u
#define PCI_BAR_IO              0x1u
#define PCI_BAR_TYPE            0x6u
#define PCI_BAR_64              0x4u

#define PCI_CAPABILITY_MSI      0x05u
#define PCI_CAPABILITY_MSIX     0x11u

#define MSI_ENABLE              (1u << 16)
#define MSI_MULTIPLE            (7u << 20) /* messages enabled, a power of two */
#define MSI_64                  (1u << 23)
#define MSI_MASKABLE            (1u << 24)
#define MSIX_ENABLE             (1u << 31)
#define MSIX_MASK_ALL           (1u << 30)
#define MSIX_ENTRY_SIZE         16u
#define MSIX_ENTRY_MASK         0x1u
