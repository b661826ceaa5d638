/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Interrupt translation service of GICv3 (Arm IHI 0069, chapters 5 and 6): writes of devices become
 * LPIs. Nothing of it takes memory until the first device wants messages. lpis.lock guards which
 * LPIs are given away; its->lock the queue of commands, its->devices and the tables.
 */
#include "gic.h"

#include <arch/barrier.h>
#include <arch/cache.h>
#include <core/cpu.h>
#include <core/dev.h>
#include <core/dt.h>
#include <core/irq.h>
#include <core/log.h>
#include <core/mem.h>
#include <core/pci.h>
#include <core/thread.h>
#include <libs/bitmap.h>
#include <libs/bits.h>
#include <libs/byteorder.h>
#include <libs/errno.h>

/* Redistributor. */
#define GICR_CTLR	 0x00
#define GICR_PROPBASER	 0x70
#define GICR_PENDBASER	 0x78
#define CTLR_ENABLE_LPIS BIT32(0)
#define TYPER_PLPIS	 BIT(0)
#define DIST_TYPER_LPIS	 BIT32(17)

/* ITS; messages go to the second frame. */
#define GITS_CTLR	0x0000
#define GITS_TYPER	0x0008
#define GITS_CBASER	0x0080
#define GITS_CWRITER	0x0088
#define GITS_CREADR	0x0090
#define GITS_BASER	0x0100
#define GITS_BASERS	8
#define GITS_TRANSLATER 0x10040
#define CTLR_ENABLED	BIT32(0)
#define CTLR_QUIESCENT	BIT32(31)
#define CREADR_STALLED	BIT(0)
#define TYPER_PTA	BIT(19)
#define BASER_VALID	BIT(63)
#define BASER_INDIRECT	BIT(62)
#define BASER_PAGE	GENMASK(9, 8)
/* Inner shareable, write-back, in all of these registers. */
#define CACHED		(FIELD_PREP(GENMASK(61, 59), 7) | CACHED_LOW)
#define SHAREABLE	GENMASK(11, 10)
#define CACHED_LOW	FIELD_PREP(SHAREABLE, 1)
#define R_CACHED	(FIELD_PREP(GENMASK(9, 7), 7) | CACHED_LOW) /* redistributor's */

enum { TABLE_DEVICES = 1, TABLE_COLLECTIONS = 4 };
enum {
	CMD_MOVI = 0x01, CMD_SYNC = 0x05, CMD_MAPD = 0x08, CMD_MAPC = 0x09, CMD_MAPTI = 0x0a,
	CMD_INV = 0x0c, CMD_DISCARD = 0x0f,
};

#define LPI_BITS     14 /* the fewest that a GIC has: INTIDs below 1 << 14 */
#define LPIS	     ((1u << LPI_BITS) - IRQ_LPI_FIRST)
#define LPI_CONFIG   0xa2 /* priority as that of all others, and a bit that is one */
#define LPI_ENABLED  1
#define QUEUE_BYTES  PAGE_SIZE
#define COMMAND	     32
#define DEVICE_BITS  16 /* requester IDs of one PCI domain */
#define FLAT_MAX     (64 * KIB)
#define PENDING_ALIGN (64 * KIB)
#define ITT_ALIGN    256
#define EVENTS_MIN   16 /* so that several devices have room in one */
#define POLLS	     1000000

/*
 * A device that has interrupts, or several behind an old bridge which look like one: its events 0 …
 * n-1 are n LPIs in a row, some of them given away.
 */
struct its_device {
	struct list link;
	uint32_t id;
	unsigned first, n;	/* LPIs */
	unsigned used;
	unsigned long *taken;	/* bitmap of n */
	void *itt;
	size_t itt_pages;
};

struct its {
	struct msi_controller mc;
	struct list link;	/* its_list */
	hpa_t pa;
	uint8_t *regs;
	bool ready;
	uint64_t typer;
	spinlock_t lock;
	uint8_t *queue;
	uint32_t at;		/* where the next command goes */
	uint64_t *devices_table; /* of pointers to second tables; NULL: flat */
	size_t second_bytes, entry;
	uint64_t ids;		/* devices that the table has room for */
	struct list devices;
};

static struct {
	spinlock_t lock;
	bool ready;
	uint8_t *config;	/* a byte each */
	DECLARE_BITMAP(taken, LPIS);
} lpis;
static struct list its_list = LIST_INIT(its_list);
static struct mutex setup_mutex = MUTEX_INIT(setup_mutex);

/* Whether the hardware looks into caches or not, it finds what was written. */
static void publish(const void *va, size_t size)
{
	arch_cache_clean_inval(va, size);
}

static bool wait_for(const uint8_t *reg, uint32_t mask, uint32_t value)
{
	unsigned polls;

	for (polls = POLLS; polls; polls--) {
		if ((mmio_read32(reg) & mask) == value)
			return true;
		arch_relax();
	}
	return false;
}

/* --- commands: its->lock held ----------------------------------------------------------- */

/* One command, done when this returns. */
static int command(struct its *its, uint64_t a, uint64_t b, uint64_t c)
{
	uint8_t *slot = its->queue + its->at;

	put_le64(slot, a);
	put_le64(slot + 8, b);
	put_le64(slot + 16, c);
	put_le64(slot + 24, 0);
	publish(slot, COMMAND);
	its->at = (its->at + COMMAND) % QUEUE_BYTES;
	mmio_write64(its->regs + GITS_CWRITER, its->at);
	if (wait_for(its->regs + GITS_CREADR, QUEUE_BYTES - COMMAND, its->at))
		return 0;
	log_error("ITS at 0x%llx: command 0x%x of device 0x%x was not carried out",
		  (unsigned long long)its->pa, (unsigned)(a & 0xff), (unsigned)(a >> 32));
	return -EIO;
}

static uint64_t of_device(unsigned cmd, const struct its_device *dev)
{
	return (uint64_t)dev->id << 32 | cmd;
}

/* What commands call a CPU: the page of its redistributor, or its number. */
static uint64_t target_of(const struct its *its, unsigned cpu)
{
	struct gicv3_redist rd;

	if (!gicv3_redist(cpu, &rd))
		return 0;
	return its->typer & TYPER_PTA ? rd.pa : (rd.typer >> 8 & 0xffff) << 16;
}

static int sync(struct its *its)
{
	unsigned cpu;
	int err = 0;

	for (cpu = 0; cpu < cpu_count() && !err; cpu++)
		err = command(its, CMD_SYNC, 0, target_of(its, cpu));
	return err;
}

/* --- LPIs as interrupts of core ------------------------------------------------------------ */

/* Run a command on the event of an LPI, if it has one. */
static int event_command(unsigned hwirq, unsigned cmd, uint64_t c)
{
	struct its_device *dev;
	struct its *its;
	int err = -EINVAL;

	list_for_each_entry(its, &its_list, link) {
		unsigned long flags = spin_lock_irqsave(&its->lock);

		list_for_each_entry(dev, &its->devices, link) {
			if (hwirq < dev->first || hwirq >= dev->first + dev->n)
				continue;
			err = command(its, of_device(cmd, dev), hwirq - dev->first, c);
			if (!err)
				err = sync(its);
		}
		spin_unlock_irqrestore(&its->lock, flags);
	}
	return err;
}

static void set_config(unsigned hwirq, uint8_t value)
{
	uint8_t *config = &lpis.config[hwirq - IRQ_LPI_FIRST];

	WRITE_ONCE(*config, value);
	publish(config, 1);
	arch_wmb();
	(void)event_command(hwirq, CMD_INV, 0);
}

static void lpi_enable(unsigned hwirq)
{
	set_config(hwirq, LPI_CONFIG | LPI_ENABLED);
}

static void lpi_disable(unsigned hwirq)
{
	set_config(hwirq, LPI_CONFIG);
}

static int lpi_set_type(unsigned hwirq, bool level)
{
	return level ? -EINVAL : 0;
}

static int lpi_set_cpu(unsigned hwirq, unsigned cpu)
{
	struct gicv3_redist rd;

	return gicv3_redist(cpu, &rd) ? event_command(hwirq, CMD_MOVI, cpu) : -EINVAL;
}

static const struct irqchip lpi_chip = {
	.name = "LPI",
	.nr_irqs = LPIS,
	.enable = lpi_enable,
	.disable = lpi_disable,
	.set_type = lpi_set_type,
	.set_cpu = lpi_set_cpu,
};

/* --- setting up: setup_mutex held ------------------------------------------------------------ */

/* A CPU's tables of LPIs. The redistributor has them for ever once it looks at them. */
static int start_redist(const struct gicv3_redist *rd)
{
	uint32_t ctlr = mmio_read32(rd->regs + GICR_CTLR);
	hpa_t pending;
	void *va;

	if (!(rd->typer & TYPER_PLPIS))
		return -ENOTSUP;
	if (ctlr & CTLR_ENABLE_LPIS) {
		mmio_write32(rd->regs + GICR_CTLR, ctlr & ~CTLR_ENABLE_LPIS);
		if (!wait_for(rd->regs + GICR_CTLR, CTLR_ENABLE_LPIS, 0)) {
			log_error("the firmware has switched LPIs on, for good");
			return -EBUSY;
		}
	}
	pending = frame_alloc(1, PENDING_ALIGN);
	va = pending ? mem_map_frames(pending, PAGE_SIZE) : NULL;
	if (!va) {
		if (pending)
			frame_free(pending, 1);
		return -ENOMEM;
	}
	arch_cache_zero(va, PAGE_SIZE);
	publish(va, PAGE_SIZE);
	mmio_write64(rd->regs + GICR_PROPBASER,
		     mem_va_to_hpa(lpis.config) | R_CACHED | (LPI_BITS - 1));
	/* bit 62: the table is all zeros */
	mmio_write64(rd->regs + GICR_PENDBASER, pending | R_CACHED | BIT(62));
	arch_mb();
	mmio_write32(rd->regs + GICR_CTLR, ctlr | CTLR_ENABLE_LPIS);
	return 0;
}

static int start_lpis(void)
{
	struct gicv3_redist rd;
	unsigned cpu, i;
	int err = 0;

	if (lpis.ready)
		return 0;
	if (!(gicv3_dist_typer() & DIST_TYPER_LPIS))
		return -ENOTSUP;
	if (!lpis.config)
		lpis.config = page_alloc(LPIS / PAGE_SIZE);
	if (!lpis.config)
		return -ENOMEM;
	for (i = 0; i < LPIS; i++)
		lpis.config[i] = LPI_CONFIG;
	publish(lpis.config, LPIS);
	for (cpu = 0; cpu < cpu_count() && !err; cpu++)
		err = gicv3_redist(cpu, &rd) ? start_redist(&rd) : 0;
	if (!err)
		err = irqchip_add_lpis(&lpi_chip);
	lpis.ready = !err;
	return err;
}

/* Give a table to the ITS. @return its bytes of a page, 0 when it does not take it */
static size_t write_baser(struct its *its, unsigned n, uint64_t more, const void *table,
			  size_t size)
{
	static const size_t pages[] = { 4 * KIB, 16 * KIB, 64 * KIB, 64 * KIB };
	uint8_t *reg = its->regs + GITS_BASER + 8 * n;
	uint64_t fixed = mmio_read64(reg) & (GENMASK(58, 56) | GENMASK(52, 48)), value;
	size_t page = pages[FIELD_GET(BASER_PAGE, mmio_read64(reg))];

	value = fixed | more | CACHED | BASER_VALID | mem_va_to_hpa(table) |
		FIELD_PREP(BASER_PAGE, page == 64 * KIB ? 2 : page == 16 * KIB ? 1 : 0) |
		(DIV_ROUND_UP(size, page) - 1);
	mmio_write64(reg, value);
	return (mmio_read64(reg) & (BASER_VALID | more)) == (BASER_VALID | more) ? page : 0;
}

/* Tables are aligned to the largest page that an ITS may have. */
static void *table_alloc(size_t size)
{
	size_t pages = DIV_ROUND_UP(ALIGN_UP(size, 64 * KIB), PAGE_SIZE);
	hpa_t pa = frame_alloc(pages, 64 * KIB);
	void *va = pa ? mem_map_frames(pa, pages * PAGE_SIZE) : NULL;

	if (pa && !va)
		frame_free(pa, pages);
	if (va) {
		arch_cache_zero(va, pages * PAGE_SIZE);
		publish(va, pages * PAGE_SIZE);
	}
	return va;
}

static int device_table(struct its *its, unsigned n)
{
	unsigned bits = MIN_T(unsigned, (its->typer >> 13 & 0x1f) + 1, DEVICE_BITS);
	size_t entry = FIELD_GET(GENMASK(52, 48), mmio_read64(its->regs + GITS_BASER + 8 * n)) + 1;
	void *table = table_alloc(MIN_T(size_t, entry << bits, FLAT_MAX));
	size_t page;

	if (!table)
		return -ENOMEM;
	its->entry = entry;
	its->ids = MIN_T(uint64_t, BIT(bits), FLAT_MAX / entry);
	if (entry << bits > FLAT_MAX) {
		/* Two levels, if it knows them; else those devices that fit. */
		page = write_baser(its, n, BASER_INDIRECT, table, FLAT_MAX);
		if (page) {
			its->devices_table = table;
			its->second_bytes = page;
			its->ids = MIN_T(uint64_t, BIT(bits), FLAT_MAX / 8 * (page / entry));
			return 0;
		}
	}
	return write_baser(its, n, 0, table, MIN_T(size_t, entry << bits, FLAT_MAX)) ? 0 : -EIO;
}

static int make_tables(struct its *its)
{
	unsigned n, kind;
	int err = 0;

	for (n = 0; n < GITS_BASERS && !err; n++) {
		kind = mmio_read64(its->regs + GITS_BASER + 8 * n) >> 56 & 7;
		if (kind == TABLE_DEVICES) {
			err = device_table(its, n);
		} else if (kind == TABLE_COLLECTIONS) {
			void *table = table_alloc(64 * KIB);

			err = !table ? -ENOMEM :
			      write_baser(its, n, 0, table, 64 * KIB) ? 0 : -EIO;
		}
	}
	return err;
}

/* Collections: each CPU's LPIs. */
static int map_cpus(struct its *its)
{
	unsigned long flags = spin_lock_irqsave(&its->lock);
	unsigned cpu;
	int err = 0;

	for (cpu = 0; cpu < cpu_count() && !err; cpu++)
		err = command(its, CMD_MAPC, 0, BIT(63) | target_of(its, cpu) | cpu);
	if (!err)
		err = sync(its);
	spin_unlock_irqrestore(&its->lock, flags);
	return err;
}

static int start_its(struct its *its)
{
	int err = start_lpis();

	if (err || its->ready)
		return err;
	mmio_write32(its->regs + GITS_CTLR, 0);
	if (!wait_for(its->regs + GITS_CTLR, CTLR_QUIESCENT, CTLR_QUIESCENT))
		return -ETIMEDOUT;
	its->typer = mmio_read64(its->regs + GITS_TYPER);
	its->queue = page_alloc(QUEUE_BYTES / PAGE_SIZE);
	if (!its->queue)
		return -ENOMEM;
	err = make_tables(its);
	if (err)
		return err;
	mmio_write64(its->regs + GITS_CBASER, BASER_VALID | CACHED | mem_va_to_hpa(its->queue) |
		     (QUEUE_BYTES / PAGE_SIZE - 1));
	its->at = 0;
	mmio_write64(its->regs + GITS_CWRITER, 0);
	arch_mb();
	mmio_write32(its->regs + GITS_CTLR, CTLR_ENABLED);
	err = map_cpus(its);
	its->ready = !err;
	return err;
}

/* --- devices ------------------------------------------------------------------------------- */

/* The second table that has a device's entry. Lock held. */
static int second_table(struct its *its, uint32_t id)
{
	uint64_t *at;
	void *table;

	if (id >= its->ids)
		return -ENOSPC;
	if (!its->devices_table)
		return 0;
	at = &its->devices_table[id / (its->second_bytes / its->entry)];
	if (*at)
		return 0;
	if (its->second_bytes > PAGE_SIZE)
		table = table_alloc(its->second_bytes);
	else
		table = page_alloc(1);
	if (!table)
		return -ENOMEM;
	publish(table, its->second_bytes);
	*at = cpu_to_le64(mem_va_to_hpa(table) | BASER_VALID);
	publish(at, sizeof(*at));
	return 0;
}

static int take_lpis(unsigned n)
{
	unsigned long flags = spin_lock_irqsave(&lpis.lock);
	size_t at = bitmap_find_zero_run(lpis.taken, LPIS, 0, n, 1);

	if (at < LPIS)
		bitmap_set_range(lpis.taken, at, n);
	spin_unlock_irqrestore(&lpis.lock, flags);
	return at < LPIS ? (int)(at + IRQ_LPI_FIRST) : -ENOSPC;
}

static void put_lpis(unsigned first, unsigned n)
{
	unsigned long flags = spin_lock_irqsave(&lpis.lock);

	bitmap_clear_range(lpis.taken, first - IRQ_LPI_FIRST, n);
	spin_unlock_irqrestore(&lpis.lock, flags);
}

static void drop_device(struct its_device *dev)
{
	if (dev->first)
		put_lpis(dev->first, dev->n);
	if (dev->itt)
		page_free(dev->itt, dev->itt_pages);
	heap_free(dev->taken);
	heap_free(dev);
}

static struct its_device *make_device(struct its *its, uint32_t id, unsigned n)
{
	size_t entry = (its->typer >> 4 & 0xf) + 1;
	struct its_device *dev = heap_zalloc(sizeof(*dev));
	int first = -ENOMEM;

	if (!dev)
		return NULL;
	dev->id = id;
	dev->n = (unsigned)roundup_pow2(MAX(n, (unsigned)EVENTS_MIN));
	dev->itt_pages = DIV_ROUND_UP(MAX_T(size_t, dev->n * entry, ITT_ALIGN), PAGE_SIZE);
	dev->itt = page_alloc(dev->itt_pages);
	dev->taken = heap_calloc(BITMAP_WORDS(dev->n), sizeof(*dev->taken));
	if (dev->itt && dev->taken)
		first = take_lpis(dev->n);
	if (first < 0) {
		drop_device(dev);
		return NULL;
	}
	dev->first = (unsigned)first;
	publish(dev->itt, dev->itt_pages * PAGE_SIZE);
	return dev;
}

/* Lock held. */
static int map_device(struct its *its, struct its_device *dev)
{
	int err = second_table(its, dev->id);

	if (!err)
		err = command(its, of_device(CMD_MAPD, dev), ilog2(dev->n) - 1,
			      BIT(63) | mem_va_to_hpa(dev->itt));
	return err;
}

static int unmap_device(struct its *its, struct its_device *dev)
{
	int err = command(its, of_device(CMD_MAPD, dev), 0, 0);

	return err ? err : sync(its);
}

static struct its_device *find_device(struct its *its, uint32_t id)
{
	struct its_device *dev;

	list_for_each_entry(dev, &its->devices, link)
		if (dev->id == id)
			return dev;
	return NULL;
}

/* n events in a row to as many LPIs. Lock held. */
static int map_events(struct its *its, struct its_device *dev, unsigned n, struct msi_vector *v)
{
	size_t at = bitmap_find_zero_run(dev->taken, dev->n, 0, n, 1);
	unsigned i;
	int err = at < dev->n ? 0 : -ENOSPC;

	for (i = 0; i < n && !err; i++) {
		v[i] = (struct msi_vector){
			.address = its->pa + GITS_TRANSLATER, .data = (uint32_t)at + i,
			.hwirq = dev->first + (unsigned)at + i,
		};
		err = command(its, of_device(CMD_MAPTI, dev),
			      (uint64_t)v[i].hwirq << 32 | v[i].data, 0);
	}
	if (!err)
		err = sync(its);
	if (err)
		return err;
	bitmap_set_range(dev->taken, at, n);
	dev->used += n;
	return 0;
}

static int its_alloc(struct msi_controller *mc, uint32_t id, unsigned n, struct msi_vector *v)
{
	struct its *its = container_of(mc, struct its, mc);
	struct its_device *dev = NULL;
	unsigned long flags;
	bool fresh;
	int err;

	mutex_lock(&setup_mutex);
	err = start_its(its);
	if (!err)
		dev = find_device(its, id);
	fresh = !dev;
	if (!err && fresh) {
		dev = make_device(its, id, n);
		if (!dev)
			err = -ENOMEM;
	}
	if (!err) {
		flags = spin_lock_irqsave(&its->lock);
		if (fresh)
			err = map_device(its, dev);
		if (!err)
			err = map_events(its, dev, n, v);
		if (!err && fresh)
			list_add_tail(&its->devices, &dev->link);
		else if (fresh)
			(void)unmap_device(its, dev);
		spin_unlock_irqrestore(&its->lock, flags);
		if (err && fresh)
			drop_device(dev);
	}
	mutex_unlock(&setup_mutex);
	return err;
}

static void its_free(struct msi_controller *mc, uint32_t id, unsigned n, struct msi_vector *v)
{
	struct its *its = container_of(mc, struct its, mc);
	struct its_device *dev;
	unsigned long flags;
	unsigned i;

	mutex_lock(&setup_mutex);
	dev = find_device(its, id);
	if (!dev)
		goto out;
	flags = spin_lock_irqsave(&its->lock);
	for (i = 0; i < n; i++)
		(void)command(its, of_device(CMD_DISCARD, dev), v[i].data, 0);
	(void)sync(its);
	bitmap_clear_range(dev->taken, v[0].data, n);
	dev->used -= n;
	if (!dev->used) {
		list_del(&dev->link);
		(void)unmap_device(its, dev);
	}
	spin_unlock_irqrestore(&its->lock, flags);
	if (!dev->used)
		drop_device(dev);
out:
	mutex_unlock(&setup_mutex);
}

static int its_probe(struct device *dev)
{
	struct its *its = heap_zalloc(sizeof(*its));

	if (!its)
		return -ENOMEM;
	if (dt_reg(dev->node, 0, &its->pa, NULL))
		goto err_free;
	/* of the frame for messages nothing is read or written by a CPU */
	its->regs = mem_map_device(its->pa, PAGE_SIZE);
	if (!its->regs)
		goto err_free;
	spin_init(&its->lock);
	list_init(&its->devices);
	list_add_tail(&its_list, &its->link);
	its->mc.node = dev->node;
	its->mc.alloc = its_alloc;
	its->mc.free = its_free;
	msi_controller_register(&its->mc);
	return 0;
err_free:
	heap_free(its);
	return -ENXIO;
}

static const struct dt_match its_match[] = {
	{ "arm,gic-v3-its", NULL },
	{ NULL, NULL },
};

DRIVER(gicv3_its) {
	.name = "gicv3-its",
	.class = DRIVER_IRQCHIP,
	.match = its_match,
	.probe = its_probe,
};
