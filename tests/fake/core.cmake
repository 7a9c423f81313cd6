# SPDX-License-Identifier: Apache-2.0 OR MIT
#
# The whole of kernel/core for the host, on the third vendor and the fake machine
# (core_world.h), included by CMakeLists.txt. What is pure is linked as it is.
#   core_world_libraries   what a test of core links
file(GLOB core_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/kernel/core/*.c)
foreach(pure core_models core_cpuid core_pure core_hypercall_table)
  get_target_property(names ${pure}.host SOURCES)
  foreach(name IN LISTS names)
    list(REMOVE_ITEM core_sources ${PROJECT_SOURCE_DIR}/kernel/core/${name})
  endforeach()
endforeach()
bulkhead_pure(core_shell ENVS host SOURCES ${core_sources})
bulkhead_pure(fake_core_world ENVS host SOURCES check.c log.c
  machine_fake.c cpuid_fake.c vp_hw_fake.c core_world.c)
set(core_world_libraries core_shell.host core_models.host core_cpuid.host core_pure.host core_hypercall_table.host
  kernel_guest_fetch.host kernel_mm.host fake_mm_pt_format.host fake_core_world.host
  CACHE INTERNAL "")
