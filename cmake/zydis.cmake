# SPDX-License-Identifier: Apache-2.0 OR MIT
#
# Zydis's decoder from its source: no encoder, no formatter, no AVX-512 (which no
# MMIO instruction needs), no libc. ZYDIS_MINIMAL_MODE would leave the operands
# out. Third-party code has flags of its own and stays out of our warnings.
#   zydis.parent, zydis.host   object libraries
#   zydis_headers              include paths and definitions for their users
#   BULKHEAD_HAS_ZYDIS         false if the cache names no source
#   BULKHEAD_ZYDIS_SOURCES, BULKHEAD_ZYDIS_INCLUDES, BULKHEAD_ZYDIS_DEFINITIONS
#                              the same for what bulkhead_fuzzer compiles
include_guard(GLOBAL)

set(BULKHEAD_HAS_ZYDIS FALSE CACHE INTERNAL "")
if(NOT BULKHEAD_ZYDIS_DIR OR NOT BULKHEAD_ZYCORE_DIR)
  message(STATUS "MMIO decode left out: BULKHEAD_ZYDIS_DIR or BULKHEAD_ZYCORE_DIR is not set")
  return()
endif()
foreach(file ${BULKHEAD_ZYDIS_DIR}/src/Decoder.c ${BULKHEAD_ZYCORE_DIR}/include/Zycore/Defines.h)
  if(NOT EXISTS ${file})
    message(FATAL_ERROR "${file} does not exist: is BULKHEAD_ZYDIS_DIR or BULKHEAD_ZYCORE_DIR wrong?")
  endif()
endforeach()
set(BULKHEAD_HAS_ZYDIS TRUE CACHE INTERNAL "")

set(sources)
foreach(file Decoder DecoderData Register SharedData)
  list(APPEND sources ${BULKHEAD_ZYDIS_DIR}/src/${file}.c)
endforeach()
set(includes ${BULKHEAD_ZYDIS_DIR}/include ${BULKHEAD_ZYCORE_DIR}/include)
set(definitions ZYDIS_STATIC_BUILD ZYCORE_STATIC_BUILD ZYAN_NO_LIBC ZYDIS_DISABLE_ENCODER
  ZYDIS_DISABLE_FORMATTER ZYDIS_DISABLE_SEGMENT ZYDIS_DISABLE_AVX512 ZYDIS_DISABLE_KNC)
set(BULKHEAD_ZYDIS_SOURCES ${sources} CACHE INTERNAL "")
set(BULKHEAD_ZYDIS_INCLUDES ${includes} CACHE INTERNAL "")
set(BULKHEAD_ZYDIS_DEFINITIONS ${definitions} CACHE INTERNAL "")

add_library(zydis_headers INTERFACE)
target_include_directories(zydis_headers SYSTEM INTERFACE ${includes})
target_compile_definitions(zydis_headers INTERFACE ${definitions})

add_library(zydis.parent OBJECT ${sources})
target_compile_options(zydis.parent PRIVATE ${BULKHEAD_BARE} -mcmodel=kernel
  -mgeneral-regs-only -O2 -w)
add_library(zydis.host OBJECT ${sources})
target_compile_options(zydis.host PRIVATE -O1 -g -w)
foreach(env parent host)
  target_link_libraries(zydis.${env} PRIVATE zydis_headers)
  target_include_directories(zydis.${env} PRIVATE ${BULKHEAD_ZYDIS_DIR}/src)
endforeach()
