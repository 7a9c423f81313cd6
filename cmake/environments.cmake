# SPDX-License-Identifier: Apache-2.0 OR MIT
#
# One INTERFACE target per environment that code is compiled for. A target
# carries the flags and the include paths of that environment and nothing else.

add_library(bulkhead_warnings INTERFACE)
target_compile_options(bulkhead_warnings INTERFACE
  $<$<COMPILE_LANGUAGE:C>:-Wall;-Wextra;-Wshadow;-Wconversion;-Wstrict-prototypes;-Wmissing-prototypes;-Wvla;-Wswitch-enum;-Werror>)

# No stack protector, no red zone, no SSE and no unwind tables: this code runs
# where an interrupt may arrive on the current stack, or where nobody unwinds.
set(BULKHEAD_BARE
  -ffreestanding -fno-stack-protector -fcf-protection=none -mno-red-zone
  -fno-asynchronous-unwind-tables -fno-omit-frame-pointer -fno-pic -fno-pie
  -fno-common -fno-strict-aliasing)

# The kernel is small functions in small files: the link-time optimizer puts those of an exit together. The objects
# also hold plain code, which the checks read.
set(BULKHEAD_WHOLE -flto -flto-partition=one -ffat-lto-objects)

add_library(env_kernel INTERFACE)
target_link_libraries(env_kernel INTERFACE bulkhead_warnings)
target_compile_options(env_kernel INTERFACE ${BULKHEAD_BARE}
  -mcmodel=kernel -mgeneral-regs-only -O2 $<$<COMPILE_LANGUAGE:C>:${BULKHEAD_WHOLE};-Wframe-larger-than=1024>)
target_compile_definitions(env_kernel INTERFACE BULKHEAD_KERNEL=1
  $<$<BOOL:${BULKHEAD_CHECKED}>:BULKHEAD_CHECKED=1>)
target_include_directories(env_kernel INTERFACE ${PROJECT_SOURCE_DIR}/kernel
  ${PROJECT_SOURCE_DIR}/hypercall-abi/include)

# A GNU-EFI application is a shared object that objcopy turns into a PE image.
add_library(env_efi INTERFACE)
target_link_libraries(env_efi INTERFACE bulkhead_warnings)
target_compile_options(env_efi INTERFACE -ffreestanding -fno-stack-protector
  -fcf-protection=none -mno-red-zone -mgeneral-regs-only -fpic -fshort-wchar
  -fno-strict-aliasing -O2)
target_compile_definitions(env_efi INTERFACE BULKHEAD_EFI=1 GNU_EFI_USE_MS_ABI=1)
target_include_directories(env_efi INTERFACE ${PROJECT_SOURCE_DIR}/kernel
  ${PROJECT_SOURCE_DIR}/hypercall-abi/include)
target_include_directories(env_efi SYSTEM INTERFACE /usr/include/efi /usr/include/efi/x86_64)

# The parent's event loop, device models and rings: no SSE, so that a child's
# extended state stays in the registers while they run (architecture.md D2).
add_library(env_parent INTERFACE)
target_link_libraries(env_parent INTERFACE bulkhead_warnings)
target_compile_options(env_parent INTERFACE ${BULKHEAD_BARE} -mcmodel=kernel -mgeneral-regs-only -O2)
target_compile_definitions(env_parent INTERFACE BULKHEAD_PARENT=1)
target_include_directories(env_parent INTERFACE ${PROJECT_SOURCE_DIR}/parent
  ${PROJECT_SOURCE_DIR}/hypercall-abi/include)
target_include_directories(env_parent SYSTEM INTERFACE $<$<BOOL:${BULKHEAD_PICOLIBC_DIR}>:${BULKHEAD_PICOLIBC_DIR}/include>)

# What runs on the management VP only may use SSE.
add_library(env_parent_mgmt INTERFACE)
target_link_libraries(env_parent_mgmt INTERFACE bulkhead_warnings)
target_compile_options(env_parent_mgmt INTERFACE ${BULKHEAD_BARE} -mcmodel=kernel -O2)
target_compile_definitions(env_parent_mgmt INTERFACE BULKHEAD_PARENT=1)
target_include_directories(env_parent_mgmt INTERFACE ${PROJECT_SOURCE_DIR}/parent
  ${PROJECT_SOURCE_DIR}/hypercall-abi/include)
target_include_directories(env_parent_mgmt SYSTEM INTERFACE $<$<BOOL:${BULKHEAD_PICOLIBC_DIR}>:${BULKHEAD_PICOLIBC_DIR}/include>)

# Tiny guests, loaded low by Multiboot.
add_library(env_guest INTERFACE)
target_link_libraries(env_guest INTERFACE bulkhead_warnings)
target_compile_options(env_guest INTERFACE ${BULKHEAD_BARE} -mgeneral-regs-only -O2)
target_compile_definitions(env_guest INTERFACE BULKHEAD_GUEST=1)
target_include_directories(env_guest INTERFACE ${PROJECT_SOURCE_DIR}/guest-sdk/include
  ${PROJECT_SOURCE_DIR}/hypercall-abi/include)

# Host tests: the third vendor.
set(BULKHEAD_SANITIZE -fsanitize=address,undefined -fno-sanitize-recover=all)
add_library(env_host INTERFACE)
target_link_libraries(env_host INTERFACE bulkhead_warnings)
target_compile_options(env_host INTERFACE -O1 -g -fno-omit-frame-pointer ${BULKHEAD_SANITIZE})
target_link_options(env_host INTERFACE ${BULKHEAD_SANITIZE})
target_compile_definitions(env_host INTERFACE BULKHEAD_HOST=1 BULKHEAD_CHECKED=1)
target_include_directories(env_host INTERFACE ${PROJECT_SOURCE_DIR}/kernel
  ${PROJECT_SOURCE_DIR}/parent ${PROJECT_SOURCE_DIR}/hypercall-abi/include
  ${PROJECT_SOURCE_DIR}/tests)
