/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Sizes and offsets of every ABI structure, checked in every environment that
 * compiles it. The numbers are the TLFS's where it publishes a layout.
 */
#include <stddef.h>
#include <hv_abi/types.h>
#include <hv_abi/status.h>
#include <hv_abi/privileges.h>
#include <hv_abi/call_args.h>
#include <hv_abi/hypercall.h>
#include <hv_abi/messages.h>
#include <hv_abi/registers.h>
#include <hv_abi/cpuid.h>
#include <hv_abi/msr.h>
#include <hv_abi/boot_info.h>
#include <hv_abi/synic.h>
#include <hv_abi/vmbus.h>
#include <hv_abi/ic.h>
#include <hv_abi/storvsc.h>

#define SIZE(s, n)      _Static_assert(sizeof(struct s) == (n), "size of " #s)
#define OFFSET(s, f, n) _Static_assert(offsetof(struct s, f) == (n), "offset of " #s "." #f)

SIZE(hv_segment_register, 16);
OFFSET(hv_segment_register, limit, 8);
OFFSET(hv_segment_register, selector, 12);
OFFSET(hv_segment_register, attributes, 14);
SIZE(hv_table_register, 16);
OFFSET(hv_table_register, limit, 6);
OFFSET(hv_table_register, base, 8);

SIZE(hv_vp_set, 16);
SIZE(hv_flush_in, 24);
SIZE(hv_flush_ex_in, 32);
OFFSET(hv_flush_ex_in, processor_set, 16);
SIZE(hv_cluster_ipi_in, 16);
OFFSET(hv_cluster_ipi_in, processor_mask, 8);
SIZE(hv_cluster_ipi_ex_in, 24);
SIZE(hv_create_partition_in, 32);
SIZE(hv_register_cpuid_results_in, 16);
SIZE(hv_cpuid_result, 32);
SIZE(hv_create_partition_out, 8);
SIZE(hv_partition_in, 8);
SIZE(hv_get_partition_property_in, 16);
SIZE(hv_set_partition_property_in, 24);
SIZE(hv_deposit_memory_in, 8);
SIZE(hv_withdraw_memory_in, 16);
SIZE(hv_map_gpa_pages_in, 24);
OFFSET(hv_map_gpa_pages_in, flags, 16);
SIZE(hv_unmap_gpa_pages_in, 24);
SIZE(hv_scrub_pages_in, 8);
SIZE(hv_create_vp_in, 24);
SIZE(hv_create_vp_out, 24);
SIZE(hv_vp_in, 16);
SIZE(hv_vp_registers_in, 16);
SIZE(hv_register_assoc, 32);
OFFSET(hv_register_assoc, value, 16);
SIZE(hv_assert_virtual_interrupt_in, 32);
OFFSET(hv_assert_virtual_interrupt_in, vector, 24);
SIZE(hv_timer_message, 24);
SIZE(hv_port_info, 24);
SIZE(hv_create_port_in, 56);
OFFSET(hv_create_port_in, connection_partition, 16);
OFFSET(hv_create_port_in, port_info, 24);
SIZE(hv_delete_port_in, 16);
SIZE(hv_connect_port_in, 72);
OFFSET(hv_connect_port_in, port_partition, 16);
OFFSET(hv_connect_port_in, type, 32);
SIZE(hv_disconnect_port_in, 16);
SIZE(hv_post_message_in, 256);
OFFSET(hv_post_message_in, payload, 16);
SIZE(hv_signal_event_in, 8);
SIZE(hv_signal_event_direct_in, 16);
SIZE(hv_signal_event_direct_out, 8);
SIZE(hv_post_message_direct_in, 272);
OFFSET(hv_post_message_direct_in, target_sint, 13);
OFFSET(hv_post_message_direct_in, message, 16);
SIZE(hv_map_device_interrupt_in, 16);
SIZE(hv_map_device_interrupt_out, 16);
SIZE(hv_write_log_in, 248);
SIZE(hv_report_death_in, 128);
SIZE(hv_check_invariants_out, 32);
SIZE(hv_counters, 128);

SIZE(hv_message_header, 16);
SIZE(hv_message, 256);
SIZE(hv_intercept_header, 40);
OFFSET(hv_intercept_header, cs, 8);
OFFSET(hv_intercept_header, rip, 24);
SIZE(hv_msr_intercept, 64);
OFFSET(hv_msr_intercept, msr, 40);
OFFSET(hv_msr_intercept, rdx, 48);
SIZE(hv_io_port_intercept, 128);
OFFSET(hv_io_port_intercept, port, 40);
OFFSET(hv_io_port_intercept, rax, 48);
OFFSET(hv_io_port_intercept, ds, 72);
OFFSET(hv_io_port_intercept, rcx, 104);
SIZE(hv_memory_intercept, 0x50);
OFFSET(hv_memory_intercept, gva, 48);
OFFSET(hv_memory_intercept, gpa, 56);
SIZE(hv_apic_eoi_message, 8);
SIZE(hv_intercept_page, 4096);
OFFSET(hv_intercept_page, posted, 264);

SIZE(hv_register_page, 4096);
OFFSET(hv_register_page, dirty, 4);
OFFSET(hv_register_page, gpr, 8);
OFFSET(hv_register_page, rip, 136);
OFFSET(hv_register_page, rflags, 144);
OFFSET(hv_register_page, xmm, 160);
OFFSET(hv_register_page, segment, 256);
OFFSET(hv_register_page, cr0, 352);
OFFSET(hv_register_page, pending_interruption, 400);
OFFSET(hv_register_page, xfem, 424);

SIZE(hv_reference_tsc_page, 4096);
OFFSET(hv_reference_tsc_page, scale, 8);
OFFSET(hv_reference_tsc_page, offset, 16);
SIZE(hv_vp_assist_page, 4096);
SIZE(hv_event_page, 4096);
OFFSET(hv_event_page, port, 56);
SIZE(hv_boot_memory, 24);
SIZE(hv_boot_module, 112);

SIZE(hv_message_page, 4096);
SIZE(hv_event_flags, 256);
SIZE(hv_event_flags_page, 4096);

SIZE(hv_guid, 16);
SIZE(vmbus_offer_channel, 196);
OFFSET(vmbus_offer_channel, interface, 8);
OFFSET(vmbus_offer_channel, instance, 24);
OFFSET(vmbus_offer_channel, channel_flags, 56);
OFFSET(vmbus_offer_channel, mmio_megabytes, 58);
OFFSET(vmbus_offer_channel, user_data, 60);
OFFSET(vmbus_offer_channel, subchannel_index, 180);
OFFSET(vmbus_offer_channel, relid, 184);
OFFSET(vmbus_offer_channel, monitor_id, 188);
OFFSET(vmbus_offer_channel, is_monitor_allocated, 189);
OFFSET(vmbus_offer_channel, is_dedicated_interrupt, 190);
OFFSET(vmbus_offer_channel, connection_id, 192);
SIZE(vmbus_relid_message, 12);
SIZE(vmbus_open_channel, 148);
OFFSET(vmbus_open_channel, relid, 8);
OFFSET(vmbus_open_channel, open_id, 12);
OFFSET(vmbus_open_channel, ring_gpadl, 16);
OFFSET(vmbus_open_channel, target_vp, 20);
OFFSET(vmbus_open_channel, downstream_page, 24);
OFFSET(vmbus_open_channel, user_data, 28);
SIZE(vmbus_open_result, 20);
OFFSET(vmbus_open_result, status, 16);
SIZE(vmbus_gpadl_header, 28);
OFFSET(vmbus_gpadl_header, gpadl, 12);
OFFSET(vmbus_gpadl_header, range_size, 16);
OFFSET(vmbus_gpadl_header, range_count, 18);
OFFSET(vmbus_gpadl_header, byte_count, 20);
OFFSET(vmbus_gpadl_header, byte_offset, 24);
_Static_assert(sizeof(struct vmbus_gpadl_header) + 8 * VMBUS_GPADL_HEADER_PAGES <= HV_POST_MESSAGE_SIZE,
               "page numbers of a GPADL's header");
SIZE(vmbus_gpadl_body, 16);
OFFSET(vmbus_gpadl_body, gpadl, 12);
_Static_assert(sizeof(struct vmbus_gpadl_body) + 8 * VMBUS_GPADL_BODY_PAGES == HV_POST_MESSAGE_SIZE,
               "page numbers of a GPADL's body");
SIZE(vmbus_gpadl_created, 20);
OFFSET(vmbus_gpadl_created, status, 16);
SIZE(vmbus_gpadl_teardown, 16);
SIZE(vmbus_gpadl_torndown, 12);
SIZE(vmbus_initiate_contact, 40);
OFFSET(vmbus_initiate_contact, version, 8);
OFFSET(vmbus_initiate_contact, target_vp, 12);
OFFSET(vmbus_initiate_contact, interrupt_page, 16);
OFFSET(vmbus_initiate_contact, target.vtl, 17);
OFFSET(vmbus_initiate_contact, target.feature_flags, 20);
OFFSET(vmbus_initiate_contact, monitor_page, 24);
SIZE(vmbus_version_response, 16);
OFFSET(vmbus_version_response, connection_state, 9);
OFFSET(vmbus_version_response, message_connection_id, 12);
SIZE(vmbus_modify_channel, 16);
SIZE(vmbus_modify_response, 16);
SIZE(vmbus_tl_connect, 40);
SIZE(vmbus_tl_connect_result, 44);
SIZE(vmbus_ring_control, 4096);
OFFSET(vmbus_ring_control, read_index, 4);
OFFSET(vmbus_ring_control, interrupt_mask, 8);
OFFSET(vmbus_ring_control, pending_send_size, 12);
OFFSET(vmbus_ring_control, feature_bits, 64);
SIZE(vmbus_packet_descriptor, 16);
OFFSET(vmbus_packet_descriptor, payload_offset8, 2);
OFFSET(vmbus_packet_descriptor, size8, 4);
OFFSET(vmbus_packet_descriptor, flags, 6);
OFFSET(vmbus_packet_descriptor, transaction_id, 8);
SIZE(vmbus_gpa_direct_header, 8);
SIZE(vmbus_gpa_range, 8);

SIZE(hv_ic_header, 28);
OFFSET(hv_ic_header, framework, 8);
OFFSET(hv_ic_header, type, 12);
OFFSET(hv_ic_header, message, 14);
OFFSET(hv_ic_header, size, 18);
OFFSET(hv_ic_header, status, 20);
OFFSET(hv_ic_header, transaction_id, 24);
OFFSET(hv_ic_header, flags, 25);
OFFSET(hv_ic_negotiate, version, 8);
SIZE(hv_ic_heartbeat, 40);
SIZE(hv_ic_shutdown, 2060);
OFFSET(hv_ic_shutdown, message, 12);
OFFSET(hv_ic_time, flags, 24);
OFFSET(hv_ic_time_reference, flags, 16);
OFFSET(hv_ic_time_reference, stratum, 18);
SIZE(hv_ic_kvp_pair, 2572);
OFFSET(hv_ic_kvp_pair, key, 12);
OFFSET(hv_ic_kvp_pair, value, 524);
SIZE(hv_ic_kvp, 2580);
OFFSET(hv_ic_kvp, pair, 4);
OFFSET(hv_ic_kvp, item.pair, 8);

SIZE(hv_storvsc_packet, 64);
OFFSET(hv_storvsc_packet, srb, 12);
OFFSET(hv_storvsc_packet, srb.srb_status, 14);
OFFSET(hv_storvsc_packet, srb.lun, 19);
OFFSET(hv_storvsc_packet, srb.cdb_size, 20);
OFFSET(hv_storvsc_packet, srb.transfer_size, 24);
OFFSET(hv_storvsc_packet, srb.cdb, 28);
OFFSET(hv_storvsc_packet, srb.queue_tag, 50);
OFFSET(hv_storvsc_packet, srb.srb_flags, 52);
OFFSET(hv_storvsc_packet, srb.queue_sort_key, 60);
SIZE(hv_storvsc_srb, 52);
SIZE(hv_storvsc_properties, 24);
OFFSET(hv_storvsc_properties, subchannel_max, 4);
OFFSET(hv_storvsc_properties, flags, 8);
OFFSET(hv_storvsc_properties, transfer_max, 12);

/* Every header and every list element fits the page that carries it. */
#define HV_CALL(NAME, name, code, privilege, target, form, in, rep_in, out, rep_out)                                   \
	_Static_assert((in) + (rep_in) <= HV_PAGE_SIZE && (out) + (rep_out) <= HV_PAGE_SIZE,                           \
	               "input or output of " #name);
#include <hv_abi/calls.def>
#undef HV_CALL
