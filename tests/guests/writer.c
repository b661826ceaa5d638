/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Writes without end to all virtio disks (over MMIO) and to the second flash bank, and says what is
 * safe: for a machine that is killed in the midst of it. What is written where follows from "seed="
 * and a number that counts up (tests/boot/writer.py knows the same); "from=" is the first one.
 * "noflush": the driver does not accept VIRTIO_BLK_F_FLUSH, and each write is safe when it ends.
 *
 *	SAFE disk n	all of disk's records below n are there
 *	FLASH e k	words below k of the flash are there, since it was erased for the e-th time
 */
#include "kit.h"

#define R_DEVICE	  0x008
#define R_FEATURES	  0x010
#define R_FEATURES_SEL	  0x014
#define R_DRIVER_FEATURES 0x020
#define R_DRIVER_SEL	  0x024
#define R_QUEUE_SEL	  0x030
#define R_QUEUE_NUM	  0x038
#define R_QUEUE_READY	  0x044
#define R_NOTIFY	  0x050
#define R_STATUS	  0x070
#define R_DESC		  0x080
#define R_DRIVER	  0x090
#define R_USED		  0x0a0
#define R_CONFIG	  0x100

#define F_FLUSH	  BIT(9)
#define F_DISCARD BIT(13)
#define T_OUT	  1
#define T_FLUSH	  4
#define T_DISCARD 11

#define DISKS_MAX 4
#define FLIGHTS	  8  /* requests at a time, each of three descriptors */
#define RING	  32
#define SECTOR	  512
#define RECORD	  4096
#define MAGIC	  0x5afe0001

struct desc {
	uint64_t addr;
	uint32_t len;
	uint16_t flags, next;
};

struct disk {
	uintptr_t regs;
	unsigned id;
	bool can_flush, can_discard;
	uint32_t slots;
	uint64_t next;	/* number of the next record */
	uint64_t count;
	uint16_t avail_idx, used_idx;
	struct desc desc[RING] __attribute__((aligned(16)));
	uint16_t avail[2 + RING] __attribute__((aligned(16)));
	volatile uint32_t used[1 + 2 * RING] __attribute__((aligned(16)));
	struct {
		uint32_t type, zero;
		uint64_t sector;
	} header[FLIGHTS];
	struct {
		uint64_t sector;
		uint32_t sectors, flags;
	} range[FLIGHTS];
	volatile uint8_t status[FLIGHTS];
	uint8_t data[FLIGHTS][RECORD];
};

static struct disk disks[DISKS_MAX] __attribute__((aligned(4096)));
static uint64_t seed;
static uint32_t crc_table[256];

static uint32_t crc32(const uint8_t *p, size_t n)
{
	uint32_t crc = ~0U;

	while (n--)
		crc = crc_table[(crc ^ *p++) & 0xff] ^ crc >> 8;
	return ~crc;
}

static void make_crc_table(void)
{
	for (uint32_t i = 0; i < 256; i++) {
		uint32_t c = i;

		for (unsigned k = 0; k < 8; k++)
			c = c >> 1 ^ (c & 1 ? 0xedb88320U : 0);
		crc_table[i] = c;
	}
}

/* What record n of a disk is about. */
static uint64_t mix(uint64_t n, unsigned disk)
{
	uint64_t x = seed * 0x9e3779b97f4a7c15ULL + n * 0xbf58476d1ce4e5b9ULL + disk;

	x ^= x >> 31;
	x *= 0x94d049bb133111ebULL;
	return x ^ x >> 29;
}

/* --- disks -------------------------------------------------------------------------------- */

static void set_queue(struct disk *d, unsigned reg, const volatile void *p)
{
	write32(d->regs + reg, (uint32_t)(uintptr_t)p);
	write32(d->regs + reg + 4, (uint32_t)((uintptr_t)p >> 32));
}

static bool start_disk(struct disk *d)
{
	uint32_t features;

	write32(d->regs + R_STATUS, 0);
	write32(d->regs + R_STATUS, 3);
	write32(d->regs + R_FEATURES_SEL, 0);
	features = read32(d->regs + R_FEATURES) & (F_FLUSH | F_DISCARD);
	if (boot_arg("noflush"))
		features &= ~(uint32_t)F_FLUSH;
	d->can_flush = features & F_FLUSH;
	d->can_discard = features & F_DISCARD;
	write32(d->regs + R_DRIVER_SEL, 0);
	write32(d->regs + R_DRIVER_FEATURES, features);
	write32(d->regs + R_DRIVER_SEL, 1);
	write32(d->regs + R_DRIVER_FEATURES, 1);
	write32(d->regs + R_STATUS, 11);
	if (!(read32(d->regs + R_STATUS) & 8))
		return false;
	d->slots = (uint32_t)(read64(d->regs + R_CONFIG) / (RECORD / SECTOR));
	write32(d->regs + R_QUEUE_SEL, 0);
	write32(d->regs + R_QUEUE_NUM, RING);
	set_queue(d, R_DESC, d->desc);
	set_queue(d, R_DRIVER, d->avail);
	set_queue(d, R_USED, d->used);
	write32(d->regs + R_QUEUE_READY, 1);
	write32(d->regs + R_STATUS, 15);
	return d->slots;
}

/* A request without data, or with; i is its place. */
static void submit(struct disk *d, unsigned i, uint32_t type, uint64_t sector, void *data,
		   uint32_t len)
{
	struct desc *desc = &d->desc[3 * i];

	d->header[i].type = type;
	d->header[i].zero = 0;
	d->header[i].sector = sector;
	d->status[i] = 0xff;
	desc[0] = (struct desc){ (uintptr_t)&d->header[i], 16, 1,
				 (uint16_t)(3 * i + (len ? 1 : 2)) };
	desc[1] = (struct desc){ (uintptr_t)data, len, 1, (uint16_t)(3 * i + 2) };
	desc[2] = (struct desc){ (uintptr_t)&d->status[i], 1, 2, 0 };
	d->avail[2 + d->avail_idx % RING] = (uint16_t)(3 * i);
	__asm__ volatile("dmb ish" : : : "memory");
	((volatile uint16_t *)d->avail)[1] = ++d->avail_idx;
	__asm__ volatile("dmb ish" : : : "memory");
	write32(d->regs + R_NOTIFY, 0);
}

/* All that was begun has ended. @return whether well */
static bool wait_all(struct disk *d, unsigned n)
{
	bool good = true;

	while ((uint16_t)(*(volatile uint32_t *)d->used >> 16) != d->avail_idx)
		__asm__ volatile("" : : : "memory");
	__asm__ volatile("dmb ish" : : : "memory");
	for (unsigned i = 0; i < n; i++)
		good = good && !d->status[i];
	return good;
}

/* A record: each sector says what it is, and ends with its checksum. */
static void fill(struct disk *d, uint8_t *data, uint64_t n, uint32_t slot)
{
	uint64_t x = mix(n, d->id);

	for (uint32_t s = 0; s < RECORD / SECTOR; s++, data += SECTOR) {
		uint32_t *w = (uint32_t *)(void *)data;

		w[0] = MAGIC;
		w[1] = d->id;
		w[2] = (uint32_t)n;
		w[3] = (uint32_t)(n >> 32);
		w[4] = slot;
		w[5] = s;
		for (unsigned i = 6; i < SECTOR / 4 - 1; i++) {
			x = x * 6364136223846793005ULL + 1442695040888963407ULL;
			w[i] = (uint32_t)(x >> 32);
		}
		w[SECTOR / 4 - 1] = crc32(data, SECTOR - 4);
	}
}

/* One that takes the place of a record instead, of every 16th number. */
static bool is_discard(const struct disk *d, uint64_t what)
{
	return d->can_discard && !(what >> 40 & 15);
}

static bool write_some(struct disk *d)
{
	unsigned n = 1 + (unsigned)(mix(d->next, 77) % FLIGHTS);
	uint32_t slots[FLIGHTS];

	for (unsigned i = 0; i < n; i++) {
		uint64_t what = mix(d->next, d->id);
		uint32_t slot = (uint32_t)(what % d->slots);
		uint64_t sector = (uint64_t)slot * (RECORD / SECTOR);
		bool again = is_discard(d, what);

		slots[i] = slot;
		for (unsigned k = 0; k < i; k++)
			again |= slots[k] == slot;
		/* Two at the same place would have no order. */
		if (again && !wait_all(d, i))
			return false;
		if (is_discard(d, what)) {
			d->range[i].sector = sector;
			d->range[i].sectors = RECORD / SECTOR;
			d->range[i].flags = 0;
			submit(d, i, T_DISCARD, 0, &d->range[i], 16);
			if (!wait_all(d, i + 1))
				return false;
		} else {
			fill(d, d->data[i], d->next, slot);
			submit(d, i, T_OUT, sector, d->data[i], RECORD);
		}
		d->next++;
	}
	return wait_all(d, n);
}

static bool work(struct disk *d)
{
	bool good = write_some(d);

	if (good && d->can_flush) {
		submit(d, 0, T_FLUSH, 0, NULL, 0);
		good = wait_all(d, 1);
	}
	if (good)
		print("SAFE %u %lu\n", d->id, d->next);
	else
		print("FAILED %u %lu\n", d->id, d->next);
	return good;
}

/* --- flash -------------------------------------------------------------------------------- */

#define BANK	     (FLASH_BASE + FLASH_BANK)
#define FLASH_SECTOR 0x40000
#define FLASH_WORDS  512 /* programmed before it is erased again */

static bool flash_wait(void)
{
	uint32_t status;

	do {
		write32(BANK, 0x00700070);
		status = read32(BANK);
	} while ((status & 0x00800080) != 0x00800080);
	write32(BANK, 0x00ff00ff);
	return status == 0x00800080;
}

static void flash_work(void)
{
	static uint64_t erased;
	static uint32_t word = FLASH_WORDS;

	if (word == FLASH_WORDS) {
		write32(BANK, 0x00200020);
		write32(BANK, 0x00d000d0);
		erased++;
		word = 0;
	} else {
		write32(BANK + 4 * word, 0x00400040);
		write32(BANK + 4 * word, (uint32_t)mix(word, 99 + (unsigned)erased));
		word++;
	}
	if (flash_wait())
		print("FLASH %lu %u\n", erased, word);
	else
		print("FAILED flash %u\n", word);
}

void guest_main(void)
{
	uint64_t from = boot_arg_number("from", 0);
	unsigned n = 0;

	seed = boot_arg_number("seed", 1);
	make_crc_table();
	for (unsigned slot = 0; slot < VIRTIO_SLOTS && n < DISKS_MAX; slot++) {
		struct disk *d = &disks[n];

		d->regs = VIRTIO_BASE + slot * VIRTIO_STRIDE;
		d->id = n;
		d->next = from;
		if (read32(d->regs + R_DEVICE) == 2 && start_disk(d))
			n++;
	}
	print("WRITER begins with %u disks\n", n);
	for (uint64_t i = 0;; i++) {
		for (unsigned k = 0; k < n; k++)
			if (!work(&disks[k]))
				return;
		if (boot_arg("flash"))
			flash_work();
	}
}
