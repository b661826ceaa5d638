/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Guest information page: constant registers from which a small guest without a device tree learns
 * that it is one, how many vCPUs it has and where its memory is. Made once at the guest's creation.
 */
#include <core/emu.h>
#include <core/log.h>
#include <core/mem.h>
#include <core/shell.h>
#include <libs/errno.h>
#include <libs/printf.h>

#define MAGIC	    0x00
#define VENDOR	    0x04
#define VERSION	    0x08
#define VCPU_COUNT  0x0c
#define BOOT_DELAY  0x10
#define RAM	    0x40 /* four times base high, base low, size high, size low */
#define END	    0x80

#define MAGIC_VALUE  0xa4a297a6u
#define VENDOR_VALUE 0x52535658u /* "XVSR" */
#define VERSION_0_1  1u
#define RAMS	     4

struct vminfo {
	uint32_t words[END / 4];
};

static void ram_name(char *buf, size_t size, unsigned n)
{
	snprintf(buf, size, "ram%u_base", n);
}

static uint64_t read_word(struct emu_dev *dev, struct emu_access *acc, uint32_t index)
{
	const struct vminfo *s = dev->priv;

	return s->words[acc->offset / 4];
}

static const struct emu_reg rows[] = {
	{ .offset = 0, .size = END, .widths = 1 | 2 | 4, .read = read_word, .name = "info" },
};

static const struct emu_regs regs = { rows, ARRAY_SIZE(rows), true };

static enum emu_result vminfo_access(struct emu_dev *dev, struct emu_access *acc)
{
	if (acc->is_write && acc->offset < END) {
		emu_complain(dev, acc, "write to offset 0x%x, but all of it is read-only",
			     (unsigned)acc->offset);
		return EMU_OK;
	}
	return emu_words_access(dev, &regs, acc);
}

/** Where RAM n is: from the base that the node gives to the end of the region there. */
static int fill_ram(struct emu_dev *dev, struct vminfo *s, unsigned n)
{
	uint32_t *words = &s->words[RAM / 4 + 4 * n];
	const struct region *region;
	char name[16];
	uint64_t base, size;
	int err;

	ram_name(name, sizeof(name), n);
	err = dt_u64(dev->node, name, &base);
	if (err == -ENOENT)
		return 0;
	region = err ? NULL : guest_region(dev->guest, base);
	if (!region || !(region->flags & REGION_MEMORY) || (region->flags & REGION_VIRTUAL)) {
		log_error("%s: %s is not the address of memory of this guest", dev->name, name);
		return -EINVAL;
	}
	size = region->gpa + region->size - base;
	words[0] = (uint32_t)(base >> 32);
	words[1] = (uint32_t)base;
	words[2] = (uint32_t)(size >> 32);
	words[3] = (uint32_t)size;
	return 0;
}

static int vminfo_probe(struct emu_dev *dev)
{
	struct vminfo *s = heap_zalloc(sizeof(*s));
	int err = 0;
	unsigned n;

	if (!s)
		return -ENOMEM;
	s->words[MAGIC / 4] = MAGIC_VALUE;
	s->words[VENDOR / 4] = VENDOR_VALUE;
	s->words[VERSION / 4] = VERSION_0_1;
	s->words[BOOT_DELAY / 4] = dt_u32_or(dev->node, "boot_delay", UINT32_MAX);
	for (n = 0; n < RAMS && !err; n++)
		err = fill_ram(dev, s, n);
	if (err) {
		heap_free(s);
		return err;
	}
	dev->priv = s;
	return 0;
}

/** vCPUs are counted once they are all there. */
static int vminfo_ready(struct emu_dev *dev)
{
	struct vminfo *s = dev->priv;

	s->words[VCPU_COUNT / 4] = dev->guest->nr_vcpus;
	return 0;
}

static void vminfo_remove(struct emu_dev *dev)
{
	heap_free(dev->priv);
	dev->priv = NULL;
}

static void vminfo_reset(struct emu_dev *dev)
{
}

static void vminfo_show(struct emu_dev *dev, struct shell_out *out)
{
	const struct vminfo *s = dev->priv;
	unsigned n;

	for (n = 0; n < RAMS; n++) {
		const uint32_t *w = &s->words[RAM / 4 + 4 * n];

		if (w[2] | w[3])
			out_printf(out, "ram%u at 0x%llx, 0x%llx bytes\n", n,
				   (unsigned long long)w[0] << 32 | w[1],
				   (unsigned long long)w[2] << 32 | w[3]);
	}
}

static const struct dt_match matches[] = {
	{ "vminfo-0.1", NULL },
	{ NULL, NULL },
};

static const char *const props[] = {
	"boot_delay", "ram0_base", "ram1_base", "ram2_base", "ram3_base", NULL,
};

EMULATOR(vminfo) {
	.name = "vminfo",
	.match = matches,
	.props = props,
	.probe = vminfo_probe,
	.ready = vminfo_ready,
	.remove = vminfo_remove,
	.reset = vminfo_reset,
	.access = vminfo_access,
	.show = vminfo_show,
};
