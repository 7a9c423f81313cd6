# SPDX-License-Identifier: Apache-2.0 OR MIT
#
# Tests of the pure models, included by CMakeLists.txt.
foreach(test lapic_timer lapic_model lapic_registers lapic_ipi
        stimer reference_time synthetic_msr)
  bulkhead_unit_test(core_${test}_test SOURCES ${test}_test.c
    LINK core_models.host fake_kernel_lib.host)
endforeach()
foreach(test cpuid_rows cpu_limits guest_cpuid)
  bulkhead_unit_test(core_${test}_test SOURCES ${test}_test.c LINK core_cpuid.host)
endforeach()
