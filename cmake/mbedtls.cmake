# SPDX-License-Identifier: Apache-2.0 OR MIT
#
# The parts of mbedTLS that the parent uses, from its source: today the HMAC_DRBG
# random generator over SHA-256. What is in is chosen by parent/runtime/mbedtls_config.h.
#   mbedtls.parent, mbedtls.host   object libraries
#   mbedtls_headers                include paths and definitions for their users
include_guard(GLOBAL)

foreach(file library/hmac_drbg.c include/mbedtls/hmac_drbg.h)
  if(NOT EXISTS ${BULKHEAD_MBEDTLS_DIR}/${file})
    message(FATAL_ERROR "BULKHEAD_MBEDTLS_DIR is '${BULKHEAD_MBEDTLS_DIR}', which has no ${file}: "
      "tools/build fetches the source and sets it")
  endif()
endforeach()

add_library(mbedtls_headers INTERFACE)
target_include_directories(mbedtls_headers SYSTEM INTERFACE ${BULKHEAD_MBEDTLS_DIR}/include)
target_compile_definitions(mbedtls_headers INTERFACE
  "MBEDTLS_CONFIG_FILE=\"${PROJECT_SOURCE_DIR}/parent/runtime/mbedtls_config.h\"")

set(sources)
foreach(file constant_time hmac_drbg md platform_util sha256)
  list(APPEND sources ${BULKHEAD_MBEDTLS_DIR}/library/${file}.c)
endforeach()
if(BULKHEAD_PICOLIBC_DIR)
  add_library(mbedtls.parent OBJECT ${sources})
  target_compile_options(mbedtls.parent PRIVATE ${BULKHEAD_BARE} -mcmodel=kernel
    -mgeneral-regs-only -O2 -w -isystem ${BULKHEAD_PICOLIBC_DIR}/include)
  target_link_libraries(mbedtls.parent PRIVATE mbedtls_headers)
endif()
add_library(mbedtls.host OBJECT ${sources})
target_compile_options(mbedtls.host PRIVATE -O1 -g -w)
target_link_libraries(mbedtls.host PRIVATE mbedtls_headers)
