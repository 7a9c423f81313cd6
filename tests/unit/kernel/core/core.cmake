# SPDX-License-Identifier: Apache-2.0 OR MIT
#
# Tests of kernel/core's pure files that are no models, included by CMakeLists.txt.
foreach(test vp_state timer_queue guest_msr)
  bulkhead_unit_test(core_${test}_test SOURCES ${test}_test.c
    LINK core_pure.host fake_kernel_lib.host)
endforeach()
bulkhead_unit_test(core_hypercall_table_test SOURCES hypercall_table_test.c
  LINK core_hypercall_table.host fake_kernel_lib.host)
bulkhead_unit_test(core_vp_set_test SOURCES vp_set_test.c ${PROJECT_SOURCE_DIR}/kernel/core/vp_set.c
  LINK fake_kernel_lib.host)

# On the fake machine.
foreach(test call_broadcast call_partition call_cpuid device_interrupt hypercall parent_death sched vp_wait vp_events
    synic call_port call_synic)
  bulkhead_unit_test(core_${test}_test SOURCES ${test}_test.c LINK ${core_world_libraries})
endforeach()
target_link_options(core_vp_wait_test PRIVATE -Wl,--wrap=sched_release)
