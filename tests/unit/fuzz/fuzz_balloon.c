/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A balloon with a hostile driver beside a disk whose requests are under way: it gives pages of any
 * number away, twice, those of rings, of tables and of buffers in use, and reports any place as
 * free. Each page of the guest is memory of its own, freed when it was given away and nobody said
 * that he uses it; so the sanitizers see whoever goes on to use it. The guest is never told before
 * its CPUs have forgotten the page, and in the end nothing is lost.
 */
#include "fuzz.h"

#include <core/balloon.h>
#include <core/blockdev.h>
#include <core/guest_hole.h>
#include <core/time.h>
#include <libs/errno.h>

#include "../virtio_setup.h"

#define PAGES	 (WORLD_RAM_SIZE / PAGE_SIZE)
#define GONE_MAX 512
#define HELD_MAX 16
#define NUM	 8
#define STEPS	 200

/* Queues 0 to 3 are the balloon's, 4 is the disk's; each in a page of its own. */
#define QUEUES	 5
#define RING(q)	 (WORLD_RAM + (q) * PAGE_SIZE)
#define TABLE	 (WORLD_RAM + QUEUES * PAGE_SIZE)
#define PFNS_AT	 (WORLD_RAM + 6 * PAGE_SIZE)
#define REQUEST	 (WORLD_RAM + 7 * PAGE_SIZE)

static struct emu_dev *balloon, *disk;

/* --- memory that moves ----------------------------------------------------------------------- */

static uint8_t *pages[PAGES]; /* NULL: a hole */
static uint8_t *gone[GONE_MAX];
static unsigned nr_gone;
static bool unflushed;

uint8_t *world_ram(uint64_t off, uint64_t *avail)
{
	uint8_t **page = &pages[off / PAGE_SIZE];

	if (!*page) {
		*page = aligned_alloc(PAGE_SIZE, PAGE_SIZE);
		memset(*page, 0, PAGE_SIZE);
	}
	*avail = PAGE_SIZE - off % PAGE_SIZE;
	return *page + off % PAGE_SIZE;
}

static bool is_pinned(uint64_t gpa)
{
	const struct guest_mem_pin *pin;

	list_for_each_entry(pin, &world_guest()->pins, link) {
		if (gpa < pin->gpa + pin->size && pin->gpa < gpa + PAGE_SIZE)
			return true;
	}
	return false;
}

uint64_t guest_mem_release(struct guest *g, gpa_t gpa, uint64_t size)
{
	uint64_t released = 0;

	for (unsigned i = 0; i < PAGES && gpa + size >= gpa; i++) {
		uint64_t at = WORLD_RAM + i * PAGE_SIZE;

		if (!pages[i] || at < gpa || at + PAGE_SIZE > gpa + size || is_pinned(at) ||
		    nr_gone == GONE_MAX)
			continue;
		gone[nr_gone++] = pages[i];
		pages[i] = NULL;
		released += PAGE_SIZE;
	}
	unflushed = unflushed || released;
	return released;
}

void guest_mem_released(struct guest *g)
{
	unflushed = false;
}

void guest_mem_settle(struct guest *g)
{
	unsigned kept = 0;

	FUZZ_CHECK(!unflushed);
	for (unsigned i = 0; i < nr_gone; i++) {
		struct guest_mem_watch *watch;
		bool used = false;

		list_for_each_entry(watch, &g->watches, link)
			used |= watch->uses(watch, gone[i], PAGE_SIZE);
		if (used)
			gone[kept++] = gone[i];
		else
			free(gone[i]);
	}
	nr_gone = kept;
}

/* --- a disk that answers later ---------------------------------------------------------------- */

static struct blockdev slow;
static struct block_request *held[HELD_MAX];
static unsigned nr_held;
static bool at_once;
static volatile uint8_t sum;

static void slow_end(unsigned i)
{
	struct block_request *rq = held[i];
	struct block_iter it;
	uint8_t *p;
	size_t n;

	held[i] = held[--nr_held];
	block_iter_init(&it, rq);
	while ((p = block_iter_next(&it, SIZE_MAX, &n)) && n) {
		if (rq->op == BLOCK_READ)
			memset(p, 0x55, n);
		else
			for (size_t at = 0; at < n; at++)
				sum = p[at];
	}
	block_end(rq, 0);
}

static void slow_submit(struct blockdev *bd, struct block_request *rq)
{
	if (at_once || nr_held == HELD_MAX)
		block_end(rq, -EIO);
	else
		held[nr_held++] = rq;
}

static const struct blockdev_ops slow_ops = { .submit = slow_submit };

/* The hardware answers while somebody waits for it; a write is followed by a flush. */
static void answer_all(struct timer *timer)
{
	do {
		while (nr_held)
			slow_end(nr_held - 1);
	} while (world_work());
}

static void answer_soon(void)
{
	static struct timer timer;

	timer_init(&timer, answer_all);
	timer_start(&timer, time_now() + 1000);
}

/* --- the driver ------------------------------------------------------------------------------- */

static void poke_bytes(uint64_t gpa, const uint8_t *from, unsigned n)
{
	while (n--)
		vd_poke(gpa++, *from++);
}

static void set_up(struct emu_dev *dev, unsigned first, unsigned queues, uint64_t features)
{
	struct vdriver v = { .dev = dev };

	FUZZ_CHECK(vd_negotiate(&v, features));
	for (unsigned q = 0; q < queues; q++) {
		for (unsigned i = 0; i < 16 * NUM + 24 + 6 + 8 * NUM; i++)
			vd_poke(RING(first + q) + i, 0);
		vd_queue(&v, q, NUM, RING(first + q));
	}
	vd_ready(&v);
	FUZZ_CHECK(world_r32(dev, V_STATUS) == 15);
}

static void set_up_both(struct fuzz_input *in)
{
	uint8_t how = fuzz_byte(in);
	uint64_t common = BIT(32) | BIT(28) | (how & 1 ? BIT(29) : 0);

	answer_soon();
	if (how & 2)
		set_up(disk, 4, 1, common | (how & 4 ? BIT(13) | BIT(14) : 0));
	else
		set_up(balloon, 0, 4, common | (how & 8 ? BIT(1) : 0) | (how & 16 ? BIT(5) : 0));
}

static void fill_desc(struct fuzz_input *in, uint64_t table, unsigned i)
{
	uint8_t what = fuzz_byte(in), raw[16];
	uint64_t addr = WORLD_RAM + fuzz_byte(in) % PAGES * PAGE_SIZE;
	uint32_t len = 16u * fuzz_byte(in);

	if ((what & 7) == 7)
		addr = fuzz_u64(in);
	else if ((what & 7) == 6)
		addr += PAGE_SIZE - 24;
	if (what >> 6 == 3)
		len = (uint32_t)fuzz_u64(in);
	else if (what >> 6 == 2)
		len *= 512;
	put_le64(raw, addr);
	put_le32(raw + 8, len);
	put_le16(raw + 12, what >> 3 & 7);
	put_le16(raw + 14, (uint16_t)(i + 1 < NUM ? i + 1 : fuzz_byte(in)));
	poke_bytes(table + 16 * i, raw, 16);
}

/* A request whose buffers make sense: inflating, a report, statistics, a sector or more. */
static void fill_request(struct fuzz_input *in, unsigned q)
{
	uint64_t data = WORLD_RAM + (8 + fuzz_byte(in) % (PAGES - 8)) * PAGE_SIZE;
	uint8_t how = fuzz_byte(in), raw[3][16] = { { 0 } };

	put_le64(raw[0], q == 4 ? REQUEST : how & 4 ? data : PFNS_AT);
	put_le32(raw[0] + 8, q == 4 ? 16 : how & 4 ? PAGE_SIZE << (how >> 6) : 4 * (how >> 3) + 4);
	put_le16(raw[0] + 12, q == 4 ? 1 : how & 4 ? 2 : 0);
	put_le16(raw[0] + 14, 1);
	put_le64(raw[1], data + 16 * (how >> 2));
	put_le32(raw[1] + 8, 512 * (1 + (how >> 6)));
	put_le16(raw[1] + 12, how & 1 ? 3 : 1);
	put_le16(raw[1] + 14, 2);
	put_le64(raw[2], how & 2 ? data + 8 : REQUEST + 64);
	put_le32(raw[2] + 8, 1);
	put_le16(raw[2] + 12, 2);
	poke_bytes(RING(q), raw[0], sizeof(raw));
	vd_poke(REQUEST, how & 1 ? 0 : 1);
}

static void fill_pfns(struct fuzz_input *in)
{
	for (unsigned i = 0, n = fuzz_byte(in) & 31; i < n; i++) {
		uint32_t pfn = (uint32_t)(WORLD_RAM / PAGE_SIZE) + fuzz_byte(in) % PAGES;
		uint8_t raw[4];

		if (i % 8 == 7)
			pfn = (uint32_t)fuzz_u64(in);
		put_le32(raw, pfn);
		poke_bytes(PFNS_AT + 4 * i, raw, 4);
	}
}

static void offer(struct fuzz_input *in, unsigned q, uint16_t head)
{
	uint64_t avail = RING(q) + 16 * NUM;
	uint16_t n = (uint16_t)(*world_mem(avail + 2) | *world_mem(avail + 3) << 8);

	vd_poke(avail + 4 + 2 * (n % NUM), (uint8_t)head);
	n++;
	vd_poke(avail + 2, (uint8_t)n);
	vd_poke(avail + 3, (uint8_t)(n >> 8));
	world_w32(q == 4 ? disk : balloon, V_NOTIFY, q == 4 ? 0 : q);
	/* Whoever was told of it can rely on it. */
	FUZZ_CHECK(!unflushed);
}

static void step(struct fuzz_input *in)
{
	struct guest_balloon *class = world_guest()->balloon;
	uint8_t op = fuzz_byte(in);
	unsigned q = (op >> 4) % QUEUES;

	switch (op & 15) {
	case 0:
		set_up_both(in);
		break;
	case 1:
		fill_desc(in, TABLE, op >> 4);
		break;
	case 2:
		fill_desc(in, RING(q), fuzz_byte(in) % NUM);
		offer(in, q, fuzz_byte(in) % (NUM + 1));
		break;
	case 3:
		vd_poke(RING(q) + fuzz_byte(in), fuzz_byte(in));
		break;
	case 4:
		if (nr_held)
			slow_end((op >> 4) % nr_held);
		break;
	case 5:
		world_threads(2);
		world_work();
		break;
	case 6:
		(void)class->ask(class);
		class->set(class, fuzz_byte(in));
		break;
	case 7:
		vd_poke(WORLD_RAM + fuzz_byte(in) % PAGES * PAGE_SIZE + 8, op);
		break;
	case 8:
	case 9:
		fill_pfns(in);
		break;
	default:
		fill_request(in, q);
		offer(in, q, 0);
		break;
	}
}

static struct emu_dev *make(const char *name, uint32_t type)
{
	struct dt_node *node = world_node(name, "virtio,mmio");
	struct emu_dev *dev;
	int err = dt_set_u32(node, "interrupts", 40 + type) ||
		  dt_set_u32(node, "virtio_type", type) || dt_set_string(node, "blkdev", "slow0");

	FUZZ_CHECK(!err);
	dev = world_probe(node, 0x200, &err);
	FUZZ_CHECK(dev);
	return dev;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	unsigned steps = 0;

	world_begin();
	slow = (struct blockdev){ .ops = &slow_ops, .sectors = 64 };
	at_once = true;
	FUZZ_CHECK(!blockdev_register(&slow, "slow"));
	at_once = false;
	balloon = make("balloon", 5);
	disk = make("disk", 2);
	set_up(disk, 4, 1, BIT(32) | BIT(28));
	set_up(balloon, 0, 4, BIT(32) | BIT(28) | BIT(1) | BIT(5));
	while (in.size && steps++ < STEPS)
		step(&in);
	answer_all(NULL);
	world_threads(1000);
	answer_soon();
	set_up(balloon, 0, 4, BIT(32));
	set_up(disk, 4, 1, BIT(32));
	world_remove(disk);
	world_remove(balloon);
	/* Nothing is under way: so nobody keeps a page. */
	guest_mem_settle(world_guest());
	FUZZ_CHECK(!nr_gone && !nr_held);
	FUZZ_CHECK(list_empty(&world_guest()->pins) && list_empty(&world_guest()->watches));
	FUZZ_CHECK(!blockdev_unregister(&slow));
	world_advance(1000000);
	FUZZ_CHECK(!world_end());
	for (unsigned i = 0; i < PAGES; i++) {
		free(pages[i]);
		pages[i] = NULL;
	}
	return 0;
}
