/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The driver of e1000 on a network interface that is made of its data sheet, with memory that it
 * sees as the CPU does, and with memory that it does not: then what the CPU wrote stays in a cache
 * until it is cleaned or a line happens to be written back, and what it once read stays as it was.
 */
#include "fake.h"
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include <arch/cache.h>
#include <core/mem.h>
#include <core/net.h>
#include <core/netpoll.h>
#include <core/pci.h>
#include <core/table.h>
#include <core/time.h>
#include <libs/byteorder.h>
#include <libs/errno.h>
#include <libs/seg.h>
#include <port/host.h>

TABLE(struct pci_driver, pci_driver);

#define LINE  64
#define ARENA (1 << 20)
#define BASE  0x10000000ull
#define RING  128

/* --- memory ---------------------------------------------------------------------------------- */

static uint8_t cpu[ARENA] __attribute__((aligned(4096)));
static uint8_t ram[ARENA] __attribute__((aligned(4096)));
static uint8_t filled[ARENA]; /* as a line was when it came into the cache */
static size_t arena_used;
static bool coherent;
static unsigned maintained;

static uint8_t *device_sees(uint64_t pa, size_t n)
{
	CHECK(pa >= BASE && pa + n <= BASE + ARENA);
	return (coherent ? cpu : ram) + (pa - BASE);
}

static void write_back(size_t at)
{
	if (memcmp(cpu + at, filled + at, LINE))
		memcpy(ram + at, cpu + at, LINE);
	memcpy(cpu + at, ram + at, LINE);
	memcpy(filled + at, ram + at, LINE);
}

void arch_cache_clean_inval(const void *va, size_t size)
{
	size_t first = (size_t)((const uint8_t *)va - cpu) & ~(LINE - 1ul);

	maintained++;
	REQUIRE((const uint8_t *)va >= cpu && (const uint8_t *)va + size <= cpu + ARENA);
	for (size_t at = first; at < (size_t)((const uint8_t *)va - cpu) + size; at += LINE)
		write_back(at);
}

/* Caches do that at any time: write a line back, and fetch one that nobody asked for. */
static void disturb(void)
{
	for (unsigned i = 0; !coherent && i < 2000; i++)
		write_back(unit_random_below(ARENA / LINE) * LINE);
}

void *page_alloc(size_t n)
{
	void *p = cpu + arena_used;

	arena_used += n * PAGE_SIZE;
	return arena_used <= ARENA ? p : NULL;
}

void page_free(void *va, size_t n)
{
}

hpa_t mem_va_to_hpa(const void *va)
{
	return BASE + (size_t)((const uint8_t *)va - cpu);
}

void *mem_map_device(hpa_t pa, uint64_t size)
{
	CHECK(!coherent);
	return ram + (pa - BASE);
}

void mem_unmap_device(void *va, uint64_t size)
{
}

/* --- the interface --------------------------------------------------------------------------- */

static uint8_t bar[0x6000];
static uint32_t regs[0x6000 / 4];
static uint8_t wire[4096];
static size_t wire_len;
static unsigned nr_sent, sums;

static uint64_t ring_at(unsigned base)
{
	return regs[base / 4] | (uint64_t)regs[base / 4 + 1] << 32;
}

static void transmit_all(void)
{
	uint32_t *head = &regs[0x3810 / 4];

	disturb();
	for (; *head != regs[0x3818 / 4]; *head = (*head + 1) % RING) {
		uint8_t *desc = device_sees(ring_at(0x3800) + 16 * *head, 16);
		uint32_t command = get_le32(desc + 8);

		if (command & BIT32(20)) {
			wire_len = command & 0xfffff;
			memcpy(wire, device_sees(get_le64(desc), wire_len), wire_len);
			nr_sent++;
		} else {
			sums++;
		}
		desc[12] |= 1;
	}
	disturb();
}

static bool arrive(const uint8_t *data, size_t n)
{
	uint32_t *head = &regs[0x2810 / 4];
	uint8_t *desc = device_sees(ring_at(0x2800) + 16 * *head, 16);

	if (*head == regs[0x2818 / 4])
		return false;
	disturb();
	memcpy(device_sees(get_le64(desc), n), data, n);
	put_le16(desc + 8, (uint16_t)n);
	desc[13] = 0;
	desc[12] = 3;
	*head = (*head + 1) % RING;
	disturb();
	return true;
}

uint64_t host_mmio_read(const volatile void *a, unsigned size)
{
	size_t reg = (size_t)((const volatile uint8_t *)a - bar);

	CHECK(reg < sizeof(bar) && size == 4);
	return reg == 0x0008 ? 2 : regs[reg / 4];
}

void host_mmio_write(volatile void *a, unsigned size, uint64_t v)
{
	size_t reg = (size_t)((volatile uint8_t *)a - bar);

	CHECK(reg < sizeof(bar) && size == 4);
	regs[reg / 4] = (uint32_t)v & (reg ? ~0u : ~BIT32(26));
	if (reg == 0x3818)
		transmit_all();
}

/* --- what the driver is given ---------------------------------------------------------------- */

static struct pci_host host;
static struct pci_dev pci = { .host = &host, .name = "0000:00:01.0" };
static struct netdev *nd;
static struct net_poll *poller;
static uint8_t received[4096];
static size_t received_len;

void *pci_map_bar(struct pci_dev *dev, unsigned n, uint64_t offset, uint64_t size)
{
	return size <= sizeof(bar) ? bar : NULL;
}

void pci_enable(struct pci_dev *dev)
{
}

void pci_disable(struct pci_dev *dev)
{
}

int pci_irqs_alloc(struct pci_dev *dev, unsigned want)
{
	return 1;
}

void pci_irqs_free(struct pci_dev *dev)
{
}

int pci_irq_request(struct pci_dev *dev, unsigned n, const char *name, irq_handler fn, void *arg)
{
	return 0;
}

int netdev_register(struct netdev *dev)
{
	nd = dev;
	return 0;
}

void netdev_receive(struct netdev *dev, const struct net_frame *frame)
{
	received_len = frame->len;
	net_frame_read(frame, 0, received, frame->len);
}

void netdev_receive_end(struct netdev *dev)
{
}

void net_poll_init(struct net_poll *np, bool (*poll)(struct net_poll *np))
{
	np->poll = poll;
	poller = np;
}

int net_poll_start(struct net_poll *np, const char *name)
{
	return 0;
}

void net_poll_stop(struct net_poll *np)
{
}

void net_poll_kick(struct net_poll *np)
{
}

void thread_sleep(uint64_t ns)
{
}

/* One thread, no interrupts, no time. */
uint64_t time_boot_ticks;
bool time_same_unit = true;

uint64_t time_from_ticks(uint64_t ticks)
{
	return ticks;
}

uint64_t host_counter(void)
{
	return 0;
}

unsigned long host_irq_save(void)
{
	return 0;
}

void host_irq_restore(unsigned long flags)
{
}

void host_relax(void)
{
	abort();
}

/* --- tests ----------------------------------------------------------------------------------- */

static void begin(bool is_coherent)
{
	const struct pci_driver *driver = *table_pci_driver_start;

	memset(cpu, 0xaa, sizeof(cpu));
	memset(ram, 0x55, sizeof(ram));
	memcpy(filled, ram, sizeof(ram));
	memset(regs, 0, sizeof(regs));
	memset(cpu, 0, sizeof(cpu));
	arena_used = 0;
	maintained = nr_sent = sums = 0;
	coherent = host.coherent = is_coherent;
	regs[0x5400 / 4] = 0x33221102;
	regs[0x5404 / 4] = BIT32(31) | 0x5544;
	nd = NULL;
	CHECK_EQ(driver->probe(&pci, &driver->match[0]), 0);
	REQUIRE(nd);
	CHECK_EQ(nd->mac[5], 0x55);
	CHECK_EQ(nd->ops->open(nd), 0);
}

static void end(void)
{
	nd->ops->close(nd);
	heap_free(nd->priv);
}

static void send_and_compare(size_t n, bool with_sum)
{
	static uint8_t data[1600];
	uint32_t half = (uint32_t)n / 2;
	struct mem_seg segs[] = { { data, half }, { data + half, (uint32_t)n - half } };
	struct net_frame frame = { .segs = segs, .nr_segs = 2, .len = (uint32_t)n,
				   .flags = with_sum ? NET_NEEDS_CSUM : 0, .csum_start = 34,
				   .csum_offset = 6 };
	unsigned before = nr_sent, sums_before = sums;

	for (size_t i = 0; i < n; i++)
		data[i] = (uint8_t)unit_random();
	CHECK(nd->ops->transmit(nd, &frame));
	nd->ops->burst_end(nd);
	CHECK_EQ(nr_sent, before + 1);
	CHECK_EQ(sums, sums_before + with_sum);
	CHECK(wire_len == n && !memcmp(wire, data, n));
}

static void receive_and_compare(size_t n)
{
	uint8_t data[1600];

	for (size_t i = 0; i < n; i++)
		data[i] = (uint8_t)unit_random();
	received_len = 0;
	CHECK(arrive(data, n));
	CHECK(!poller->poll(poller));
	CHECK(received_len == n && !memcmp(received, data, n));
}

static void both_ways(bool is_coherent)
{
	begin(is_coherent);
	for (unsigned i = 0; i < 4 * RING && !unit_failed(); i++) {
		send_and_compare(60 + unit_random_below(1455), i & 1);
		receive_and_compare(60 + unit_random_below(1455));
	}
	CHECK_EQ(!maintained, is_coherent);
	end();
}

TEST(coherent_memory)
{
	both_ways(true);
}

TEST(memory_behind_caches)
{
	both_ways(false);
}

TEST(full_rings)
{
	uint8_t data[100] = { 0 };
	unsigned n;

	begin(false);
	for (n = 0; arrive(data, sizeof(data)); n++)
		;
	CHECK_EQ(n, RING - 1);
	while (poller->poll(poller))
		;
	CHECK(arrive(data, sizeof(data)));
	end();
}
