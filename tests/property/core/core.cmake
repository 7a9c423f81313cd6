# SPDX-License-Identifier: Apache-2.0 OR MIT
#
# Seeded random operations on the rest of core, included by CMakeLists.txt.
bulkhead_unit_test(core_timer_queue_property_test SOURCES timer_queue_property_test.c
  LINK core_pure.host fake_kernel_lib.host)
bulkhead_unit_test(core_sched_property_test SOURCES sched_property_test.c
  LINK ${core_world_libraries})
bulkhead_unit_test(core_vp_states_test SOURCES vp_states_test.c
  LINK ${core_world_libraries})
bulkhead_unit_test(core_teardown_races_test
  SOURCES teardown_races_test.c ${PROJECT_SOURCE_DIR}/tests/fake/lock_hook.c LINK ${core_world_libraries})
target_link_options(core_teardown_races_test PRIVATE -Wl,--wrap=lock_rank_released)
