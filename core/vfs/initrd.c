/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The initrd that the boot loader left in memory: unpacked where it is gzip, mounted at "/". Its
 * memory is never given back, because files are read, and mapped into guests, in place. Boot only.
 */
#include <core/vfs.h>

#include <core/dt.h>
#include <core/log.h>
#include <core/mem.h>
#include <libs/errno.h>
#include <libs/inflate.h>
#include <libs/parse.h>
#include <libs/printf.h>

/* Where it is; size 0: nowhere. */
static void *find_initrd(uint64_t *size)
{
	struct dt_node *chosen = dt_find("/chosen");
	uint64_t start, end;
	uint8_t *map;

	*size = 0;
	if (!chosen || dt_u64(chosen, "linux,initrd-start", &start) ||
	    dt_u64(chosen, "linux,initrd-end", &end) || end <= start)
		return NULL;
	if (!mem_is_ram(start, end - start)) {
		log_error("initrd: 0x%" PRIx64 " ... 0x%" PRIx64 " of /chosen is not memory", start,
			  end);
		return NULL;
	}
	map = mem_map_frames(ALIGN_DOWN(start, PAGE_SIZE),
			     ALIGN_UP(end, PAGE_SIZE) - ALIGN_DOWN(start, PAGE_SIZE));
	if (!map) {
		log_error("initrd: not enough memory for page tables");
		return NULL;
	}
	*size = end - start;
	return map + start % PAGE_SIZE;
}

static int count_bytes(void *ctx, const void *data, size_t n)
{
	*(uint64_t *)ctx += n;
	return 0;
}

/*
 * What the size in the file's last bytes does not tell (several members, padding), unpacking does.
 */
static int measure(const void *in, uint64_t in_size, uint64_t *size)
{
	void *window = heap_alloc(INFLATE_WINDOW);
	int err;

	if (!window)
		return -ENOMEM;
	*size = 0;
	err = gunzip_stream(in, (size_t)in_size, window, count_bytes, size);
	heap_free(window);
	return err;
}

static int unpack_to(const void *in, uint64_t in_size, uint64_t room, void **out, uint64_t *size)
{
	size_t pages = (size_t)((room + PAGE_SIZE - 1) / PAGE_SIZE), used, n = 0;
	hpa_t frames = pages ? frame_alloc(pages, 0) : 0;
	int err = -ENOMEM;

	if (!frames)
		return -ENOMEM;
	*out = mem_map_frames(frames, (uint64_t)pages * PAGE_SIZE);
	if (*out)
		err = gunzip(in, (size_t)in_size, *out, pages * PAGE_SIZE, &n);
	used = err ? 0 : (n + PAGE_SIZE - 1) / PAGE_SIZE;
	if (used < pages)
		frame_free(frames + used * PAGE_SIZE, pages - used);
	*size = n;
	return err;
}

static int unpack(const void *in, uint64_t in_size, void **out, uint64_t *size)
{
	uint32_t hint = 0;
	uint64_t room;
	int err;

	err = gzip_size_hint(in, (size_t)in_size, &hint);
	if (!err)
		err = unpack_to(in, in_size, hint, out, size);
	if (err != -ENOSPC && err != -ENOMEM)
		return err;
	err = measure(in, in_size, &room);
	return err ? err : unpack_to(in, in_size, room, out, size);
}

void vfs_mount_initrd(void)
{
	char text[16];
	uint64_t size;
	void *image = find_initrd(&size);
	struct vfs_mount *m;
	int err;

	if (!image)
		return;
	if (gzip_detect(image, (size_t)size)) {
		void *packed = image;

		err = unpack(packed, size, &image, &size);
		if (err) {
			log_error("initrd: %s", err == -ENOMEM ? "not enough memory to unpack it"
							       : inflate_error_text(err));
			return;
		}
	}
	err = vfs_mount_image("/", image, size);
	if (err) {
		log_error("initrd: %s",
			  err == -ENOEXEC ? "neither a cpio archive (newc) nor an ext2 image, "
					    "plain or gzip"
					  : error_text(err));
		return;
	}
	vfs_list_lock();
	m = vfs_mount_next(NULL);
	log_info("initrd: %s, %s, mounted at /", m->fs->name,
		 format_size(text, sizeof(text), size));
	vfs_list_unlock();
}
