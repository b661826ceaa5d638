/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is loaded into a guest's memory: files of the VFS, recognised kernels, generated device
 * trees. Each is kept in guest->images, guarded by guest->life, and loaded again at each reset. A
 * file is copied once, from where its file system has it to the guest, or decompressed straight
 * into it.
 */
#include <core/guest.h>

#include "guest_priv.h"

#include <core/dt.h>
#include <core/image.h>
#include <core/log.h>
#include <core/mem.h>
#include <core/shell.h>
#include <core/vfs.h>
#include <libs/errno.h>
#include <libs/inflate.h>
#include <libs/printf.h>
#include <libs/string.h>

/* Where a file system has no map(), files are copied through a buffer of this size. */
#define CHUNK 0x10000
/* A script that loads without end shall not take all memory. */
#define IMAGES_MAX 256

struct guest_image {
	struct list link;     /* guest->images */
	gpa_t gpa;	      /* lowest address */
	uint64_t size;	      /* up to the highest */
	char *path;	      /* NULL: a blob */
	struct vfs_file file; /* open as long as the image exists */
	void *blob;
	bool gzip;
	uint64_t data_offset, data_size; /* in the file */
	uint64_t content;		 /* bytes that data has, decompressed */
	unsigned nr_parts;
	struct image_part parts[];
};

static void image_free(struct guest_image *im)
{
	if (im->path)
		vfs_close(&im->file);
	heap_free(im->path);
	heap_free(im->blob);
	heap_free(im);
}

/* --- copying ------------------------------------------------------------------------------- */

/* Content [at, at + n) goes to those parts that want it. */
struct scatter {
	struct guest *guest;
	const struct guest_image *im;
	uint64_t at;
};

static int scatter(void *ctx, const void *data, size_t n)
{
	struct scatter *s = ctx;

	/* A compressed file that holds more than it says would never end. */
	if (n > s->im->content - s->at)
		return -EBADMSG;
	for (unsigned i = 0; i < s->im->nr_parts; i++) {
		const struct image_part *p = &s->im->parts[i];
		uint64_t from = MAX(s->at, p->offset);
		uint64_t to = MIN(s->at + n, p->offset + p->size);
		int err;

		if (from >= to)
			continue;
		err = guest_mem_load(s->guest, p->gpa + (from - p->offset),
				     (const uint8_t *)data + (from - s->at), to - from);
		if (err)
			return err;
	}
	s->at += n;
	return 0;
}

/* File systems without map(): through a buffer, in order. */
static int copy_reading(struct guest *guest, struct guest_image *im)
{
	struct scatter s = { .guest = guest, .im = im };
	void *buf = heap_alloc(CHUNK);
	int err = buf ? 0 : -ENOMEM;

	while (!err && s.at < im->data_size) {
		size_t want = MIN_T(uint64_t, CHUNK, im->data_size - s.at);
		int64_t n = vfs_read(&im->file, im->data_offset + s.at, buf, want);

		err = n > 0 ? scatter(&s, buf, (size_t)n) : n < 0 ? (int)n : -EIO;
	}
	heap_free(buf);
	return err;
}

static int copy_unpacking(struct guest *guest, struct guest_image *im, const uint8_t *data)
{
	struct scatter s = { .guest = guest, .im = im };
	void *window = heap_alloc(INFLATE_WINDOW);
	void *all = NULL;
	int err = window ? 0 : -ENOMEM;

	if (!err && !data) {
		size_t len = 0;

		err = vfs_load(im->path, im->file.stat.size, &all, &len);
		if (!err && len < im->data_offset + im->data_size)
			err = -EIO;
		data = all;
	}
	if (!err)
		err = gunzip_stream(data + im->data_offset, im->data_size, window, scatter, &s);
	if (!err && s.at != im->content)
		err = -EBADMSG;
	heap_free(all);
	heap_free(window);
	return err;
}

static int zero_behind(struct guest *guest, const struct image_part *p)
{
	uint64_t left = p->mem_size - p->size;
	gpa_t gpa = p->gpa + p->size;
	void *zeros;
	int err = 0;

	if (!left)
		return 0;
	zeros = heap_zalloc(MIN_T(uint64_t, left, CHUNK));
	if (!zeros)
		return -ENOMEM;
	while (!err && left) {
		size_t n = MIN_T(uint64_t, left, CHUNK);

		err = guest_mem_load(guest, gpa, zeros, n);
		gpa += n;
		left -= n;
	}
	heap_free(zeros);
	return err;
}

static int image_load(struct guest *guest, struct guest_image *im)
{
	const uint8_t *data = NULL;
	int err = 0;

	if (im->blob)
		return guest_mem_load(guest, im->gpa, im->blob, im->size);
	data = vfs_map(&im->file);
	if (im->gzip) {
		err = copy_unpacking(guest, im, data);
	} else if (data) {
		struct scatter s = { .guest = guest, .im = im };

		err = scatter(&s, data + im->data_offset, im->data_size);
	} else {
		err = copy_reading(guest, im);
	}
	for (unsigned i = 0; !err && i < im->nr_parts; i++)
		err = zero_behind(guest, &im->parts[i]);
	return err;
}

/* --- the list ------------------------------------------------------------------------------- */

/* To a shell, or into the log where nobody waits for an answer (a reset by the guest itself). */
static void say(struct shell_out *out, const char *fmt, ...) printf_like(2, 3);

static void say(struct shell_out *out, const char *fmt, ...)
{
	char text[300];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (out)
		out_printf(out, "%s\n", text);
	else
		log_error("%s", text);
}

static int load_failed(struct guest *guest, const struct guest_image *im, int err,
		       struct shell_out *out)
{
	const char *what = im->path ? im->path : "device tree";

	if (err == -EFAULT)
		say(out,
		    "%s: %s does not fit: the guest has no memory at all of 0x%" PRIx64
		    " to 0x%" PRIx64,
		    guest->name, what, im->gpa, im->gpa + im->size - 1);
	else if (im->gzip)
		say(out, "%s: %s could not be decompressed: %s", guest->name, what,
		    err == -ENOMEM ? error_text(err) : inflate_error_text(err));
	else
		say(out, "%s: %s could not be loaded at 0x%" PRIx64 ": %s", guest->name, what,
		    im->gpa, error_text(err));
	return err;
}

/* Of an image that is loaded over completely nothing is left, so it need not be loaded again. */
static void drop_covered(struct guest *guest, const struct guest_image *by)
{
	struct guest_image *im, *next;

	list_for_each_entry_safe(im, next, &guest->images, link) {
		/* A file in several parts leaves the gaps between them as they are. */
		if (by->nr_parts > 1 || im->gpa < by->gpa || im->gpa - by->gpa > by->size ||
		    im->size > by->size - (im->gpa - by->gpa))
			continue;
		list_del(&im->link);
		image_free(im);
	}
}

/* Load a new image and put it into the list; it is freed when that fails. */
static int image_add(struct guest *guest, struct guest_image *im, struct shell_out *out)
{
	int err;

	mutex_lock(&guest->life);
	err = image_load(guest, im);
	if (!err) {
		drop_covered(guest, im);
		if (list_count(&guest->images) >= IMAGES_MAX)
			err = -ENOSPC;
		else
			list_add_tail(&guest->images, &im->link);
	}
	mutex_unlock(&guest->life);
	if (!err)
		return 0;
	if (out && err == -ENOSPC)
		out_printf(out,
			   "%s: %s is not loaded: %u images are loaded already, which is the most "
			   "that are kept for a reset\n",
			   guest->name, im->path, IMAGES_MAX);
	else if (out)
		load_failed(guest, im, err, out);
	image_free(im);
	return err;
}

/* A new image of a file, which is open then. NULL after an error, which is said on out. */
static struct guest_image *image_new(struct guest *guest, const char *path, unsigned parts,
				     int *err, struct shell_out *out)
{
	struct guest_image *im = heap_zalloc(sizeof(*im) + parts * sizeof(im->parts[0]));
	char *name = heap_strdup(path);

	*err = im && name ? vfs_open(path, &im->file) : -ENOMEM;
	if (!*err && im->file.stat.type != VFS_FILE) {
		*err = im->file.stat.type == VFS_DIR ? -EISDIR : -EINVAL;
		vfs_close(&im->file);
	}
	if (*err) {
		out_printf(out, "%s: %s cannot be loaded: %s\n", guest->name, path,
			   error_text(*err));
		heap_free(name);
		heap_free(im);
		return NULL;
	}
	list_init(&im->link);
	im->path = name;
	im->nr_parts = parts;
	return im;
}

int guest_load_file(struct guest *guest, gpa_t gpa, const char *path, struct shell_out *out)
{
	int err;
	struct guest_image *im = image_new(guest, path, 1, &err, out);

	if (!im)
		return err;
	im->gpa = gpa;
	im->size = im->file.stat.size;
	im->data_size = im->size;
	im->content = im->size;
	im->parts[0] = (struct image_part){ .gpa = gpa, .size = im->size, .mem_size = im->size };
	if (im->size && gpa + im->size - 1 >= gpa)
		return image_add(guest, im, out);
	err = im->size ? load_failed(guest, im, -EFAULT, out) : -EINVAL;
	if (!im->size)
		out_printf(out, "%s: %s is empty, so there is nothing to load\n", guest->name,
			   path);
	image_free(im);
	return err;
}

int guest_load_image(struct guest *guest, gpa_t gpa, const char *path,
		     const struct kernel_image *image, struct shell_out *out)
{
	gpa_t base = image->fixed ? 0 : gpa;
	gpa_t low = UINT64_MAX, high = 0;
	int err;
	struct guest_image *im = image_new(guest, path, image->nr_parts, &err, out);

	if (!im)
		return err;
	for (unsigned i = 0; i < image->nr_parts; i++) {
		im->parts[i] = image->parts[i];
		im->parts[i].gpa += base;
		low = MIN(low, im->parts[i].gpa);
		high = MAX(high, im->parts[i].gpa + im->parts[i].mem_size);
	}
	im->gpa = low;
	im->size = high > low ? high - low : 0;
	im->gzip = image->gzip;
	im->data_offset = image->data_offset;
	im->data_size = image->data_size;
	im->content = image->size;
	/* The file was recognised before; another one may be at its path now. */
	if (im->data_offset > im->file.stat.size ||
	    im->data_size > im->file.stat.size - im->data_offset || !im->size) {
		out_printf(out, "%s: %s has changed while it was loaded; try again\n", guest->name,
			   path);
		image_free(im);
		return -EAGAIN;
	}
	return image_add(guest, im, out);
}

int guest_keep_blob(struct guest *guest, gpa_t gpa, const void *data, size_t size)
{
	struct guest_image *im = heap_zalloc(sizeof(*im));
	void *blob = heap_alloc(size ? size : 1);

	if (!im || !blob) {
		heap_free(im);
		heap_free(blob);
		return -ENOMEM;
	}
	memcpy(blob, data, size);
	list_init(&im->link);
	im->gpa = gpa;
	im->size = size;
	im->blob = blob;
	return image_add(guest, im, NULL);
}

void guest_images_for_each(struct guest *guest,
			   void (*fn)(const char *path, gpa_t gpa, uint64_t size, void *arg),
			   void *arg)
{
	struct guest_image *im;

	mutex_lock(&guest->life);
	list_for_each_entry(im, &guest->images, link)
		fn(im->path, im->gpa, im->size, arg);
	mutex_unlock(&guest->life);
}

int guest_images_load(struct guest *guest, struct shell_out *out)
{
	struct guest_image *im;

	list_for_each_entry(im, &guest->images, link) {
		int err = image_load(guest, im);

		if (err)
			return load_failed(guest, im, err, out);
	}
	return 0;
}

void guest_images_free(struct guest *guest)
{
	struct guest_image *im, *next;

	list_for_each_entry_safe(im, next, &guest->images, link) {
		list_del(&im->link);
		image_free(im);
	}
}

int guest_set_start(struct guest *guest, uint64_t pc, uint64_t arg)
{
	struct vcpu *vcpu = guest->vcpus[0];
	int err;

	mutex_lock(&guest->life);
	err = guest->state == GUEST_READY ? dt_set_u64(vcpu->node, "start_pc", pc) : -EBUSY;
	if (!err) {
		vcpu->start_pc = pc;
		vcpu->start_arg = arg;
		vcpu_reset(vcpu);
	}
	mutex_unlock(&guest->life);
	return err;
}
