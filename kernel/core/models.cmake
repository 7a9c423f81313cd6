# SPDX-License-Identifier: Apache-2.0 OR MIT
#
# What a guest sees of its processor: pure models, included by CMakeLists.txt.
bulkhead_pure(core_models ENVS kernel host
  SOURCES lapic_model.c lapic_registers.c lapic_ipi.c lapic_timer.c
    stimer.c reference_time.c synthetic_msr.c)
bulkhead_pure(core_cpuid ENVS kernel host SOURCES cpuid_rows.c cpu_limits.c guest_cpuid.c)
