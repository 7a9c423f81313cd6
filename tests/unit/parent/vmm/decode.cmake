# SPDX-License-Identifier: Apache-2.0 OR MIT
#
# Tests of the guest's page-table walk and of MMIO decode (parent/vmm/decode.cmake).
set(dir ${CMAKE_CURRENT_LIST_DIR})
bulkhead_unit_test(parent_guest_walk_test SOURCES ${dir}/guest_walk_test.c LINK parent_guest_walk.host)
if(BULKHEAD_HAS_ZYDIS)
  foreach(test mmio_decode mmio_execute)
    bulkhead_unit_test(parent_${test}_test SOURCES ${dir}/${test}_test.c
      LINK parent_mmio_decode.host zydis.host)
  endforeach()
endif()
