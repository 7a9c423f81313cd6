/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * One direction of a VMBus ring, as parent/vmbus/ring.c implements both ends, on
 * processors with store buffers (x86-TSO: a store becomes visible later than the
 * loads behind it, unless a fence lies between). Sizes are in packets: the ring
 * has room for ROOM, packets are 1 or 2 long. Sleepers wait for a signal.
 *
 *   writer  ring_write, ring_publish, ring_wait_for_room
 *   reader  ring_read, ring_release, ring_mask, ring_unmask
 *
 * Claim: nobody sleeps for ever. A writer that waits with enough room, or a reader
 * that sleeps at a ring with packets in it, has a signal on its way; so every
 * packet arrives. A missing wake-up ends in a state without a successor, in which
 * both processes have not reached their end: an invalid end state, which pan reports.
 *
 * Saboteurs, one at a time:
 *   NO_PUBLISH_FENCE  the writer loads the mask before its index is visible
 *   NO_UNMASK_FENCE   the reader looks again before its mask is visibly clear
 *   NO_UNMASK_CHECK   the reader sleeps without looking again
 *   NO_WAIT_FENCE     the writer looks again before pending_send_size is visible
 *   NO_WAIT_CHECK     the writer waits without looking again
 *   NO_RELEASE_FENCE  the reader loads pending_send_size before its index is visible
 */
#ifndef ROOM
#define ROOM 3
#endif
#ifndef PACKETS
#define PACKETS 4
#endif

/* Shared memory. Indices count up; the difference is what matters. */
byte write_index, read_index, mask, pending_size;
/* Signals on their way; a signal sent twice before it is taken is one. */
bool to_reader, to_writer;

/* Store buffers, in order: at most two stores wait between fences. */
chan writer_stores = [3] of { byte, byte };
chan reader_stores = [3] of { byte, byte };
#define WRITE_INDEX  0
#define READ_INDEX   1
#define MASK         2
#define PENDING_SIZE 3

inline carry_out(name, value)
{
	if
	:: name == WRITE_INDEX -> write_index = value
	:: name == READ_INDEX -> read_index = value
	:: name == MASK -> mask = value
	:: name == PENDING_SIZE -> pending_size = value
	fi
}

/* The memory system: carries stores out, some time. */
active proctype memory()
{
	byte name, value;

end:	do
	:: atomic { writer_stores?name, value -> carry_out(name, value) }
	:: atomic { reader_stores?name, value -> carry_out(name, value) }
	od
}

#define WRITER_FENCE empty(writer_stores)
#define READER_FENCE empty(reader_stores)

byte published; /* the writer's own copy of write_index */
byte released;  /* the reader's of read_index */
bool writer_done, reader_done;

active proctype writer()
{
	byte sent, size, seen, before;
	bool is_waiting;

	do
	:: sent == PACKETS -> break
	:: else ->
		if
		:: size = 1
		:: size = 2
		fi;
		/* ring_write: packets never fill the ring, one unit stays free. */
try:		seen = read_index;
		if
		:: ROOM + 1 - (published - seen) > size -> skip
		:: else ->
			/* ring_wait_for_room */
			atomic { writer_stores!PENDING_SIZE, size; is_waiting = true }
#ifndef NO_WAIT_FENCE
			WRITER_FENCE;
#endif
#ifndef NO_WAIT_CHECK
			seen = read_index;
			if
			:: ROOM + 1 - (published - seen) > size -> goto room
			:: else -> skip
			fi;
#endif
			/* Asleep; the signal may have come before. */
			atomic { to_writer -> to_writer = false }
			goto try
		fi;
room:		if
		:: is_waiting -> atomic { writer_stores!PENDING_SIZE, 0; is_waiting = false }
		:: else -> skip
		fi;
		/* ring_publish */
		before = published;
		published = published + size;
		writer_stores!WRITE_INDEX, published;
#ifndef NO_PUBLISH_FENCE
		WRITER_FENCE;
#endif
		if
		:: mask == 0 ->
			if
			:: read_index == before -> to_reader = true
			:: else -> skip
			fi
		:: else -> skip
		fi;
		sent++
	od;
	WRITER_FENCE;
	writer_done = true
}

active proctype reader()
{
	byte read, seen, wait, written;

	do
	:: writer_done && read == published && released == read -> break
	:: else ->
		/* Asleep until a signal; at the end nobody signals any more. */
		if
		:: atomic { to_reader -> to_reader = false }
		:: writer_done && read == published -> break
		fi;
		reader_stores!MASK, 1;
again:		do
		:: seen = write_index;
			if
			:: seen == read -> break
			:: else -> skip
			fi;
			/* ring_read takes some of what is there, or all. */
			if
			:: read = read + 1
			:: read = seen
			fi;
			/* ring_release */
			reader_stores!READ_INDEX, read;
#ifndef NO_RELEASE_FENCE
			READER_FENCE;
#endif
			wait = pending_size;
			written = write_index;
			if
			:: wait != 0 && ROOM + 1 - (written - read) > wait && ROOM + 1 - (written - released) <= wait ->
				to_writer = true
			:: else -> skip
			fi;
			released = read
		od;
		/* ring_unmask */
		reader_stores!MASK, 0;
#ifndef NO_UNMASK_FENCE
		READER_FENCE;
#endif
#ifndef NO_UNMASK_CHECK
		seen = write_index;
		if
		:: seen != read -> reader_stores!MASK, 1; goto again
		:: else -> skip
		fi
#endif
	od;
	reader_done = true
}
