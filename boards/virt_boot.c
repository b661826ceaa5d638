/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Loads a guest of the board "virt": kernel, initial RAM disk and generated device tree into its
 * RAM by the boot protocol of the kernel's kind, or firmware into its flash. The guest is new and
 * does not run; thread context.
 */
#include "virt.h"

#include "arm_fdt.h"

#include <core/board.h>
#include <core/dt.h>
#include <core/guest.h>
#include <core/image.h>
#include <core/mem.h>
#include <core/random.h>
#include <core/shell.h>
#include <core/vfs.h>
#include <libs/errno.h>
#include <libs/parse.h>
#include <libs/printf.h>
#include <libs/string.h>

#define MODEL "linux,dummy-virt"
/* Kept free for the device tree before its size is known. */
#define DTB_ROOM 0x10000

/* One boot; in the heap because the image's parts are many. */
struct boot {
	const struct guest_config *cfg;
	struct guest *guest;
	struct shell_out *out;
	const struct region *ram;
	struct kernel_image image;
	struct boot_wish wish;
	struct boot_plan plan;
	void *own_dtb; /* dtb= */
	size_t own_dtb_size;
	char why[IMAGE_WHY_MAX];
};

static int refuse(struct boot *b, int err, const char *key, const char *path)
{
	out_printf(b->out, "%s=%s %s\n", key, path, b->why);
	return err;
}

/* --- what there is to load -----------------------------------------------------------------------
 */

/*
 * Where QEMU's machine has a program without a header, from the RAM's start: there it takes it for
 * an Image from before Linux 3.17, on a 32-bit CPU for a zImage.
 */
#define RAW_OFFSET    0x80000
#define RAW_OFFSET_32 0x10000

static bool ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);

	return n > m && !strcmp(s + n - m, end);
}

/* Anything at all could be a raw program; one who means it says where it goes, or names it so. */
static bool raw_wanted(const struct guest_config *cfg)
{
	return cfg->load_addr || ends_with(cfg->kernel, ".bin") || ends_with(cfg->kernel, ".raw") ||
	       ends_with(cfg->kernel, ".flat") || ends_with(cfg->kernel, ".bin.gz");
}

static int open_kernel(struct boot *b)
{
	const struct guest_config *cfg = b->cfg;
	int err = image_open(cfg->kernel, &b->image, b->why);
	char what[64];

	if (err)
		return refuse(b, err, "kernel", cfg->kernel);
	if (b->image.kind == IMAGE_RAW) {
		b->image.narrow = cfg->narrow;
		b->image.text_offset = cfg->narrow ? RAW_OFFSET_32 : RAW_OFFSET;
		if (!raw_wanted(cfg)) {
			snprintf(b->why, sizeof(b->why),
				 "is no kernel image that is known here; if it is a program "
				 "without any header, say where it goes, such as load=0x%" PRIx64,
				 b->wish.ram + b->image.text_offset);
			return refuse(b, -ENOEXEC, "kernel", cfg->kernel);
		}
	}
	if (b->image.narrow != cfg->narrow) {
		image_describe(&b->image, what, sizeof(what));
		snprintf(b->why, sizeof(b->why), "is %s, but the guest is %s", what,
			 cfg->narrow ? "32-bit; leave out arch=arm32" :
				       "64-bit; add arch=arm32");
		return refuse(b, -EINVAL, "kernel", cfg->kernel);
	}
	b->wish.kernel = &b->image;
	b->wish.load = cfg->load_addr;
	return 0;
}

/* Size of a file that is loaded as it is. */
static int file_size(struct boot *b, const char *key, const char *path, uint64_t *size)
{
	struct vfs_stat st;
	int err = vfs_stat_path(path, true, &st);

	if (!err && st.type != VFS_FILE)
		err = -EISDIR;
	if (err) {
		snprintf(b->why, sizeof(b->why), "cannot be loaded: %s", error_text(err));
		return refuse(b, err, key, path);
	}
	if (st.size == 0) {
		snprintf(b->why, sizeof(b->why), "is empty");
		return refuse(b, -ENODATA, key, path);
	}
	*size = st.size;
	return 0;
}

static int read_dtb(struct boot *b)
{
	int err = vfs_load(b->cfg->dtb, BOOT_DTB_MAX, &b->own_dtb, &b->own_dtb_size);

	if (!err)
		return 0;
	snprintf(b->why, sizeof(b->why), "%s%s",
		 err == -EFBIG ? "has more than 2 MiB, which is the most "
				 "that kernels take"
			       : "cannot be loaded: ",
		 err == -EFBIG ? "" : error_text(err));
	return refuse(b, err, "dtb", b->cfg->dtb);
}

static int find_ram(struct boot *b)
{
	for (unsigned i = 0; i < b->guest->nr_regions; i++) {
		if (b->guest->regions[i].flags & REGION_RAM) {
			b->ram = &b->guest->regions[i];
			b->wish.ram = b->ram->gpa;
			b->wish.ram_size = b->ram->size;
			return 0;
		}
	}
	return -EINVAL;
}

/* Files that firmware gets as they are, by the fw_cfg device, which has opened them. */
static int check_handed(struct boot *b)
{
	const struct guest_config *cfg = b->cfg;
	struct kernel_image *image = &b->image;
	uint64_t size;
	int err = file_size(b, "kernel", cfg->kernel, &size);

	if (!err && cfg->initrd)
		err = file_size(b, "initrd", cfg->initrd, &size);
	if (err)
		return err;
	err = image_open(cfg->kernel, image, b->why);
	if (!err && image->kind == IMAGE_KERNEL && !image->narrow && image->gzip &&
	    image->data_offset == 0) {
		snprintf(b->why, sizeof(b->why), "is compressed by gzip, which firmware cannot "
			 "start; decompress the file");
		return refuse(b, -ENOEXEC, "kernel", cfg->kernel);
	}
	return 0; /* whether it is a program for EFI is for the firmware to say */
}

/* Find out what is to be loaded and where it goes; nothing is loaded yet. */
static int prepare(struct boot *b)
{
	const struct guest_config *cfg = b->cfg;
	uint64_t size;
	int err = find_ram(b);

	if (!err && cfg->kernel && cfg->firmware)
		err = check_handed(b);
	else if (!err && cfg->kernel)
		err = open_kernel(b);
	if (!err && cfg->initrd && !cfg->firmware)
		err = file_size(b, "initrd", cfg->initrd, &b->wish.initrd_size);
	if (!err && cfg->firmware)
		err = file_size(b, "firmware", cfg->firmware, &size);
	if (!err && cfg->firmware && size > VIRT_FLASH_BANK) {
		snprintf(b->why, sizeof(b->why),
			 "does not fit: it has 0x%" PRIx64 " bytes, the flash has 64 "
			 "MiB",
			 size);
		err = refuse(b, -EFBIG, "firmware", cfg->firmware);
	}
	if (!err && cfg->dtb)
		err = read_dtb(b);
	if (err)
		return err;
	b->wish.dtb_size = MAX_T(uint64_t, b->own_dtb_size + DTB_ROOM, DTB_ROOM);
	err = boot_plan_make(&b->wish, &b->plan, b->why);
	if (err)
		out_printf(b->out, "%s: %s\n", cfg->kernel ? cfg->kernel : cfg->name, b->why);
	return err;
}

/* --- the device tree
 * ------------------------------------------------------------------------------ */

/* Randomness for where the kernel puts itself and for its generator. */
static void add_seeds(struct arm_fdt *a)
{
	struct dt_node *chosen = a->f.err ? NULL : dt_child(a->f.root, "chosen");
	uint8_t seed[40];

	if (!chosen)
		return;
	random_bytes(seed, sizeof(seed));
	guest_fdt_put(&a->f, chosen, "kaslr-seed", seed, 8);
	guest_fdt_put(&a->f, chosen, "rng-seed", seed + 8, 32);
	memset(seed, 0, sizeof(seed));
}

static int make_dtb(struct boot *b, void **blob, size_t *size)
{
	struct guest_chosen chosen = {
		.cmdline = b->cfg->cmdline,
		.initrd = b->plan.initrd,
		.initrd_size = b->wish.initrd_size,
	};
	struct arm_fdt a;
	int err;

	if (b->own_dtb) {
		err = guest_fdt_adapt(b->own_dtb, b->own_dtb_size, b->guest, &chosen, blob, size);
		if (err) {
			snprintf(b->why, sizeof(b->why), "%s",
				 err == -ENOMEM ? "does not fit into the "
						  "memory of the hypervisor"
						: "is no device tree blob, or a damaged one; "
						  "make it with dtc -I dts -O dtb");
			return refuse(b, err, "dtb", b->cfg->dtb);
		}
		return 0;
	}
	arm_fdt_make(&a, b->guest, MODEL);
	if (a.stdout_path[0])
		chosen.stdout_path = a.stdout_path;
	guest_fdt_chosen(&a.f, &chosen);
	add_seeds(&a);
	err = guest_fdt_end(&a.f, blob, size);
	if (err)
		out_printf(b->out, "%s: its device tree cannot be made: %s\n", b->guest->name,
			   error_text(err));
	return err;
}

static int load_dtb(struct boot *b)
{
	void *blob;
	size_t size;
	int err = make_dtb(b, &blob, &size);

	if (err)
		return err;
	if (size > b->wish.dtb_size)
		err = -EFBIG;
	if (!err)
		err = guest_keep_blob(b->guest, b->plan.dtb, blob, size);
	heap_free(blob);
	if (err)
		out_printf(b->out,
			   "%s: its device tree of %u bytes cannot be loaded at 0x%" PRIx64
			   ": %s\n",
			   b->guest->name, (unsigned)size, b->plan.dtb, error_text(err));
	return err;
}

/* --- loading
 * ----------------------------------------------------------------------------------------- */

static int load_all(struct boot *b)
{
	const struct guest_config *cfg = b->cfg;
	int err = 0;

	if (cfg->kernel && !cfg->firmware)
		err = guest_load_image(b->guest, b->plan.kernel, cfg->kernel, &b->image, b->out);
	if (!err && cfg->firmware)
		err = guest_load_file(b->guest, VIRT_FLASH, cfg->firmware, b->out);
	if (!err && cfg->initrd && !cfg->firmware)
		err = guest_load_file(b->guest, b->plan.initrd, cfg->initrd, b->out);
	return err ? err : load_dtb(b);
}

/* The first vCPU begins at the kernel with the device tree, or at the start of the flash. */
static int set_start(struct boot *b)
{
	int err = guest_set_start(b->guest, b->plan.entry, b->plan.dtb);

	if (err)
		out_printf(b->out, "%s: its start cannot be set: %s\n", b->guest->name,
			   error_text(err));
	return err;
}

int virt_boot(const struct guest_config *cfg, struct guest *guest, struct shell_out *out)
{
	struct boot *b = heap_zalloc(sizeof(*b));
	int err;

	if (!b) {
		out_printf(out, "%s: not enough memory of the hypervisor to load it\n",
			   guest->name);
		return -ENOMEM;
	}
	b->cfg = cfg;
	b->guest = guest;
	b->out = out;
	err = prepare(b);
	if (!err)
		err = load_all(b);
	if (!err)
		err = set_start(b);
	heap_free(b->own_dtb);
	heap_free(b);
	return err;
}
