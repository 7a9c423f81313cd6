# SPDX-License-Identifier: Apache-2.0 OR MIT
#
# bulkhead_guest(NAME SOURCES a.c b.S ...)
#   A tiny guest: links the sources with the SDK into <build>/guests/NAME.elf, an
#   ELF32 file with a Multiboot header, whatever class the code is. The sources may
#   define guest_main; else the SDK's runs their GUEST_TESTs.
set(BULKHEAD_GUEST_SDK ${CMAKE_CURRENT_LIST_DIR}/.. CACHE INTERNAL "")

function(bulkhead_guest name)
  cmake_parse_arguments(ARG "" "" "SOURCES" ${ARGN})
  set(target guest_${name})
  set(script ${BULKHEAD_GUEST_SDK}/link/guest.ld)
  set(out ${PROJECT_BINARY_DIR}/guests/${name}.elf)
  add_executable(${target} ${ARG_SOURCES})
  target_link_libraries(${target} PRIVATE env_guest guest_sdk.guest kernel_format.guest kernel_string.guest)
  # Tests run in the order of the source.
  target_compile_options(${target} PRIVATE -fno-toplevel-reorder)
  target_link_options(${target} PRIVATE -nostdlib -static -no-pie -Wl,-T,${script}
    -Wl,-z,max-page-size=4096 -Wl,-z,noexecstack -Wl,--no-warn-rwx-segments -Wl,--build-id=none)
  set_target_properties(${target} PROPERTIES LINK_DEPENDS ${script})
  file(MAKE_DIRECTORY ${PROJECT_BINARY_DIR}/guests)
  add_custom_command(TARGET ${target} POST_BUILD
    COMMAND ${CMAKE_OBJCOPY} -O elf32-i386 $<TARGET_FILE:${target}> ${out}
    BYPRODUCTS ${out} VERBATIM COMMENT "Guest ${name}")
endfunction()
