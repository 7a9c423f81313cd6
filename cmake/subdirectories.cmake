# SPDX-License-Identifier: Apache-2.0 OR MIT
#
# bulkhead_subdirectories(): adds every child directory that has a
# CMakeLists.txt, in alphabetical order. Targets name each other, so the order
# does not matter.
function(bulkhead_subdirectories)
  file(GLOB lists CONFIGURE_DEPENDS RELATIVE ${CMAKE_CURRENT_SOURCE_DIR} */CMakeLists.txt)
  foreach(list IN LISTS lists)
    get_filename_component(dir ${list} DIRECTORY)
    add_subdirectory(${dir})
  endforeach()
endfunction()
