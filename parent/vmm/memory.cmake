# SPDX-License-Identifier: Apache-2.0 OR MIT
bulkhead_pure(parent_guest_memory ENVS parent host SOURCES ${CMAKE_CURRENT_LIST_DIR}/guest_memory.c)
