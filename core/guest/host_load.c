/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A file into memory of the host that nobody has: for a region of a guest that is made afterwards
 * and names that memory (host_physical_addr). The frames are taken while it is written, and free
 * again then; their contents stay until somebody takes them. No data, no lock.
 */
#include <core/fdt_load.h>

#include <arch/cache.h>
#include <core/mem.h>
#include <core/shell.h>
#include <core/vfs.h>
#include <libs/errno.h>
#include <libs/printf.h>

/* Read a part of a file to where some frames are mapped. */
static int read_part(struct vfs_file *file, uint64_t offset, uint8_t *to, uint64_t bytes)
{
	uint64_t done = 0;

	while (done < bytes) {
		int64_t n = vfs_read(file, offset + done, to + done,
				     (size_t)MIN_T(uint64_t, bytes - done, BLOCK_SIZE));

		if (n <= 0)
			return n ? (int)n : -EIO;
		done += (uint64_t)n;
	}
	/* Who reads it first may do so with its caches off. */
	arch_cache_clean_inval(to, bytes);
	return 0;
}

static int into_frames(hpa_t at, struct vfs_file *file, uint64_t offset, uint64_t bytes)
{
	hpa_t first = ALIGN_DOWN(at, PAGE_SIZE);
	uint64_t size = ALIGN_UP(at + bytes, PAGE_SIZE) - first;
	uint8_t *va;
	int err;

	if (!mem_is_ram(first, size))
		return -ERANGE;
	err = frame_reserve(first, size >> PAGE_SHIFT);
	if (err)
		return err;
	va = mem_map_frames(first, size);
	err = va ? read_part(file, offset, va + (at - first), bytes) : -ENOMEM;
	frame_free(first, size >> PAGE_SHIFT);
	return err;
}

static const char *reason(int err)
{
	if (err == -ERANGE)
		return "that is not RAM of this machine";
	if (err == -EBUSY)
		return "that memory is in use ('vfs guest_load' loads into guests)";
	return error_text(err);
}

int host_load_file(hpa_t at, const char *path, uint64_t offset, uint64_t bytes,
		   struct shell_out *out)
{
	struct vfs_file file;
	int err = vfs_open(path, &file);

	if (err) {
		out_printf(out, "%s cannot be read: %s\n", path, error_text(err));
		return err;
	}
	if (offset > file.stat.size || at + file.stat.size < at) {
		out_printf(out, "%s has %" PRIu64 " bytes: 0x%" PRIx64 " and offset %" PRIu64
			   " are too much\n", path, file.stat.size, at, offset);
		vfs_close(&file);
		return -ERANGE;
	}
	bytes = MIN(bytes, file.stat.size - offset);
	if (bytes)
		err = into_frames(at, &file, offset, bytes);
	vfs_close(&file);
	if (err)
		out_printf(out, "%s: %" PRIu64 " bytes cannot be loaded to 0x%" PRIx64 ": %s\n",
			   path, bytes, at, reason(err));
	return err;
}
