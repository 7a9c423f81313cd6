# SPDX-License-Identifier: Apache-2.0 OR MIT
#
# With more than one processor Bochs forgets, after an exception, that RIP has moved to the handler: a VM exit
# that an interrupt then causes reports the faulting instruction, which runs a second time.
/can get here only from exception function or VMEXIT/a\
          BX_CPU(processor)->prev_rip = BX_CPU(processor)->get_instruction_pointer();\
          BX_CPU(processor)->speculative_rsp = 0;
