/* SPDX-License-Identifier: Apache-2.0 OR MIT
 *
 * powercut-check LOG SIZE BEGIN SYNCED: judges a disk by its log. The volume of SIZE bytes begins BEGIN bytes into the
 * disk; the guest said last that it had synced block SYNCED. Status 0 if every promise was kept.
 */
#include "powercut/judge.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static const uint8_t *map_file(const char *name, size_t *size) {
	int file = open(name, O_RDONLY);
	struct stat status;
	void *bytes = MAP_FAILED;

	if (file >= 0 && fstat(file, &status) == 0 && status.st_size > 0) {
		*size = (size_t)status.st_size;
		bytes = mmap(NULL, *size, PROT_READ, MAP_PRIVATE, file, 0);
	}
	if (file >= 0)
		close(file);
	return bytes == MAP_FAILED ? NULL : bytes;
}

static int judge_log(struct judge *judge, struct write_log *log, uint64_t synced) {
	struct judge_verdict verdict = {0};
	struct write_log_entry entry;
	const char *error;

	while (!verdict.block && write_log_next(log, &entry, &error))
		verdict = judge_entry(judge, &entry);
	if (!verdict.block && error) {
		fprintf(stderr, "powercut-check: after entry %" PRIu64 " of the log: %s\n", log->read, error);
		return 1;
	}
	if (!verdict.block)
		verdict = judge_promise(judge, synced);
	printf("powercut-check: %" PRIu64 " entries, %" PRIu64 " writes (%" PRIu64 " of them FUA), %" PRIu64
	       " flushes, %" PRIu64 " promises up to block %" PRIu64 "\n",
	       log->read, judge->writes, judge->durable_writes, judge->flushes, judge->checks, judge->synced);
	if (verdict.block) {
		printf("powercut-check: entry %" PRIu64 ": block %" PRIu64 " is lost, though all up to %" PRIu64
		       " were synced\n",
		       log->read, verdict.block, verdict.synced);
		return 1;
	}
	return 0;
}

int main(int argc, char **argv) {
	struct write_log log;
	struct judge judge;
	const char *error = "it cannot be read";
	const uint8_t *bytes;
	size_t size = 0;
	int status;

	if (argc != 5) {
		fprintf(stderr, "usage: powercut-check LOG SIZE BEGIN SYNCED\n");
		return 2;
	}
	bytes = map_file(argv[1], &size);
	if (!bytes || !write_log_open(&log, bytes, size, &error)) {
		fprintf(stderr, "powercut-check: %s is no log of writes: %s\n", argv[1], error);
		return 1;
	}
	if (!judge_open(&judge, strtoull(argv[2], NULL, 0), strtoull(argv[3], NULL, 0))) {
		fprintf(stderr, "powercut-check: no memory for a volume of %s bytes\n", argv[2]);
		return 1;
	}
	status = judge_log(&judge, &log, strtoull(argv[4], NULL, 0));
	judge_close(&judge);
	return status;
}
