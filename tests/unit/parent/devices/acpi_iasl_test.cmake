# SPDX-License-Identifier: Apache-2.0 OR MIT
#
# cmake -DDUMP=acpi_dump -DIASL=iasl -DACPIEXEC=acpiexec -DDIR=dir -P acpi_iasl_test.cmake
#
# Independent readers of our tables: iasl must take each apart without a complaint
# about checksum, length or content, and find the devices in it; acpiexec, the
# interpreter that Linux and FreeBSD contain too, must load the AML and evaluate
# it (left out where only iasl is installed).
function(check vp_count has_rtc has_vmbus)
  set(dir ${DIR}/${vp_count}-${has_rtc}-${has_vmbus})
  file(REMOVE_RECURSE ${dir})
  file(MAKE_DIRECTORY ${dir})
  execute_process(COMMAND ${DUMP} ${dir} ${vp_count} ${has_rtc} ${has_vmbus} RESULT_VARIABLE result)
  if(result)
    message(FATAL_ERROR "acpi_dump failed: ${result}")
  endif()
  file(GLOB tables ${dir}/*.aml)
  set(text)
  foreach(table IN LISTS tables)
    execute_process(COMMAND ${IASL} -d ${table} RESULT_VARIABLE result
      OUTPUT_VARIABLE out ERROR_VARIABLE err)
    if(result OR "${out}${err}" MATCHES "[Ii]ncorrect|[Ii]nvalid|Error|Could not|Warning")
      message(FATAL_ERROR "iasl does not like ${table}:\n${out}${err}")
    endif()
    string(REPLACE ".aml" ".dsl" source ${table})
    file(READ ${source} dsl)
    if(dsl MATCHES "[Ii]ncorrect|[Ii]nvalid|Unknown|ERROR")
      message(FATAL_ERROR "iasl's reading of ${table} complains:\n${dsl}")
    endif()
    string(APPEND text "${dsl}")
  endforeach()

  string(REGEX MATCHALL "Device \\(C[0-9A-F][0-9A-F][0-9A-F]\\)" processors "${text}")
  list(LENGTH processors count)
  if(NOT count EQUAL vp_count)
    message(FATAL_ERROR "${count} processor devices for ${vp_count} VPs")
  endif()
  string(REGEX MATCHALL "Subtable Type : 0[09] \\[Processor Local [^]]*\\]" entries "${text}")
  list(LENGTH entries count)
  if(NOT count EQUAL vp_count)
    message(FATAL_ERROR "${count} processors in the MADT for ${vp_count} VPs")
  endif()
  foreach(want "EisaId \\(\"PNP0501\"" "Name \\(_S5" "Hardware Reduced \\(V5\\) : 1"
      "Reset Register Supported \\(V2\\) : 1" "CMOS RTC Not Present \\(V5\\) : ${NO_RTC_${has_rtc}}")
    if(NOT text MATCHES "${want}")
      message(FATAL_ERROR "iasl finds no ${want} in the tables of ${vp_count} VPs")
    endif()
  endforeach()
  if(has_rtc AND NOT text MATCHES "EisaId \\(\"PNP0B00\"")
    message(FATAL_ERROR "iasl finds no clock")
  endif()
  if(has_vmbus AND NOT text MATCHES "_HID, \"VMBus\"")
    message(FATAL_ERROR "iasl finds no VMBus")
  elseif(NOT has_vmbus AND text MATCHES "VMBus|VMOD")
    message(FATAL_ERROR "iasl finds VMBus on a machine without")
  endif()
endfunction()

# Evaluates what guests evaluate, with the last processor's device among it.
function(evaluate vp_count has_rtc last_name last_uid)
  set(dir ${DIR}/${vp_count}-${has_rtc}-1)
  set(tables dsdt.aml table2.aml)
  if(has_rtc)
    list(APPEND tables table3.aml table4.aml)
  else()
    list(APPEND tables table3.aml)
  endif()
  execute_process(COMMAND ${ACPIEXEC} -b "evaluate \\_SB.VMOD.VMBS._STA; \
evaluate \\_SB.${last_name}._UID; evaluate \\_S5; evaluate \\_SB.VMOD._CRS" ${tables}
    WORKING_DIRECTORY ${dir} RESULT_VARIABLE result OUTPUT_VARIABLE out ERROR_VARIABLE out)
  string(REGEX REPLACE "[ \n]+" " " out "${out}")
  if(result OR out MATCHES "AE_|ACPI Error|ACPI Warning|ACPI BIOS")
    message(FATAL_ERROR "acpiexec does not like the tables of ${vp_count} VPs:\n${out}")
  endif()
  foreach(want "_STA returned object [^[]*\\[Integer\\] = 000000000000000F"
      "${last_name}._UID returned object [^[]*\\[Integer\\] = ${last_uid}"
      "_S5 returned object [^[]*\\[Package\\] Contains 2 Elements")
    if(NOT out MATCHES "${want}")
      message(FATAL_ERROR "acpiexec evaluates no ${want} for ${vp_count} VPs:\n${out}")
    endif()
  endforeach()
endfunction()

set(NO_RTC_0 1)
set(NO_RTC_1 0)
check(1 1 1)
check(4 0 1)
check(300 1 1)
check(2 1 0)
if(ACPIEXEC)
  evaluate(1 1 C000 0000000000000000)
  evaluate(4 0 C003 0000000000000003)
  evaluate(300 1 C12B 000000000000012B)
endif()
