# SPDX-License-Identifier: Apache-2.0 OR MIT
#
# The guest's page-table walk, and the decoder of MMIO instructions, which needs
# Zydis: it is left out where no source of it is given (cmake/zydis.cmake).
include(${PROJECT_SOURCE_DIR}/cmake/zydis.cmake)

bulkhead_pure(parent_guest_walk ENVS parent host
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/guest_walk.c)

if(BULKHEAD_HAS_ZYDIS)
  bulkhead_pure(parent_mmio_decode ENVS parent host
    SOURCES ${CMAKE_CURRENT_LIST_DIR}/mmio_decode.c ${CMAKE_CURRENT_LIST_DIR}/mmio_execute.c)
  foreach(env parent host)
    target_link_libraries(parent_mmio_decode.${env} PRIVATE zydis_headers)
  endforeach()
endif()
