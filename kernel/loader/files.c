/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Reads files whole, straight into the pages where they stay. Follows
 * [UEFI 13.4 "Simple File System Protocol", 13.5 "File Protocol"].
 */
#include "loader/files.h"

#include "lib/addr.h"
#include "loader/config.h"
#include "loader/firmware.h"
#include "loader/report.h"

#define CHUNK_SIZE    (1ull << 20)
#define PROGRESS_SIZE (4ull << 20)

static EFI_FILE_HANDLE volume, handle;

void files_open_volume(void) {
	EFI_LOADED_IMAGE *image = NULL;
	EFI_FILE_IO_INTERFACE *interface = NULL;
	EFI_STATUS status =
	    firmware.boot->HandleProtocol(firmware.image, &(EFI_GUID)EFI_LOADED_IMAGE_PROTOCOL_GUID, (void **)&image);

	if (status == EFI_SUCCESS)
		status = firmware.boot->HandleProtocol(
		    image->DeviceHandle, &(EFI_GUID)EFI_SIMPLE_FILE_SYSTEM_PROTOCOL_GUID, (void **)&interface);
	if (status == EFI_SUCCESS)
		status = interface->OpenVolume(interface, &volume);
	if (status != EFI_SUCCESS)
		fail(status,
		     "the loader's own file system cannot be opened (%s); start it from a "
		     "FAT partition",
		     report_status_text(status));
}

static void close(EFI_FILE_HANDLE *file) {
	if (*file != NULL)
		(*file)->Close(*file);
	*file = NULL;
}

void files_close(void) {
	close(&handle);
	close(&volume);
}

static EFI_STATUS open(const char *path) {
	CHAR16 wide[CONFIG_PATH_SIZE];
	unsigned n = 0;

	do
		wide[n] = (CHAR16)(path[n] == '/' ? '\\' : path[n]);
	while (path[n++] != '\0');
	return volume->Open(volume, &handle, wide, EFI_FILE_MODE_READ, 0);
}

/* A directory refuses to be positioned, so it fails here. */
static EFI_STATUS measure(uint64_t *size) {
	EFI_STATUS status = handle->SetPosition(handle, ~0ull);

	if (status == EFI_SUCCESS)
		status = handle->GetPosition(handle, size);
	if (status == EFI_SUCCESS)
		status = handle->SetPosition(handle, 0);
	return status;
}

static void read_all(const char *what, const char *path, const struct file *file) {
	for (uint64_t done = 0; done < file->size;) {
		uint64_t left = file->size - done;
		UINTN chunk = left < CHUNK_SIZE ? left : CHUNK_SIZE;
		EFI_STATUS status = handle->Read(handle, &chunk, (char *)file->data + done);

		if (status != EFI_SUCCESS || chunk == 0)
			fail(EFI_LOAD_ERROR,
			     "%s %s ends after %lu of %lu bytes (%s); check the disk "
			     "and write the file again",
			     what, path, done, file->size, report_status_text(status));
		done += chunk;
	}
}

struct file files_read(const char *what, const char *path, uint64_t max_size, enum handoff_memory_type type) {
	struct file file;
	EFI_STATUS status = open(path);

	if (status == EFI_SUCCESS)
		status = measure(&file.size);
	if (status != EFI_SUCCESS)
		fail(status,
		     "%s %s cannot be opened as a file (%s); put it on the EFI system "
		     "partition",
		     what, path, report_status_text(status));
	if (file.size == 0 || file.size > max_size)
		fail(EFI_LOAD_ERROR,
		     "%s %s has %lu bytes, but 1 to %lu are allowed; write the right "
		     "file",
		     what, path, file.size, max_size);
	file.data = firmware_allocate(path, file.size, PAGE_SIZE, FIRMWARE_ANYWHERE, type);
	if (file.size > PROGRESS_SIZE)
		report("reading %s (%lu MiB)", path, file.size >> 20);
	read_all(what, path, &file);
	close(&handle);
	return file;
}
