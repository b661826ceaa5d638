/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Interrupt Translation Service (IHI 0069, 5): makes LPIs of messages that devices write to its
 * doorbell, as the guest's commands say.
 *
 *   arm,gic-v3-its   two frames of 64 KiB: registers and commands, the doorbell
 *
 * Physical LPIs only; collections and devices need tables in the guest's memory by their size, but
 * what they hold is in its_map.c. Commands are carried out by the vCPU that rings for them, a few
 * at a time: between these it lets others run and looks whether it is to stop. What is left then is
 * done with the next access to a register. A command that is wrong is reported and skipped.
 *
 * its.mutex guards registers and the order of commands.
 */
#include "gicv3_its.h"

#include <core/mem.h>
#include <core/shell.h>
#include <libs/byteorder.h>
#include <libs/errno.h>
#include <libs/string.h>

enum {
	GITS_CTLR = 0x0000,
	GITS_IIDR = 0x0004,
	GITS_TYPER = 0x0008,
	GITS_CBASER = 0x0080,
	GITS_CWRITER = 0x0088,
	GITS_CREADR = 0x0090,
	GITS_BASER = 0x0100,
	GITS_IDREGS = 0xffd0,
	GITS_TRANSLATER = 0x10040,
};

#define ITS_SIZE       0x20000u
#define CTLR_ENABLED   BIT32(0)
#define CTLR_QUIESCENT BIT32(31)

#define ENTRY_SIZE     8u
/* Physical LPIs, sizes of entries, EventIDs, DeviceIDs and collections (12.19.8). */
#define TYPER_VALUE                                                                                \
	(BIT(0) | (uint64_t)(ENTRY_SIZE - 1) << 4 | (uint64_t)(ITS_EVENT_BITS - 1) << 8 |          \
	 (uint64_t)(ITS_DEVICE_BITS - 1) << 13 | (uint64_t)(ITS_COLLECTION_BITS - 1) << 32 |       \
	 BIT(36))

#define BASE_VALID     BIT(63)
#define BASE_ADDR      GENMASK(47, 12)
#define BASE_PAGE_SIZE GENMASK(9, 8)
#define BASE_SIZE      GENMASK(7, 0)
#define BASE_CACHES    (GENMASK(61, 59) | GENMASK(55, 53) | GENMASK(11, 10))
#define BASER_WRITABLE (BASE_VALID | BASE_CACHES | BASE_ADDR | BASE_PAGE_SIZE | BASE_SIZE)
#define BASER_FIXED(type) ((uint64_t)(type) << 56 | (uint64_t)(ENTRY_SIZE - 1) << 48)
#define CBASER_WRITABLE (BASE_VALID | BASE_CACHES | BASE_ADDR | BASE_SIZE)
#define TABLES	       8
#define COMMAND_SIZE   32u
#define OFFSET_MASK    GENMASK(19, 5)
#define RETRY	       BIT(0) /* CWRITER; the same bit of CREADR says that it is stalled */

/* Simple commands between two looks at who else wants the CPU, and at what is asked of it. */
#define BATCH 32
/* What commands that go through all LPIs count as. */
#define LARGE 8

/* Types of tables, and their number among the registers. */
enum { TABLE_DEVICES = 1, TABLE_COLLECTIONS = 4 };

struct its {
	struct emu_dev *dev;
	struct its_map map;
	struct mutex mutex;
	bool enabled, stalled;
	uint32_t read, write; /* offsets in the queue */
	uint64_t cbaser;
	uint64_t baser[2]; /* devices, collections */
};

/* --- commands --------------------------------------------------------------------------- */

enum {
	CMD_MOVI = 0x01,
	CMD_INT = 0x03,
	CMD_CLEAR = 0x04,
	CMD_SYNC = 0x05,
	CMD_MAPD = 0x08,
	CMD_MAPC = 0x09,
	CMD_MAPTI = 0x0a,
	CMD_MAPI = 0x0b,
	CMD_INV = 0x0c,
	CMD_INVALL = 0x0d,
	CMD_MOVALL = 0x0e,
	CMD_DISCARD = 0x0f,
};

struct its_command {
	uint64_t words[COMMAND_SIZE / 8];
	uint32_t device, event, lpi, collection;
};

/** Entries that a table has room for by its register. */
static uint64_t table_entries(uint64_t baser)
{
	static const uint32_t page_sizes[] = { 0x1000, 0x4000, 0x10000, 0x10000 };

	if (!(baser & BASE_VALID))
		return 0;
	return (FIELD_GET(BASE_SIZE, baser) + 1) *
	       page_sizes[FIELD_GET(BASE_PAGE_SIZE, baser)] / ENTRY_SIZE;
}

/** The vCPU that a command names as its redistributor. */
static unsigned target_of(const struct its *its, uint64_t word)
{
	uint64_t id = FIELD_GET(GENMASK(50, 16), word);

	return id < its->map.gic->nr_vcpus ? (unsigned)id : VGIC_NOWHERE;
}

static bool in_table(const struct its *its, unsigned n, uint32_t id)
{
	return id < table_entries(its->baser[n]);
}

static int cmd_mapd(struct its *its, const struct its_command *c)
{
	unsigned bits = (unsigned)(c->words[1] & 0x1f) + 1;

	if (!in_table(its, 0, c->device))
		return -ERANGE;
	if (!(c->words[2] & BIT(63)))
		return its_unmap_device(&its->map, c->device);
	return bits > ITS_EVENT_BITS ? -ERANGE : its_map_device(&its->map, c->device, 1u << bits);
}

static int cmd_mapc(struct its *its, const struct its_command *c)
{
	unsigned target = VGIC_NOWHERE;

	if (!in_table(its, 1, c->collection))
		return -ERANGE;
	if (c->words[2] & BIT(63)) {
		target = target_of(its, c->words[2]);
		if (target == VGIC_NOWHERE)
			return -ENOENT;
	}
	return its_map_collection(&its->map, c->collection, target);
}

static int cmd_map_event(struct its *its, const struct its_command *c, uint32_t lpi)
{
	if (!in_table(its, 1, c->collection))
		return -ERANGE;
	return its_map_event(&its->map, c->device, c->event, lpi, c->collection);
}

static int cmd_moveall(struct its *its, const struct its_command *c)
{
	unsigned from = target_of(its, c->words[2]), to = target_of(its, c->words[3]);

	if (from == VGIC_NOWHERE || to == VGIC_NOWHERE)
		return -ENOENT;
	if (from != to)
		vgic_lpi_move_all(its->map.gic, from, to);
	return 0;
}

/** A command that is about the LPI of an event. */
static int cmd_event(struct its *its, const struct its_command *c,
		     void (*fn)(struct vgic *g, unsigned lpi))
{
	int lpi = its_lpi_of(&its->map, c->device, c->event);

	if (lpi < 0)
		return lpi;
	fn(its->map.gic, (unsigned)lpi);
	return 0;
}

static int cmd_invall(struct its *its, const struct its_command *c)
{
	if (c->collection >= ITS_COLLECTIONS ||
	    its->map.targets[c->collection] == VGIC_NOWHERE)
		return -ENOENT;
	vgic_lpi_renew_all(its->map.gic);
	return 0;
}

static int carry_out(struct its *its, const struct its_command *c)
{
	switch (c->words[0] & 0xff) {
	case CMD_MAPD:
		return cmd_mapd(its, c);
	case CMD_MAPC:
		return cmd_mapc(its, c);
	case CMD_MAPTI:
		return cmd_map_event(its, c, c->lpi);
	case CMD_MAPI:
		return cmd_map_event(its, c, c->event);
	case CMD_MOVI:
		return its_move_event(&its->map, c->device, c->event, c->collection);
	case CMD_DISCARD:
		return its_unmap_event(&its->map, c->device, c->event);
	case CMD_INV:
		return cmd_event(its, c, vgic_lpi_renew);
	case CMD_INT:
		return cmd_event(its, c, vgic_lpi_pend);
	case CMD_CLEAR:
		return cmd_event(its, c, vgic_lpi_clear);
	case CMD_INVALL:
		return cmd_invall(its, c);
	case CMD_MOVALL:
		return cmd_moveall(its, c);
	case CMD_SYNC:
		return 0; /* all before it have had their effect */
	default:
		return -ENOTSUP;
	}
}

static const char *wrong(int err)
{
	switch (err) {
	case -ENOENT:
		return "what it names is not mapped";
	case -ERANGE:
		return "a number is beyond what the tables or the ITS have room for";
	case -EEXIST:
		return "the LPI is another event's";
	case -ENOMEM:
		return "no memory is left for it";
	default:
		return "there is no such command";
	}
}

/** Carry out the command at its->read. @return how much work it was; 0: it cannot be read */
static unsigned one_command(struct its *its, const struct emu_access *acc)
{
	gpa_t at = (its->cbaser & BASE_ADDR) + its->read;
	struct its_command c;
	uint8_t raw[COMMAND_SIZE];
	int err;

	if (guest_mem_read(its->dev->guest, at, raw, sizeof(raw)))
		return 0;
	for (unsigned i = 0; i < ARRAY_SIZE(c.words); i++)
		c.words[i] = get_le64(raw + 8 * i);
	c.device = (uint32_t)(c.words[0] >> 32);
	c.event = (uint32_t)c.words[1];
	c.lpi = (uint32_t)(c.words[1] >> 32);
	c.collection = c.words[2] & 0xffff;
	err = carry_out(its, &c);
	if (err)
		emu_complain(its->dev, acc, "command 0x%02x for device 0x%x, event %u: %s",
			     (unsigned)(c.words[0] & 0xff), c.device, c.event, wrong(err));
	switch (c.words[0] & 0xff) {
	case CMD_INVALL:
	case CMD_MOVALL:
	case CMD_MAPC:
	case CMD_MAPD:
		return LARGE;
	default:
		return 1;
	}
}

static uint32_t queue_size(const struct its *its)
{
	return (uint32_t)(FIELD_GET(BASE_SIZE, its->cbaser) + 1) * 0x1000;
}

/** As many commands as one turn may have. its.mutex held. @return true when more are waiting */
static bool one_batch(struct its *its, const struct emu_access *acc)
{
	unsigned done = 0, work;

	while (its->enabled && !its->stalled && its->cbaser & BASE_VALID &&
	       its->read != its->write) {
		if (done >= BATCH)
			return true;
		work = one_command(its, acc);
		if (!work) {
			its->stalled = true;
			emu_complain(its->dev, acc, "command queue at 0x%llx is not in memory",
				     (unsigned long long)(its->cbaser & BASE_ADDR));
			return false;
		}
		done += work;
		its->read = (its->read + COMMAND_SIZE) % queue_size(its);
	}
	return false;
}

/** Carry out what waits in the queue. Thread context, its.mutex not held. */
static void commands(struct its *its, const struct emu_access *acc)
{
	bool more = true;

	while (more) {
		mutex_lock(&its->mutex);
		more = one_batch(its, acc);
		mutex_unlock(&its->mutex);
		if (!more || (acc->vcpu && READ_ONCE(acc->vcpu->requests) & VCPU_REQ_STOP))
			return;
		thread_yield();
	}
}

/* --- registers -------------------------------------------------------------------------- */

/** The 64-bit register that an access is about. its.mutex held. */
static uint64_t read_reg64(const struct its *its, uint64_t offset)
{
	switch (offset & ~7ull) {
	case GITS_TYPER:
		return TYPER_VALUE;
	case GITS_CBASER:
		return its->cbaser;
	case GITS_CWRITER:
		return its->write;
	case GITS_CREADR:
		return its->read | (its->stalled ? RETRY : 0);
	case GITS_BASER:
		return its->baser[0] | BASER_FIXED(TABLE_DEVICES);
	case GITS_BASER + 8:
		return its->baser[1] | BASER_FIXED(TABLE_COLLECTIONS);
	default:
		return 0;
	}
}

static void write_reg64(struct its *its, const struct emu_access *acc, uint64_t offset,
			uint64_t value)
{
	switch (offset & ~7ull) {
	case GITS_CBASER:
		if (its->enabled)
			break;
		its->cbaser = value & CBASER_WRITABLE;
		its->read = 0;
		its->write = 0;
		its->stalled = false;
		return;
	case GITS_CWRITER:
		if ((value & OFFSET_MASK) >= queue_size(its)) {
			emu_complain(its->dev, acc, "GITS_CWRITER 0x%llx is behind the queue",
				     (unsigned long long)value);
			return;
		}
		its->write = (uint32_t)(value & OFFSET_MASK);
		if (value & RETRY)
			its->stalled = false;
		return;
	case GITS_BASER:
	case GITS_BASER + 8:
		if (its->enabled)
			break;
		its->baser[offset >> 3 & 1] = value & BASER_WRITABLE;
		return;
	default:
		return; /* read-only */
	}
	emu_complain(its->dev, acc, "register 0x%x is written while the ITS is on",
		     (unsigned)offset);
}

static uint64_t read_reg(struct emu_dev *dev, struct emu_access *acc, uint32_t index)
{
	struct its *its = dev->priv;
	uint64_t value;

	/* Whoever waits for commands to be done lets them be done. */
	if ((acc->offset & ~7ull) == GITS_CREADR)
		commands(its, acc);
	mutex_lock(&its->mutex);
	value = read_reg64(its, acc->offset) >> 8 * (acc->offset & 4);
	mutex_unlock(&its->mutex);
	return value;
}

static void write_reg(struct emu_dev *dev, struct emu_access *acc, uint32_t index, uint64_t value)
{
	struct its *its = dev->priv;
	uint64_t old;

	mutex_lock(&its->mutex);
	old = read_reg64(its, acc->offset);
	if (acc->size == 4 && acc->offset & 4)
		value = (old & UINT32_MAX) | value << 32;
	else if (acc->size == 4)
		value |= old & ~(uint64_t)UINT32_MAX;
	write_reg64(its, acc, acc->offset, value);
	mutex_unlock(&its->mutex);
	if ((acc->offset & ~7ull) == GITS_CWRITER)
		commands(its, acc);
}

static uint64_t read_ctlr(struct emu_dev *dev, struct emu_access *acc, uint32_t index)
{
	struct its *its = dev->priv;

	return READ_ONCE(its->enabled) ? CTLR_ENABLED : CTLR_QUIESCENT;
}

static void write_ctlr(struct emu_dev *dev, struct emu_access *acc, uint32_t index, uint64_t value)
{
	struct its *its = dev->priv;

	mutex_lock(&its->mutex);
	WRITE_ONCE(its->enabled, value & CTLR_ENABLED);
	mutex_unlock(&its->mutex);
	commands(its, acc);
}

/* Peripheral and component identification: architecture 3, as QEMU's model has them. */
static uint64_t read_id(struct emu_dev *dev, struct emu_access *acc, uint32_t index)
{
	static const uint8_t ids[] = { 0x44, 0x00, 0x00, 0x00, 0x94, 0xb4,
				       0x3b, 0x00, 0x0d, 0xf0, 0x05, 0xb1 };

	return ids[index / 4];
}

/* The device is who writes; a CPU has no DeviceID. */
static void write_translater(struct emu_dev *dev, struct emu_access *acc, uint32_t index,
			     uint64_t value)
{
	emu_complain(dev, acc, "a CPU wrote 0x%x to the doorbell, which only devices can use",
		     (unsigned)value);
}

#define LONG(at, bytes, r, w, text)                                                                \
	{ .offset = (at), .size = (bytes), .widths = 4 | 8, .read = (r), .write = (w),             \
	  .name = (text) }

static const struct emu_reg rows[] = {
	{ .offset = GITS_CTLR, .size = 4, .widths = 4, .read = read_ctlr, .write = write_ctlr,
	  .name = "GITS_CTLR" },
	{ .offset = GITS_IIDR, .size = 4, .widths = 4, .reset = VGIC_IMPLEMENTER,
	  .name = "GITS_IIDR" },
	LONG(GITS_TYPER, 8, read_reg, NULL, "GITS_TYPER"),
	LONG(GITS_CBASER, 8, read_reg, write_reg, "GITS_CBASER"),
	LONG(GITS_CWRITER, 8, read_reg, write_reg, "GITS_CWRITER"),
	LONG(GITS_CREADR, 8, read_reg, NULL, "GITS_CREADR"),
	LONG(GITS_BASER, 8 * TABLES, read_reg, write_reg, "GITS_BASER"),
	{ .offset = GITS_IDREGS, .size = 0x30, .widths = 1 | 4, .read = read_id,
	  .name = "GITS_ID" },
	{ .offset = GITS_TRANSLATER, .size = 4, .widths = 2 | 4, .write = write_translater,
	  .name = "GITS_TRANSLATER" },
};

static const struct emu_regs regs = { .rows = rows, .count = ARRAY_SIZE(rows) };

/* --- the device ------------------------------------------------------------------------- */

static void its_msi(struct emu_dev *dev, uint64_t offset, uint32_t requester, uint32_t data)
{
	struct its *its = dev->priv;
	int lpi;

	if (unlikely(offset != GITS_TRANSLATER)) {
		emu_complain(dev, NULL, "a message to 0x%x: the doorbell is at 0x%x",
			     (unsigned)offset, GITS_TRANSLATER);
		return;
	}
	if (unlikely(!READ_ONCE(its->enabled)))
		return; /* as the architecture says */
	lpi = its_lpi_of(&its->map, requester, data);
	if (likely(lpi >= 0))
		vgic_lpi_pend(its->map.gic, (unsigned)lpi);
	else
		emu_complain(dev, NULL, "event %u of device 0x%x is not mapped", data, requester);
}

static int its_probe(struct emu_dev *dev)
{
	struct its *its = heap_zalloc(sizeof(*its));

	if (!its)
		return -ENOMEM;
	its->dev = dev;
	mutex_init(&its->mutex);
	its_map_init(&its->map, NULL);
	dev->priv = its;
	return 0;
}

static int its_ready(struct emu_dev *dev)
{
	struct vgic *g = dev->guest->vintc ? vgic_of(dev) : NULL;
	struct its *its = dev->priv;

	if (!g || g->version != 3)
		return emu_fail(dev, -ENOENT, "an ITS belongs to a GICv3; add regions with "
				"compatible \"arm,vgic3,dist\" and \"arm,vgic3,redist\"");
	its->map.gic = g;
	vgic_lpi_enable(g);
	return 0;
}

static void its_remove(struct emu_dev *dev)
{
	struct its *its = dev->priv;

	its_map_reset(&its->map);
	heap_free(its);
	dev->priv = NULL;
}

static void its_reset(struct emu_dev *dev)
{
	struct its *its = dev->priv;

	mutex_lock(&its->mutex);
	its->enabled = false;
	its->stalled = false;
	its->read = 0;
	its->write = 0;
	its->cbaser = 0;
	memset(its->baser, 0, sizeof(its->baser));
	its_map_reset(&its->map);
	mutex_unlock(&its->mutex);
}

static unsigned its_check(const struct dt_node *node, const char *path, struct shell_out *out)
{
	uint64_t size;

	if (dt_u64(node, "physical_size", &size) || size >= ITS_SIZE)
		return 0;
	out_printf(out, "%s: physical_size is 0x%llx: an ITS has 0x%x bytes.\n", path,
		   (unsigned long long)size, ITS_SIZE);
	return 1;
}

static void its_show(struct emu_dev *dev, struct shell_out *out)
{
	struct its *its = dev->priv;
	unsigned devices, events;

	mutex_lock(&its->mutex);
	its_map_count(&its->map, &devices, &events);
	out_printf(out, "ITS %s, %u devices with %u events, commands up to 0x%x of 0x%x done%s\n",
		   its->enabled ? "on" : "off", devices, events, its->read, its->write,
		   its->stalled ? ", stalled" : "");
	mutex_unlock(&its->mutex);
}

static const struct dt_match matches[] = {
	{ "arm,gic-v3-its", NULL },
	{ NULL, NULL },
};

EMULATOR(gicv3_its) {
	.name = "gicv3-its",
	.match = matches,
	.check = its_check,
	.probe = its_probe,
	.remove = its_remove,
	.reset = its_reset,
	.ready = its_ready,
	.regs = &regs,
	.msi = its_msi,
	.show = its_show,
};
