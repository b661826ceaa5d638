/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where a kernel, its initial RAM disk and its device tree go in a guest's RAM. Arithmetic only, by
 * the rules of the kernel's format (arch/guest_kinds.h), with the places that QEMU's machine "virt"
 * chooses where the rules leave a choice.
 */
#include <core/image.h>

#include <arch/guest_kinds.h>
#include <libs/errno.h>
#include <libs/parse.h>
#include <libs/printf.h>
#include <libs/string.h>

#define INITRD_ALIGN  0x10000
#define DTB_ALIGN     BLOCK_SIZE
#define DTB_ALIGN_MIN PAGE_SIZE

struct span {
	gpa_t start, end; /* end exclusive; both 0: unused */
};

/* What is taken of the RAM so far: kernel, RAM disk, device tree. */
struct taken {
	struct span span[3];
	unsigned n;
};

static void take(struct taken *t, gpa_t start, uint64_t size)
{
	t->span[t->n++] = (struct span){ start, start + size };
}

/* The lowest place at or above `from` that is free, below `limit`. @return false: there is none */
static bool find_place(const struct taken *t, gpa_t from, gpa_t limit, uint64_t size,
		       uint64_t align, gpa_t *out)
{
	gpa_t at = ALIGN_UP(from, align);
	bool moved;

	do {
		moved = false;
		if (at < from || at >= limit || size > limit - at)
			return false;
		for (unsigned i = 0; i < t->n; i++) {
			if (at < t->span[i].end && t->span[i].start < at + size) {
				at = ALIGN_UP(t->span[i].end, align);
				moved = true;
			}
		}
	} while (moved);
	*out = at;
	return true;
}

static int too_small(const struct boot_wish *w, const char *what, uint64_t size, char *why)
{
	uint64_t kernel = w->kernel ? w->kernel->mem_size : 0;
	char need[24], has[24], each[24];
	/* Everything, with the gaps that alignment makes, in whole 2 MiB. */
	uint64_t sum = ALIGN_UP(kernel + w->initrd_size, BLOCK_SIZE) + 2 * BLOCK_SIZE;

	format_size(has, sizeof(has), w->ram_size);
	format_size(need, sizeof(need), sum);
	format_size(each, sizeof(each), size);
	return image_refuse(why, -ENOSPC,
			    "too little memory: the guest has %s, and no room is left for "
			    "the %s of %s; with mem=%" PRIu64
			    "M or more kernel, initial RAM disk and "
			    "device tree fit",
			    has, what, each, MAX(sum, w->ram_size + BLOCK_SIZE) / MIB);
}

/* Does [start, start + size) lie in the RAM? */
static bool inside(const struct boot_wish *w, gpa_t start, uint64_t size)
{
	return start >= w->ram && start - w->ram <= w->ram_size &&
	       size <= w->ram_size - (start - w->ram);
}

/* Where the kernel's kind wants it, or where the person does. */
static int kernel_address(const struct boot_wish *w, gpa_t *out, char *why)
{
	const struct kernel_image *k = w->kernel;
	uint64_t align = k->format ? k->format->align : 1;
	gpa_t usual = k->fixed ? k->load : ALIGN_UP(w->ram, align) + k->text_offset;
	char text[64];

	*out = w->load ? w->load : usual;
	if (k->fixed && *out != usual) {
		image_describe(k, text, sizeof(text));
		return image_refuse(why, -EINVAL,
				    "load=0x%" PRIx64 " is not possible: the file is %s, made for "
				    "0x%" PRIx64,
				    w->load, text, usual);
	}
	if (!k->fixed && !IS_ALIGNED(*out - k->text_offset, align)) {
		format_size(text, sizeof(text), align);
		return image_refuse(why, -EINVAL,
				    "load=0x%" PRIx64 " is wrong for this kernel: it has to be "
				    "0x%" PRIx64 " above a multiple of %s, such as 0x%" PRIx64,
				    w->load, k->text_offset, text, usual);
	}
	if (*out % 4)
		return image_refuse(why, -EINVAL,
				    "load address 0x%" PRIx64 " is not a multiple of 4", *out);
	return 0;
}

static int place_kernel(const struct boot_wish *w, struct taken *t, struct boot_plan *plan,
			char *why)
{
	const struct kernel_image *k = w->kernel;
	int err = kernel_address(w, &plan->kernel, why);

	if (err)
		return err;
	plan->entry = k->fixed ? k->entry : plan->kernel + k->entry;
	/* What has its own address may go to other memory too; the loading itself checks that. */
	if (!k->fixed && !inside(w, plan->kernel, k->mem_size)) {
		if (w->load && (w->load < w->ram || w->load - w->ram >= w->ram_size))
			return image_refuse(why, -EINVAL,
					    "load=0x%" PRIx64 " is outside of the guest's "
					    "memory, 0x%" PRIx64 " to 0x%" PRIx64,
					    w->load, w->ram, w->ram + w->ram_size - 1);
		return too_small(w, "kernel", k->mem_size, why);
	}
	take(t, plan->kernel, k->mem_size);
	return 0;
}

/* Behind the kernel, or before it when there is no room. */
static bool place(const struct boot_wish *w, const struct taken *t, gpa_t from, uint64_t size,
		  uint64_t align, gpa_t *out)
{
	gpa_t limit = w->ram + w->ram_size;

	return find_place(t, from, limit, size, align, out) ||
	       find_place(t, w->ram, limit, size, align, out);
}

/* What a kernel uses while it starts ends here, for what shall survive that. */
static gpa_t clear_of(const struct boot_wish *w)
{
	const struct image_format *f = w->kernel ? w->kernel->format : NULL;

	return f && f->clear ? w->ram + MIN(w->ram_size / 2, f->clear) : 0;
}

static int place_initrd(const struct boot_wish *w, struct taken *t, struct boot_plan *plan,
			char *why)
{
	uint64_t window = w->kernel && w->kernel->format ? w->kernel->format->window : 0;
	gpa_t from = MAX(w->ram, clear_of(w)), low, high;

	if (!w->initrd_size)
		return 0;
	if (!clear_of(w) && t->n && inside(w, t->span[0].start, t->span[0].end - t->span[0].start))
		from = t->span[0].end;
	if (!place(w, t, from, w->initrd_size, INITRD_ALIGN, &plan->initrd))
		return too_small(w, "initial RAM disk", w->initrd_size, why);
	take(t, plan->initrd, w->initrd_size);
	low = MIN(plan->kernel, plan->initrd);
	high = MAX(t->span[0].end, plan->initrd + w->initrd_size);
	if (window && high - ALIGN_DOWN(low, GIB) > window)
		return image_refuse(why, -EINVAL,
				    "load=0x%" PRIx64 " leaves no room for the initial RAM "
				    "disk within %u GiB of the kernel, where it has to be",
				    w->load, (unsigned)(window / GIB));
	return 0;
}

/* Linux' own kinds have it behind them; anything else looks for it at the start of the RAM. */
static int place_dtb(const struct boot_wish *w, struct taken *t, struct boot_plan *plan, char *why)
{
	bool first = !w->kernel || w->kernel->kind == IMAGE_ELF;
	gpa_t from = MAX(w->ram, clear_of(w));

	if (!w->dtb_size)
		return 0;
	if (w->dtb_size > BOOT_DTB_MAX)
		return image_refuse(why, -EINVAL,
				    "the device tree of the guest has 0x%" PRIx64 " bytes; "
				    "kernels take at most 2 MiB",
				    w->dtb_size);
	for (unsigned i = 0; !first && i < t->n; i++) {
		if (inside(w, t->span[i].start, t->span[i].end - t->span[i].start))
			from = MAX(from, t->span[i].end);
	}
	if (!place(w, t, from, w->dtb_size, DTB_ALIGN, &plan->dtb) &&
	    !place(w, t, from, w->dtb_size, DTB_ALIGN_MIN, &plan->dtb))
		return too_small(w, "device tree", w->dtb_size, why);
	take(t, plan->dtb, w->dtb_size);
	return 0;
}

int boot_plan_make(const struct boot_wish *wish, struct boot_plan *plan, char *why)
{
	struct taken taken = { .n = 0 };
	int err = 0;

	memset(plan, 0, sizeof(*plan));
	if (wish->kernel)
		err = place_kernel(wish, &taken, plan, why);
	if (!err)
		err = place_initrd(wish, &taken, plan, why);
	if (!err)
		err = place_dtb(wish, &taken, plan, why);
	return err;
}
