# SPDX-License-Identifier: Apache-2.0 OR MIT
#
# cmake -DDSDT=dsdt.aml -DRTC=rtc.aml -DVMBUS=vmbus.aml -DOUT=acpi_aml.c -P embed_aml.cmake
#
# Writes compiled tables as the C arrays that acpi_aml.h declares, and looks up
# VMBus's high MMIO window, which acpi_tables.c replaces.
function(array name file text)
  file(READ ${file} hex HEX)
  string(LENGTH "${hex}" digits)
  math(EXPR size "${digits} / 2")
  string(REGEX REPLACE "(..)" "0x\\1," bytes "${hex}")
  set(${text} "const uint8_t ${name}[] = { ${bytes} };\nconst size_t ${name}_size = ${size};\n"
    PARENT_SCOPE)
endfunction()

array(acpi_aml_dsdt ${DSDT} dsdt)
array(acpi_aml_rtc ${RTC} rtc)
array(acpi_aml_vmbus ${VMBUS} vmbus)

# ACPI_MMIO_HIGH_BASE and its last byte as vmbus.asl gives them, little endian.
set(window 0000000040000000ffffffff40000000)
file(READ ${VMBUS} hex HEX)
string(FIND "${hex}" ${window} first)
string(FIND "${hex}" ${window} last REVERSE)
if(first LESS 0 OR NOT first EQUAL last)
  message(FATAL_ERROR "vmbus.asl must hold the high MMIO window exactly once")
endif()
math(EXPR offset "${first} / 2")

file(WRITE ${OUT} "/* Made by embed_aml.cmake. */
#include \"devices/acpi_aml.h\"

${dsdt}${rtc}${vmbus}const size_t acpi_aml_vmbus_high_window = ${offset};
")
