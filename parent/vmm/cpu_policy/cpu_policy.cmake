# SPDX-License-Identifier: Apache-2.0 OR MIT
#
# What a VM's processors are: CPU levels, CPUID rows for the kernel, MSRs.
bulkhead_pure(parent_cpu_policy ENVS parent host SOURCES
  ${CMAKE_CURRENT_LIST_DIR}/cpu_level.c
  ${CMAKE_CURRENT_LIST_DIR}/cpuid_policy.c
  ${CMAKE_CURRENT_LIST_DIR}/cpuid_results.c
  ${CMAKE_CURRENT_LIST_DIR}/host_cpuid.c
  ${CMAKE_CURRENT_LIST_DIR}/vp_msrs.c)
