# SPDX-License-Identifier: Apache-2.0 OR MIT
#
# How the parts are declared.
#
#   bulkhead_pure(NAME ENVS kernel host SOURCES a.c b.c)
#     A pure module: plain C on plain data, compiled once per environment into
#     the object libraries NAME.kernel, NAME.host, ... (efi, parent, guest too).
#
#   bulkhead_unit_test(NAME SOURCES foo_test.c LINK NAME.host ...)
#     A cmocka executable under sanitizers, CTest label "fast".
#
#   bulkhead_fuzzer(NAME SOURCES fuzz.c and the pure sources INCLUDES dirs
#     DEFINITIONS names)
#     A libFuzzer executable built by clang into build/fuzz/NAME.

function(bulkhead_pure name)
  cmake_parse_arguments(ARG "" "" "ENVS;SOURCES;INCLUDES" ${ARGN})
  foreach(env IN LISTS ARG_ENVS)
    add_library(${name}.${env} OBJECT ${ARG_SOURCES})
    target_link_libraries(${name}.${env} PRIVATE env_${env})
    if(ARG_INCLUDES)
      target_include_directories(${name}.${env} PRIVATE ${ARG_INCLUDES})
    endif()
  endforeach()
endfunction()

function(bulkhead_unit_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK;INCLUDES" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE env_host cmocka)
  foreach(lib IN LISTS ARG_LINK)
    target_link_libraries(${name} PRIVATE ${lib})
  endforeach()
  if(ARG_INCLUDES)
    target_include_directories(${name} PRIVATE ${ARG_INCLUDES})
  endif()
  # A test's sentence is its function's name; prototypes would say it twice.
  target_compile_options(${name} PRIVATE -Wno-missing-prototypes -Wno-pointer-sign)
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES LABELS fast TIMEOUT 120)
endfunction()

find_program(BULKHEAD_CLANG NAMES clang clang-19 clang-14)
function(bulkhead_fuzzer name)
  cmake_parse_arguments(ARG "" "" "SOURCES;INCLUDES;DEFINITIONS" ${ARGN})
  if(NOT BULKHEAD_CLANG)
    message(STATUS "fuzzer ${name} left out: clang was not found")
    return()
  endif()
  set(out ${PROJECT_BINARY_DIR}/fuzz/${name})
  set(flags -std=gnu17 -g -O1 -fsanitize=fuzzer,address,undefined
    -fno-sanitize-recover=all -DBULKHEAD_HOST=1 -DBULKHEAD_CHECKED=1
    -I${PROJECT_SOURCE_DIR}/kernel -I${PROJECT_SOURCE_DIR}/parent
    -I${PROJECT_SOURCE_DIR}/hypercall-abi/include -I${PROJECT_SOURCE_DIR}/tests)
  foreach(dir IN LISTS ARG_INCLUDES)
    list(APPEND flags -I${dir})
  endforeach()
  foreach(definition IN LISTS ARG_DEFINITIONS)
    list(APPEND flags -D${definition})
  endforeach()
  set(sources)
  foreach(source IN LISTS ARG_SOURCES)
    get_filename_component(full ${source} ABSOLUTE)
    list(APPEND sources ${full})
  endforeach()
  file(MAKE_DIRECTORY ${PROJECT_BINARY_DIR}/fuzz)
  add_custom_command(OUTPUT ${out}
    COMMAND ${BULKHEAD_CLANG} ${flags} ${sources} -o ${out}
    DEPENDS ${sources} VERBATIM COMMENT "Fuzzer ${name}")
  add_custom_target(fuzz_${name} ALL DEPENDS ${out})
endfunction()
