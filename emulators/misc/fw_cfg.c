/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * QEMU's firmware configuration device (its docs/specs/fw_cfg.rst), in memory or behind ports, with
 * the DMA interface: firmware learns from it what machine it is on, and gets the kernel to boot.
 *
 *   qemu,fw-cfg-io     12 ports of a PC: selector 0, data 1, DMA 4
 *   qemu,fw-cfg-mmio   registers in memory
 *
 * `kernel`, `initrd` are files of the VFS, `cmdline` a string; `bootorder` the devices to boot
 * from, by their paths in Open Firmware, first choice first; `boot-menu`: firmware may offer one.
 *
 * Items are read-only. Files stay open and are read as they are asked for; a transfer goes in
 * pieces, between which others run. One mutex guards the selected item and the transfer.
 */
#include <core/emu.h>

#include <core/mem.h>
#include <core/shell.h>
#include <core/vfs.h>
#include <libs/byteorder.h>
#include <libs/errno.h>
#include <libs/string.h>

/* Registers; all but the data are big-endian. */
enum { DATA = 0x00, SELECTOR = 0x08, DMA = 0x10, SIZE = 0x18 };
/* And ports. */
enum { PORT_SELECTOR = 0, PORT_DATA = 1, PORT_DMA = 4, PORT_SIZE = 12 };

enum item {
	SIGNATURE = 0x00,
	ID = 0x01,
	RAM_SIZE = 0x03,
	NOGRAPHIC = 0x04,
	NB_CPUS = 0x05,
	KERNEL_SIZE = 0x08,
	INITRD_SIZE = 0x0b,
	BOOT_MENU = 0x0e,
	MAX_CPUS = 0x0f,
	KERNEL_DATA = 0x11,
	INITRD_DATA = 0x12,
	CMDLINE_SIZE = 0x14,
	CMDLINE_DATA = 0x15,
	FILE_DIR = 0x19,
	FILE_FIRST = 0x20,
};

#define ID_TRADITIONAL	1u
#define ID_DMA		2u
#define DMA_SIGNATURE	0x51454d5520434647ull /* "QEMU CFG" */
#define CONTROL_ERROR	1u
#define CONTROL_READ	2u
#define CONTROL_SKIP	4u
#define CONTROL_SELECT	8u
#define CONTROL_WRITE	16u
#define FILE_NAME	56
#define FILE_ENTRY	(8 + FILE_NAME)
/* Bytes of a transfer between two looks at who else wants the CPU. */
#define PIECE		16384u
/* Files that a board gives as properties. */
static const struct {
	const char *prop, *file;
} given[] = {
	{ "acpi-rsdp", "etc/acpi/rsdp" },
	{ "e820", "etc/e820" },
	{ "table-loader", "etc/table-loader" },
	{ "sercon-port", "etc/sercon-port" },
	{ "acpi-tables", "etc/acpi/tables" },
};
#define GIVEN		ARRAY_SIZE(given)
#define SMALL		(4 + (1 + GIVEN) * FILE_ENTRY)

struct fw_cfg {
	struct emu_dev *dev;
	struct mutex lock;
	uint16_t item;
	uint32_t offset;
	uint64_t dma;
	uint32_t dma_high;
	char *cmdline, *bootorder;
	size_t bootorder_size;
	struct vfs_file *kernel, *initrd;
};

/* --- items ------------------------------------------------------------------------------ */

static uint8_t *put_entry(uint8_t *p, unsigned item, size_t size, const char *name)
{
	put_be32(p, (uint32_t)size);
	put_be16(p + 4, (uint16_t)item);
	strlcpy((char *)p + 8, name, FILE_NAME);
	return p + FILE_ENTRY;
}

/** The list of named items. @return bytes */
static size_t make_directory(const struct fw_cfg *s, uint8_t *buf)
{
	uint8_t *p = buf + 4;

	memset(buf, 0, SMALL);
	if (s->bootorder)
		p = put_entry(p, FILE_FIRST, s->bootorder_size, "bootorder");
	dt_lock(); /* a person may be changing them */
	for (unsigned i = 0; i < GIVEN; i++) {
		const struct dt_prop *prop = dt_prop(s->dev->node, given[i].prop);

		if (prop)
			p = put_entry(p, FILE_FIRST + 1 + i, prop->len, given[i].file);
	}
	dt_unlock();
	put_be32(buf, (uint32_t)((size_t)(p - buf) / FILE_ENTRY));
	return (size_t)(p - buf);
}

static size_t make_u16(uint8_t *buf, uint64_t value)
{
	put_le16(buf, (uint16_t)value);
	return 2;
}

static size_t make_u32(uint8_t *buf, uint64_t value)
{
	put_le32(buf, (uint32_t)value);
	return 4;
}

static uint64_t file_size(const struct vfs_file *file)
{
	return file ? file->stat.size : 0;
}

/** An item that is computed. @return bytes; 0: there is none, or it is not one of these */
static size_t make_small(const struct fw_cfg *s, uint8_t *buf)
{
	switch (s->item) {
	case SIGNATURE:
		memcpy(buf, "QEMU", 4);
		return 4;
	case ID:
		return make_u32(buf, ID_TRADITIONAL | ID_DMA);
	case RAM_SIZE:
		put_le64(buf, guest_ram_size(s->dev->guest));
		return 8;
	case NOGRAPHIC:
		return make_u16(buf, 1);
	case NB_CPUS:
	case MAX_CPUS:
		return make_u16(buf, s->dev->guest->nr_vcpus);
	case BOOT_MENU:
		return make_u16(buf, dt_prop(s->dev->node, "boot-menu") != NULL);
	case KERNEL_SIZE:
		return make_u32(buf, file_size(s->kernel));
	case INITRD_SIZE:
		return make_u32(buf, file_size(s->initrd));
	case CMDLINE_SIZE:
		return make_u32(buf, s->cmdline ? strlen(s->cmdline) + 1 : 0);
	case FILE_DIR:
		return make_directory(s, buf);
	default:
		return 0;
	}
}

static size_t copy_from(void *buf, size_t n, const void *from, size_t size, uint32_t offset)
{
	if (offset >= size)
		return 0;
	n = MIN(n, size - offset);
	memcpy(buf, (const uint8_t *)from + offset, n);
	return n;
}

/* A file system may give less than was asked for at a time. */
static int64_t copy_file(struct vfs_file *file, void *buf, size_t n, uint32_t offset)
{
	size_t done = 0;

	while (file && done < n) {
		int64_t got = vfs_read(file, (uint64_t)offset + done, (uint8_t *)buf + done,
				       n - done);

		if (got < 0)
			return got;
		if (!got)
			break;
		done += (size_t)got;
	}
	return (int64_t)done;
}

/** Bytes of the selected item from its offset on. @return how many, 0 behind the end; -EIO etc. */
static int64_t read_item(struct fw_cfg *s, void *buf, size_t n)
{
	const struct dt_prop *prop;
	uint8_t small[SMALL];

	if (s->item > FILE_FIRST && s->item <= FILE_FIRST + GIVEN) {
		dt_lock();
		prop = dt_prop(s->dev->node, given[s->item - FILE_FIRST - 1].prop);
		n = prop ? copy_from(buf, n, prop->data, prop->len, s->offset) : 0;
		dt_unlock();
		return (int64_t)n;
	}
	switch (s->item) {
	case KERNEL_DATA:
		return copy_file(s->kernel, buf, n, s->offset);
	case INITRD_DATA:
		return copy_file(s->initrd, buf, n, s->offset);
	case CMDLINE_DATA:
		return (int64_t)copy_from(buf, n, s->cmdline,
					  s->cmdline ? strlen(s->cmdline) + 1 : 0, s->offset);
	case FILE_FIRST:
		return (int64_t)copy_from(buf, n, s->bootorder, s->bootorder_size, s->offset);
	default:
		return (int64_t)copy_from(buf, n, small, make_small(s, small), s->offset);
	}
}

static void advance(struct fw_cfg *s, uint32_t n)
{
	s->offset = n > UINT32_MAX - s->offset ? UINT32_MAX : s->offset + n;
}

static void select_item(struct fw_cfg *s, uint32_t item)
{
	s->item = (uint16_t)item;
	s->offset = 0;
}

/* --- DMA -------------------------------------------------------------------------------- */

/** Into RAM only, and seen by a guest whose caches are off. */
static int put_guest(struct guest *guest, gpa_t gpa, const void *buf, size_t n)
{
	const uint8_t *from = buf;

	while (n) {
		uint64_t avail;
		size_t part;

		if (!guest_mem_ptr(guest, gpa, true, &avail))
			return -EFAULT;
		part = MIN_T(uint64_t, n, avail);
		if (guest_mem_load(guest, gpa, from, part))
			return -EFAULT;
		from += part;
		gpa += part;
		n -= part;
	}
	return 0;
}

/** The guest is to end or begin anew: nobody will look at the rest. (A pause is not that.) */
static bool is_over(const struct emu_access *acc)
{
	return acc->vcpu && READ_ONCE(acc->vcpu->requests) & VCPU_REQ_STOP &&
	       READ_ONCE(acc->vcpu->guest->state) != GUEST_PAUSED;
}

/** Read from the item into memory; what is behind its end is zeros. @return 0 or negative errno */
static int transfer(struct fw_cfg *s, const struct emu_access *acc, gpa_t gpa, uint32_t length)
{
	uint8_t *piece = length ? heap_alloc(MIN(length, PIECE)) : NULL;
	int err = length && !piece ? -ENOMEM : 0;

	while (length && !err) {
		uint32_t n = MIN(length, PIECE);
		int64_t got = read_item(s, piece, n);

		if (got < 0)
			err = (int)got;
		else if ((uint64_t)got < n)
			memset(piece + got, 0, n - (size_t)got);
		if (!err)
			err = put_guest(s->dev->guest, gpa, piece, n);
		advance(s, n);
		gpa += n;
		length -= n;
		if (length && !err) {
			thread_yield();
			err = is_over(acc) ? -EINTR : 0;
		}
	}
	heap_free(piece);
	return err;
}

/** Do what the structure at s->dma says: control, length, address. Lock held. */
static void run_dma(struct fw_cfg *s, const struct emu_access *acc)
{
	struct guest *guest = s->dev->guest;
	gpa_t at = s->dma;
	uint8_t raw[16];
	uint32_t control, length;
	int err = 0;

	s->dma = 0;
	if (guest_mem_read(guest, at, raw, sizeof(raw))) {
		emu_complain(s->dev, acc, "DMA structure at 0x%llx is not in memory",
			     (unsigned long long)at);
		return;
	}
	control = get_be32(raw);
	length = get_be32(raw + 4);
	if (control & CONTROL_SELECT)
		select_item(s, control >> 16);
	if (control & CONTROL_READ)
		err = transfer(s, acc, get_be64(raw + 8), length);
	else if (control & CONTROL_WRITE)
		err = -EROFS;
	else if (control & CONTROL_SKIP)
		advance(s, length);
	if (err)
		emu_complain(s->dev, acc, "DMA of %u bytes of item 0x%x: %s", length, s->item,
			     error_text(err));
	put_be32(raw, err ? CONTROL_ERROR : 0);
	if (put_guest(guest, at, raw, 4))
		emu_complain(s->dev, acc, "DMA structure at 0x%llx is not in RAM",
			     (unsigned long long)at);
}

/* --- registers -------------------------------------------------------------------------- */

static enum emu_result read_register(struct fw_cfg *s, struct emu_access *acc)
{
	uint8_t bytes[8] = { 0 };

	acc->value = 0;
	if (acc->offset == DATA) {
		if (read_item(s, bytes, acc->size) < 0)
			memset(bytes, 0, sizeof(bytes));
		advance(s, acc->size);
		acc->value = get_le64(bytes); /* in memory's order */
		return EMU_OK;
	}
	if (acc->offset < DMA)
		return EMU_NONE;
	if (acc->size < 4 || acc->offset & (acc->size - 1))
		return EMU_WIDTH;
	put_be64(bytes, DMA_SIGNATURE);
	acc->value = get_le64(bytes) >> 8 * (acc->offset - DMA) & ~0ull >> (64 - 8 * acc->size);
	return EMU_OK;
}

static enum emu_result write_register(struct fw_cfg *s, const struct emu_access *acc)
{
	switch (acc->offset) {
	case DATA:
		return EMU_OK; /* not any more, since QEMU 2.4 */
	case SELECTOR:
		if (acc->size != 2)
			return EMU_WIDTH;
		select_item(s, swap16((uint16_t)acc->value));
		return EMU_OK;
	case DMA:
		if (acc->size == 8)
			s->dma = swap64(acc->value);
		else if (acc->size == 4)
			s->dma_high = swap32((uint32_t)acc->value);
		else
			return EMU_WIDTH;
		if (acc->size == 8)
			run_dma(s, acc);
		return EMU_OK;
	case DMA + 4:
		if (acc->size != 4)
			return EMU_WIDTH;
		s->dma = (uint64_t)s->dma_high << 32 | swap32((uint32_t)acc->value);
		s->dma_high = 0;
		run_dma(s, acc);
		return EMU_OK;
	default:
		return EMU_NONE;
	}
}

/*
 * Ports are the same registers at other places: the selector is little-endian and has the data's
 * byte behind it.
 */
static enum emu_result access_port(struct fw_cfg *s, struct emu_access *acc)
{
	struct emu_access reg = *acc;
	enum emu_result result;

	if (acc->offset < PORT_DMA && acc->offset + acc->size > 2)
		return EMU_WIDTH;
	if (acc->offset == PORT_SELECTOR) {
		if (acc->is_write && acc->size == 2)
			select_item(s, (uint32_t)acc->value);
		else
			acc->value = 0;
		return EMU_OK;
	}
	if (acc->offset > PORT_DATA && acc->offset < PORT_DMA)
		return EMU_NONE;
	reg.offset = acc->offset == PORT_DATA ? (uint64_t)DATA : DMA + (acc->offset - PORT_DMA);
	result = acc->is_write ? write_register(s, &reg) : read_register(s, &reg);
	acc->value = reg.value;
	return result;
}

static enum emu_result fw_cfg_access(struct emu_dev *dev, struct emu_access *acc)
{
	struct fw_cfg *s = dev->priv;
	enum emu_result result;

	if (acc->offset >= (dev->match_data ? PORT_SIZE : SIZE))
		return EMU_NONE;
	mutex_lock(&s->lock);
	if (IS_ENABLED(CONFIG_PORT_SPACE) && dev->match_data)
		result = access_port(s, acc);
	else
		result = acc->is_write ? write_register(s, acc) : read_register(s, acc);
	mutex_unlock(&s->lock);
	return result;
}

/* --- the device ------------------------------------------------------------------------- */

static void close_file(struct vfs_file *file)
{
	if (file)
		vfs_close(file);
	heap_free(file);
}

static int open_file(struct emu_dev *dev, const char *prop, struct vfs_file **out)
{
	const char *path = dt_string(dev->node, prop, 0);
	struct vfs_file *file;
	int err;

	if (!path)
		return 0;
	file = heap_zalloc(sizeof(*file));
	if (!file)
		return -ENOMEM;
	err = vfs_open(path, file);
	if (err) {
		heap_free(file);
		return emu_fail(dev, err, "%s: \"%s\" cannot be opened: %s", prop, path,
				error_text(err));
	}
	*out = file;
	if (file->stat.size >= UINT32_MAX)
		return emu_fail(dev, -EFBIG, "%s: \"%s\" is larger than 4 GiB", prop, path);
	return 0;
}

/** The strings of the node as lines. */
static int make_bootorder(struct fw_cfg *s)
{
	const struct dt_prop *prop = dt_prop(s->dev->node, "bootorder");

	if (!prop || !prop->len || !dt_string(s->dev->node, "bootorder", 0))
		return 0;
	s->bootorder = heap_alloc(prop->len);
	if (!s->bootorder)
		return -ENOMEM;
	s->bootorder_size = prop->len;
	memcpy(s->bootorder, prop->data, prop->len);
	for (size_t i = 0; i + 1 < prop->len; i++)
		if (!s->bootorder[i])
			s->bootorder[i] = '\n';
	return 0;
}

static void fw_cfg_remove(struct emu_dev *dev)
{
	struct fw_cfg *s = dev->priv;

	close_file(s->kernel);
	close_file(s->initrd);
	heap_free(s->bootorder);
	heap_free(s->cmdline);
	heap_free(s);
	dev->priv = NULL;
}

static int fw_cfg_probe(struct emu_dev *dev)
{
	const char *cmdline = dt_string(dev->node, "cmdline", 0);
	struct fw_cfg *s = heap_zalloc(sizeof(*s));
	int err = 0;

	if (!s)
		return -ENOMEM;
	mutex_init(&s->lock);
	s->dev = dev;
	dev->priv = s;
	if (cmdline) {
		s->cmdline = heap_strdup(cmdline);
		err = s->cmdline ? 0 : -ENOMEM;
	}
	if (!err)
		err = open_file(dev, "kernel", &s->kernel);
	if (!err)
		err = open_file(dev, "initrd", &s->initrd);
	if (!err)
		err = make_bootorder(s);
	if (err)
		fw_cfg_remove(dev);
	return err;
}

static void fw_cfg_reset(struct emu_dev *dev)
{
	struct fw_cfg *s = dev->priv;

	select_item(s, SIGNATURE);
	s->dma_high = 0;
}

static void fw_cfg_show(struct emu_dev *dev, struct shell_out *out)
{
	const struct fw_cfg *s = dev->priv;

	out_printf(out, "item 0x%x at 0x%x; kernel of %llu, initrd of %llu bytes%s\n", s->item,
		   s->offset, (unsigned long long)file_size(s->kernel),
		   (unsigned long long)file_size(s->initrd),
		   s->bootorder ? ", order of booting" : "");
}

static const struct dt_match matches[] = {
	{ "qemu,fw-cfg-mmio", NULL },
	{ "qemu,fw-cfg-io", "ports" },
	{ NULL, NULL },
};

static const char *const props[] = { "kernel", "initrd", "cmdline", "bootorder",
				     "acpi-rsdp", "acpi-tables", "e820", "table-loader",
				     "sercon-port",
				     "boot-menu", NULL };

EMULATOR(fw_cfg) {
	.name = "fw-cfg",
	.match = matches,
	.props = props,
	.probe = fw_cfg_probe,
	.remove = fw_cfg_remove,
	.reset = fw_cfg_reset,
	.access = fw_cfg_access,
	.show = fw_cfg_show,
};
