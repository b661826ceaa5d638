/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ASIDs on CPUs whose translations are modelled: each tag remembers whose they are. vCPUs come and
 * go as the scheduler has them, and their guests' tables change.
 */
#include <stdlib.h>
#include <string.h>

#include "unit.h"
#include "../../arch/x86/include/port/asid.h"

enum { CPUS = 4, VCPUS = 40, TAGS = 64 };

/* Of which vCPU and of which of its tables the translations of a tag are; vCPU 0: there are none */
static struct {
	unsigned vcpu, tables;
} tlb[CPUS][TAGS];
static struct asid_pool pools[CPUS];
static struct asid asids[VCPUS + 1];
static unsigned tables[VCPUS + 1], seen[VCPUS + 1], flushes;

/* As the port does it: looked at when it comes to a CPU, and before each entry. */
static void enter(unsigned v, unsigned cpu, uint32_t count)
{
	if (!asid_valid(&asids[v], &pools[cpu], cpu))
		seen[v] = tables[v] - 1;
	if (seen[v] != tables[v]) {
		seen[v] = tables[v];
		if (asid_take(&asids[v], &pools[cpu], cpu, count)) {
			memset(tlb[cpu], 0, sizeof(tlb[cpu]));
			flushes++;
		}
	}
	REQUIRE(asids[v].number >= ASID_FIRST && asids[v].number < (count > 2 ? count : 2));
	/* Whatever is under its tag is its own, and of its tables as they are. */
	if (tlb[cpu][asids[v].number].vcpu)
		REQUIRE(tlb[cpu][asids[v].number].vcpu == v &&
			tlb[cpu][asids[v].number].tables == tables[v]);
	tlb[cpu][asids[v].number].vcpu = v;
	tlb[cpu][asids[v].number].tables = tables[v];
}

static void begin(void)
{
	memset(tlb, 0, sizeof(tlb));
	memset(asids, 0, sizeof(asids));
	flushes = 0;
	for (unsigned i = 0; i < CPUS; i++)
		asid_init(&pools[i]);
}

TEST(nobody_sees_translations_of_others)
{
	static const uint32_t counts[] = { 0, 1, 2, 3, 16, 64 };

	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		begin();
		srand(1);
		for (unsigned n = 0; n < 100000; n++) {
			unsigned v = 1 + (unsigned)rand() % VCPUS;

			if (rand() % 8 == 0)
				tables[v]++;
			enter(v, (unsigned)rand() % CPUS, counts[i]);
		}
	}
}

TEST(few_vcpus_are_never_flushed)
{
	begin();
	for (unsigned n = 0; n < 1000; n++)
		for (unsigned v = 1; v <= 15; v++)
			enter(v, 0, 16);
	CHECK_EQ(flushes, 0);
	/* One more than there are: a flush for each round, not for each entry. */
	for (unsigned n = 0; n < 100; n++)
		for (unsigned v = 1; v <= 16; v++)
			enter(v, 0, 16);
	CHECK(flushes >= 100 && flushes <= 110);
}

TEST(generations_that_wrap_are_nobodys)
{
	struct asid none = { 0 };

	begin();
	pools[0].generation = UINT32_MAX;
	CHECK(!asid_valid(&none, &pools[0], 0));
	for (unsigned v = 1; v <= 20; v++)
		enter(v, 0, 16);
	CHECK_EQ(pools[0].generation, 1);
	CHECK(!asid_valid(&none, &pools[0], 0));
}
