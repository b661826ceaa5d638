/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * arch/x86/common/guest_walk.c and the addresses of insn_exec.c: tables of each kind with pages of
 * each size, rights, error codes, accessed and dirty bits; segments, accesses across pages, faults
 * in the middle, order of a device's accesses.
 */
#include <string.h>

#include "insn_exec.h"
#include "unit.h"

#define RAM_SIZE 0x40000u
#define P	 BIT(0)
#define W	 BIT(1)
#define U	 BIT(2)
#define A	 BIT(5)
#define D	 BIT(6)
#define LARGE	 BIT(7)
#define NX	 BIT(63)

static uint8_t ram[RAM_SIZE] __attribute__((aligned(4096)));
static uint64_t rom_from;

static void *find_ram(void *ctx, uint64_t gpa, bool write)
{
	if (gpa >= RAM_SIZE || (write && gpa >= rom_from))
		return NULL;
	return ram + gpa;
}

static struct guest_paging paging;

static void begin(void)
{
	memset(ram, 0, sizeof(ram));
	rom_from = RAM_SIZE;
	paging = (struct guest_paging){
		.cr0 = GUEST_CR0_PE | GUEST_CR0_PG | GUEST_CR0_WP,
		.cr3 = 0x1000,
		.cr4 = GUEST_CR4_PAE,
		.efer = GUEST_EFER_LMA | GUEST_EFER_NXE,
		.gpa_bits = 40,
		.ram = find_ram,
	};
}

static void set64(uint64_t at, uint64_t v)
{
	memcpy(ram + at, &v, 8);
}

static uint64_t get64(uint64_t at)
{
	uint64_t v;

	memcpy(&v, ram + at, 8);
	return v;
}

static void set32(uint64_t at, uint32_t v)
{
	memcpy(ram + at, &v, 4);
}

static uint32_t get32(uint64_t at)
{
	uint32_t v;

	memcpy(&v, ram + at, 4);
	return v;
}

/* @return address, or the error code with bit 63 */
#define FAULT(code) (BIT(63) | (code))
static uint64_t walk(uint64_t gva, uint32_t access)
{
	uint64_t gpa;
	uint32_t error;

	return guest_walk(&paging, gva, access, &gpa, &error) ? gpa : FAULT(error);
}

/* 4 levels at 0x1000 to 0x4000 for one address of 4 KiB. */
#define VA 0xffff812345678000ull

static void map4(uint64_t leaf)
{
	begin();
	set64(0x1000 + 8 * (VA >> 39 & 511), 0x2000 | P | W | U);
	set64(0x2000 + 8 * (VA >> 30 & 511), 0x3000 | P | W | U);
	set64(0x3000 + 8 * (VA >> 21 & 511), 0x4000 | P | W | U);
	set64(0x4000 + 8 * (VA >> 12 & 511), leaf);
}

#define LEAF (0x4000 + 8 * (VA >> 12 & 511))

TEST(four_levels)
{
	map4(0x10000 | P | W | U);
	CHECK_EQ(walk(VA + 0x123, 0), 0x10123);
	CHECK_EQ(get64(LEAF), 0x10000 | P | W | U | A);
	CHECK_EQ(get64(0x1000 + 8 * (VA >> 39 & 511)), 0x2000 | P | W | U | A);
	CHECK_EQ(walk(VA + 0xfff, WALK_WRITE), 0x10fff);
	CHECK_EQ(get64(LEAF), 0x10000 | P | W | U | A | D);
	CHECK_EQ(get64(0x3000 + 8 * (VA >> 21 & 511)), 0x4000 | P | W | U | A);
	/* Not there: at each level. */
	CHECK_EQ(walk(VA + 0x1000, WALK_WRITE | WALK_USER), FAULT(WALK_WRITE | WALK_USER));
	CHECK_EQ(walk(VA + 0x200000, 0), FAULT(0));
	CHECK_EQ(walk(VA + 0x40000000, WALK_FETCH), FAULT(WALK_FETCH));
	CHECK_EQ(walk(0x1000, WALK_USER), FAULT(WALK_USER));
	/* Paging off. */
	paging.cr0 = GUEST_CR0_PE;
	CHECK_EQ(walk(0x12345678, WALK_WRITE), 0x12345678);
}

TEST(large_pages)
{
	map4(0);
	set64(0x3000 + 8 * (VA >> 21 & 511), 0x12400000 | BIT(12) | P | W | LARGE);
	CHECK_EQ(walk(VA, 0), 0x12400000 + (VA & 0x1fffff));
	set64(0x3000 + 8 * (VA >> 21 & 511), 0x12402000 | P | W | LARGE);
	CHECK_EQ(walk(VA, 0), FAULT(WALK_PRESENT | WALK_RESERVED));
	set64(0x2000 + 8 * (VA >> 30 & 511), 0x240000000 | P | W | LARGE);
	CHECK_EQ(walk(VA, WALK_WRITE), 0x240000000 + (VA & 0x3fffffff));
	CHECK_EQ(get64(0x2000 + 8 * (VA >> 30 & 511)), 0x240000000 | P | W | LARGE | A | D);
	set64(0x1000 + 8 * (VA >> 39 & 511), 0x2000 | P | W | LARGE);
	CHECK_EQ(walk(VA, 0), FAULT(WALK_PRESENT | WALK_RESERVED));
}

TEST(five_levels)
{
	map4(0x10000 | P | W | U);
	paging.cr4 |= GUEST_CR4_LA57;
	paging.cr3 = 0x5000;
	set64(0x5000 + 8 * (VA >> 48 & 511), 0x1000 | P | W | U);
	CHECK_EQ(walk(VA + 8, 0), 0x10008);
	CHECK_EQ(get64(0x5000 + 8 * 511) & A, A);
	CHECK(guest_gva_ok(&paging, 0xff00000000000000ull));
	paging.cr4 &= ~GUEST_CR4_LA57;
	CHECK(!guest_gva_ok(&paging, 0xff00000000000000ull));
	CHECK(guest_gva_ok(&paging, 0xffff800000000000ull));
	CHECK(!guest_gva_ok(&paging, 0x0000800000000000ull));
}

TEST(pae)
{
	begin();
	paging.efer = 0;
	paging.cr3 = 0x1020;
	set64(0x1020 + 8 * 3, 0x2000 | P);
	set64(0x2000 + 8 * 5, 0x3000 | P | W | U);
	set64(0x3000 + 8 * 7, 0x10000 | P | W | U);
	CHECK_EQ(walk(0xc0a07010, WALK_WRITE | WALK_USER), 0x10010);
	CHECK_EQ(get64(0x1038), 0x2000 | P);
	CHECK_EQ(get64(0x3038), 0x10000 | P | W | U | A | D);
	set64(0x3000 + 8 * 7, 0x10000 | P | NX); /* without NXE the bit is reserved */
	CHECK_EQ(walk(0xc0a07010, WALK_FETCH), FAULT(WALK_PRESENT | WALK_RESERVED));
	set64(0x1038, 0x2000 | P | W);
	CHECK_EQ(walk(0xc0a07010, 0), FAULT(WALK_PRESENT | WALK_RESERVED));
	set64(0x1038, 0x2000 | P);
	set64(0x2000 + 8 * 5, 0x10600000 | P | LARGE);
	CHECK_EQ(walk(0xc0a07010, 0), 0x10607010);
}

TEST(thirty_two_bits)
{
	begin();
	paging.efer = 0;
	paging.cr4 = GUEST_CR4_PSE;
	set32(0x1000 + 4 * 0x301, 0x2000 | P | W | U);
	set32(0x2000 + 4 * 0x23, 0x10000 | P | W);
	CHECK_EQ(walk(0xc0423456, WALK_WRITE), 0x10456);
	CHECK_EQ(get32(0x2000 + 4 * 0x23), 0x10000 | P | W | A | D);
	CHECK_EQ(walk(0xc0423456, WALK_USER | WALK_FETCH), FAULT(WALK_PRESENT | WALK_USER));
	/* 4 MiB, with address bits above 31. */
	set32(0x1000 + 4 * 0x302, 0x00c00000 | 3 << 13 | P | W | (uint32_t)LARGE);
	CHECK_EQ(walk(0xc0823456, 0), 0x300c23456);
	set32(0x1000 + 4 * 0x302, 0x00c00000 | 1 << 21 | P | (uint32_t)LARGE);
	CHECK_EQ(walk(0xc0823456, 0), FAULT(WALK_PRESENT | WALK_RESERVED));
	paging.cr4 = 0; /* the bit means nothing */
	set32(0x1000 + 4 * 0x302, 0x2000 | P | (uint32_t)LARGE);
	CHECK_EQ(walk(0xc0823456, 0), 0x10456);
}

struct right {
	uint64_t leaf, cr0, cr4, rflags;
	uint32_t access;
	bool ok;
};

TEST(rights)
{
	static const struct right rights[] = {
		{ P | W | U, GUEST_CR0_WP, 0, 0, WALK_USER | WALK_WRITE, true },
		{ P | U, GUEST_CR0_WP, 0, 0, WALK_USER | WALK_WRITE, false },
		{ P | U, GUEST_CR0_WP, 0, 0, WALK_USER, true },
		{ P | U, GUEST_CR0_WP, 0, 0, WALK_WRITE, false },
		{ P | U, 0, 0, 0, WALK_WRITE, true },
		{ P | U, 0, 0, 0, WALK_USER | WALK_WRITE, false },
		{ P | W, GUEST_CR0_WP, 0, 0, WALK_USER, false },
		{ P | W, GUEST_CR0_WP, 0, 0, WALK_WRITE, true },
		{ P | W | NX, GUEST_CR0_WP, 0, 0, WALK_FETCH, false },
		{ P | W | NX, GUEST_CR0_WP, 0, 0, 0, true },
		{ P | W, GUEST_CR0_WP, 0, 0, WALK_FETCH, true },
		{ P | W | U, GUEST_CR0_WP, 0, 0, WALK_FETCH, true },
		{ P | W | U, GUEST_CR0_WP, GUEST_CR4_SMEP, 0, WALK_FETCH, false },
		{ P | W | U, GUEST_CR0_WP, GUEST_CR4_SMEP, 0, WALK_FETCH | WALK_USER, true },
		{ P | W, GUEST_CR0_WP, GUEST_CR4_SMEP, 0, WALK_FETCH, true },
		{ P | W | U, GUEST_CR0_WP, GUEST_CR4_SMAP, 0, WALK_WRITE, false },
		{ P | W | U, GUEST_CR0_WP, GUEST_CR4_SMAP, GUEST_RFLAGS_AC, WALK_WRITE, true },
		{ P | W, GUEST_CR0_WP, GUEST_CR4_SMAP, 0, WALK_WRITE, true },
		{ P | W | U, GUEST_CR0_WP, GUEST_CR4_SMAP, 0, WALK_USER, true },
	};

	for (unsigned i = 0; i < sizeof(rights) / sizeof(rights[0]); i++) {
		const struct right *r = &rights[i];
		uint64_t want = r->ok ? 0x10000 : FAULT(WALK_PRESENT | r->access);

		map4(0x10000 | r->leaf);
		paging.cr0 = GUEST_CR0_PE | GUEST_CR0_PG | r->cr0;
		paging.cr4 |= r->cr4;
		paging.rflags = r->rflags;
		if (walk(VA, r->access) != want)
			unit_fail(__FILE__, __LINE__, "row %u: 0x%llx", i,
				  (unsigned long long)walk(VA, r->access));
		if (!r->ok)
			CHECK_EQ(get64(LEAF), 0x10000 | r->leaf); /* not marked */
		/* A right that any level lacks is lacking. */
		map4(0x10000 | P | W | U);
		paging.cr0 = GUEST_CR0_PE | GUEST_CR0_PG | r->cr0;
		paging.cr4 |= r->cr4;
		paging.rflags = r->rflags;
		set64(0x2000 + 8 * (VA >> 30 & 511), 0x3000 | r->leaf);
		CHECK_EQ(walk(VA, r->access), want);
	}
}

TEST(hostile_tables)
{
	map4(0x10000 | P | W | U | BIT(45)); /* beyond the physical addresses */
	CHECK_EQ(walk(VA, 0), FAULT(WALK_PRESENT | WALK_RESERVED));
	/* Tables that are no memory read as ones. */
	map4(0x10000 | P | W | U);
	set64(0x3000 + 8 * (VA >> 21 & 511), 0xff000000 | P | W | U);
	CHECK_EQ(walk(VA, WALK_WRITE), FAULT(WALK_WRITE | WALK_PRESENT | WALK_RESERVED));
	paging.cr3 = 0xfffffffff000ull;
	CHECK_EQ(walk(VA, 0), FAULT(WALK_PRESENT | WALK_RESERVED));
	/* In ROM they are not marked. */
	map4(0x10000 | P | W | U);
	rom_from = 0;
	CHECK_EQ(walk(VA, WALK_WRITE), 0x10000);
	CHECK_EQ(get64(LEAF), 0x10000 | P | W | U);
	/* A table that is its own. */
	begin();
	set64(0x1000, 0x1000 | P | W);
	CHECK_EQ(walk(0x10, 0), 0x1010);
}

/* --- carrying out ------------------------------------------------------------------------ */

static struct insn_seg segs[6];
static uint64_t regs[16];
static struct insn_cpu cpu;
static struct insn_run run;

static enum insn_step start(enum insn_mode mode, const char *bytes, unsigned n, uint64_t hint)
{
	struct insn insn;

	if (insn_decode((const uint8_t *)bytes, n, mode, &insn) || insn.len != n) {
		unit_fail(__FILE__, __LINE__, "not decoded");
		return INSN_UNKNOWN;
	}
	cpu.paging = paging;
	cpu.regs = regs;
	cpu.seg = segs;
	cpu.rip = 0x100;
	return insn_begin(&run, &cpu, &insn, hint);
}
#define START(mode, bytes) start(mode, bytes, sizeof(bytes) - 1, INSN_NO_HINT)

static void flat(void)
{
	begin();
	memset(segs, 0, sizeof(segs));
	for (unsigned i = 0; i < 6; i++)
		segs[i] = (struct insn_seg){ 0x10, 0xc93, 0xffffffff, 0 };
	paging.cr0 = GUEST_CR0_PE;
	paging.efer = 0;
	memset(regs, 0, sizeof(regs));
	cpu.rflags = 2;
}

#define IS_ACCESS(at, bytes, write, v)                                                             \
	do {                                                                                       \
		CHECK_EQ(run.gpa, at);                                                             \
		CHECK_EQ(run.size, bytes);                                                         \
		CHECK_EQ(run.is_write, write);                                                     \
		CHECK_EQ(run.value, v);                                                            \
	} while (0)

TEST(read_modify_write)
{
	flat();
	regs[7] = 0xfee00300;
	REQUIRE(START(INSN_32, "\x81\x0f\x80\x00\x00\x40") == INSN_ACCESS); /* orl */
	IS_ACCESS(0xfee00300, 4, false, 0);
	REQUIRE(insn_continue(&run, &cpu, 0x80000001) == INSN_ACCESS);
	IS_ACCESS(0xfee00300, 4, true, 0xc0000081);
	CHECK_EQ(cpu.rip, 0x100);
	CHECK_EQ(cpu.rflags, 2);
	REQUIRE(insn_continue(&run, &cpu, 0) == INSN_DONE);
	CHECK_EQ(cpu.rip, 0x106);
	CHECK_EQ(cpu.rflags, 2 | 0x80 | 4); /* SF, PF */
}

TEST(across_pages)
{
	flat();
	regs[0] = 0x1122334455667788;
	regs[7] = RAM_SIZE - 3; /* the last bytes of memory, then a device */
	REQUIRE(START(INSN_32, "\x89\x07") == INSN_ACCESS);
	IS_ACCESS(RAM_SIZE, 1, true, 0x55);
	REQUIRE(insn_continue(&run, &cpu, 0) == INSN_DONE);
	CHECK_EQ(ram[RAM_SIZE - 3], 0x88);
	CHECK_EQ(ram[RAM_SIZE - 1], 0x66);
	/* 3 bytes of a device come one by one, in order. */
	regs[7] = 0x100ffd;
	REQUIRE(START(INSN_32, "\x8b\x07") == INSN_ACCESS);
	for (unsigned i = 0; i < 4; i++) {
		IS_ACCESS(0x100ffd + i, 1, false, 0);
		REQUIRE(insn_continue(&run, &cpu, 0x10 + i) == (i < 3 ? INSN_ACCESS : INSN_DONE));
	}
	CHECK_EQ(regs[0], 0x13121110);
}

TEST(fault_in_the_middle)
{
	map4(0x10000 | P | W | U);
	memset(regs, 0, sizeof(regs));
	/* A write of which the second page is not there changes nothing. */
	regs[7] = VA + 0xffe;
	regs[0] = 0x12345678;
	REQUIRE(START(INSN_64, "\x89\x07") == INSN_FAULT);
	CHECK_EQ(run.vector, 14);
	CHECK_EQ(run.error, WALK_WRITE);
	CHECK_EQ(run.cr2, VA + 0x1000);
	CHECK_EQ(ram[0x10ffe], 0);
	CHECK_EQ(cpu.rip, 0x100);
	/* The same of a user. */
	paging.cpl = 3;
	regs[7] = VA + 0x1000;
	REQUIRE(START(INSN_64, "\x8b\x07") == INSN_FAULT);
	CHECK_EQ(run.error, WALK_USER);
	/* Not canonical: general protection, of the stack a stack fault. */
	regs[7] = 0x800000000000;
	REQUIRE(START(INSN_64, "\x8b\x07") == INSN_FAULT);
	CHECK_EQ(run.vector, 13);
	CHECK(run.has_error && run.error == 0);
	regs[5] = 0x7ffffffffffe;
	REQUIRE(START(INSN_64, "\x8b\x45\x00") == INSN_FAULT);
	CHECK_EQ(run.vector, 12);
}

TEST(hints)
{
	map4(0xfee00000 | P | W);
	memset(regs, 0, sizeof(regs));
	regs[7] = VA;
	/* The hint is taken instead of a walk: nothing is marked. */
	REQUIRE(start(INSN_64, "\x8b\x87\xb0\0\0\0", 6, 0xfee000b0) == INSN_ACCESS);
	IS_ACCESS(0xfee000b0, 4, false, 0);
	CHECK_EQ(get64(LEAF) & A, 0);
	REQUIRE(insn_continue(&run, &cpu, 7) == INSN_DONE);
	CHECK_EQ(regs[0], 7);
	/* Not where it can not be of this operand. */
	REQUIRE(start(INSN_64, "\x8b\x87\xb0\0\0\0", 6, 0xfee000c0) == INSN_ACCESS);
	IS_ACCESS(0xfee000b0, 4, false, 0);
	CHECK_EQ(get64(LEAF) & A, A);
}

TEST(segments)
{
	flat();
	segs[INSN_DS] = (struct insn_seg){ 0xb800, 0x93, 0xffff, 0xb8000 };
	segs[INSN_ES] = (struct insn_seg){ 0x100, 0x93, 0xffff, 0x1000 };
	segs[INSN_SS] = (struct insn_seg){ 0x200, 0x97, 0x0fff, 0x2000 }; /* expands down */
	regs[3] = 0xfffe;
	regs[6] = 4;
	REQUIRE(START(INSN_16, "\x8a\x00") == INSN_ACCESS); /* mov (%bx,%si),%al */
	IS_ACCESS(0xb8002, 1, false, 0);
	regs[6] = 1;
	REQUIRE(START(INSN_16, "\x8b\x00") == INSN_FAULT); /* word at 0xffff */
	CHECK_EQ(run.vector, 13);
	regs[5] = 0xfff;
	REQUIRE(START(INSN_16, "\x8b\x46\x00") == INSN_FAULT);
	CHECK_EQ(run.vector, 12);
	regs[5] = 0x1000;
	ram[0x3000] = 0x5a;
	REQUIRE(START(INSN_16, "\x8b\x46\x00") == INSN_DONE);
	CHECK_EQ(regs[0] & 0xff, 0x5a);
	/* mov %es:2,%ax; a selector; a segment of 64-bit code */
	ram[0x1002] = 0x77;
	REQUIRE(START(INSN_16, "\x26\xa1\x02\x00") == INSN_DONE);
	CHECK_EQ(regs[0] & 0xff, 0x77);
	regs[7] = 0x10;
	REQUIRE(START(INSN_16, "\x26\x8c\x1d") == INSN_DONE);
	CHECK_EQ(ram[0x1010] | ram[0x1011] << 8, 0xb800);
	segs[INSN_GS].base = 0x3000;
	ram[0x3008] = 9;
	paging.efer = GUEST_EFER_LMA;
	REQUIRE(START(INSN_64, "\x65\x8a\x04\x25\x08\0\0\0") == INSN_DONE);
	CHECK_EQ(regs[0] & 0xff, 9);
}

TEST(strings)
{
	flat();
	/* rep movsl from memory to a device, downwards */
	regs[1] = 3;
	regs[6] = 0x1008;
	regs[7] = 0xa0008;
	cpu.rflags |= BIT(10);
	for (unsigned i = 0; i < 3; i++)
		set32(0x1000 + 4 * i, 0x100 + i);
	REQUIRE(START(INSN_32, "\xf3\xa5") == INSN_ACCESS);
	for (unsigned i = 0; i < 3; i++) {
		IS_ACCESS(0xa0008 - 4 * i, 4, true, 0x102 - i);
		CHECK_EQ(regs[1], 3 - i);
		CHECK_EQ(cpu.rip, 0x100);
		REQUIRE(insn_continue(&run, &cpu, 0) == (i < 2 ? INSN_ACCESS : INSN_DONE));
	}
	CHECK_EQ(regs[1], 0);
	CHECK_EQ(regs[6], 0xffc);
	CHECK_EQ(cpu.rip, 0x102);
	/* rep insb of 5 to memory; then outsw */
	cpu.rflags = 2;
	regs[1] = 5;
	regs[2] = 0x1f0;
	regs[7] = 0x1000;
	REQUIRE(START(INSN_32, "\xf3\x6c") == INSN_ACCESS);
	for (unsigned i = 0; i < 5; i++) {
		CHECK(run.is_port);
		IS_ACCESS(0x1f0, 1, false, 0);
		REQUIRE(insn_continue(&run, &cpu, i + 1) == (i < 4 ? INSN_ACCESS : INSN_DONE));
	}
	CHECK_EQ(get32(0x1000), 0x04030201);
	regs[6] = 0x1001;
	REQUIRE(START(INSN_32, "\x66\x6f") == INSN_ACCESS);
	CHECK(run.is_port);
	IS_ACCESS(0x1f0, 2, true, 0x0302);
	/* Many elements: interrupts may come between. */
	regs[1] = 1000;
	regs[7] = 0x2000;
	regs[0] = 0xee;
	REQUIRE(START(INSN_32, "\xf3\xaa") == INSN_DONE);
	CHECK_EQ(cpu.rip, 0x100);
	CHECK(regs[1] > 0 && regs[1] < 1000);
	CHECK_EQ(ram[0x2000 + 999 - regs[1]], 0xee);
	/* None. */
	regs[1] = 0;
	REQUIRE(START(INSN_32, "\xf3\xaa") == INSN_DONE);
	CHECK_EQ(cpu.rip, 0x102);
}

TEST(stack)
{
	flat();
	regs[4] = 0x1010;
	regs[7] = 0xfed00000;
	REQUIRE(START(INSN_32, "\xff\x37") == INSN_ACCESS); /* push (%edi) */
	REQUIRE(insn_continue(&run, &cpu, 0xabcd1234) == INSN_DONE);
	CHECK_EQ(regs[4], 0x100c);
	CHECK_EQ(get32(0x100c), 0xabcd1234);
	REQUIRE(START(INSN_32, "\x8f\x07") == INSN_ACCESS); /* pop (%edi) */
	IS_ACCESS(0xfed00000, 4, true, 0xabcd1234);
	CHECK_EQ(regs[4], 0x100c);
	REQUIRE(insn_continue(&run, &cpu, 0) == INSN_DONE);
	CHECK_EQ(regs[4], 0x1010);
	/* pop 4(%esp): the address is made with what ESP is afterwards */
	set32(0x1010, 0x5555);
	REQUIRE(START(INSN_32, "\x8f\x44\x24\x04") == INSN_DONE);
	CHECK_EQ(get32(0x1018), 0x5555);
	REQUIRE(START(INSN_32, "\xff\x17") == INSN_ACCESS); /* call *(%edi) */
	REQUIRE(insn_continue(&run, &cpu, 0x7000) == INSN_DONE);
	CHECK_EQ(cpu.rip, 0x7000);
	CHECK_EQ(get32(0x1010), 0x102);
	REQUIRE(START(INSN_32, "\xff\x27") == INSN_ACCESS); /* jmp *(%edi) */
	REQUIRE(insn_continue(&run, &cpu, 0x8000) == INSN_DONE);
	CHECK_EQ(cpu.rip, 0x8000);
	CHECK_EQ(regs[4], 0x1010);
}

TEST(ports)
{
	flat();
	regs[0] = 0x11223344;
	regs[2] = 0xcfc;
	REQUIRE(START(INSN_32, "\xef") == INSN_ACCESS);
	CHECK(run.is_port);
	IS_ACCESS(0xcfc, 4, true, 0x11223344);
	REQUIRE(insn_continue(&run, &cpu, 0) == INSN_DONE);
	REQUIRE(START(INSN_32, "\xe4\x60") == INSN_ACCESS);
	IS_ACCESS(0x60, 1, false, 0);
	REQUIRE(insn_continue(&run, &cpu, 0xfa) == INSN_DONE);
	CHECK_EQ(regs[0], 0x112233fa);
}

static uint8_t xmm[16][16];

static void vector(void *ctx, unsigned reg, uint8_t bytes[16], bool is_write)
{
	memcpy(is_write ? xmm[reg] : bytes, is_write ? bytes : xmm[reg], 16);
}

TEST(vectors)
{
	flat();
	regs[7] = 0xa0000;
	cpu.vector = NULL;
	CHECK_EQ(START(INSN_32, "\x0f\x11\x0f"), INSN_UNKNOWN);
	cpu.vector = vector;
	for (unsigned i = 0; i < 16; i++)
		xmm[1][i] = (uint8_t)i;
	REQUIRE(START(INSN_32, "\x0f\x11\x0f") == INSN_ACCESS); /* movups %xmm1,(%edi) */
	IS_ACCESS(0xa0000, 8, true, 0x0706050403020100);
	REQUIRE(insn_continue(&run, &cpu, 0) == INSN_ACCESS);
	IS_ACCESS(0xa0008, 8, true, 0x0f0e0d0c0b0a0908);
	REQUIRE(insn_continue(&run, &cpu, 0) == INSN_DONE);
	REQUIRE(START(INSN_32, "\x0f\x16\x17") == INSN_ACCESS); /* movhps (%edi),%xmm2 */
	memset(xmm[2], 0x33, 16);
	REQUIRE(insn_continue(&run, &cpu, 0x0102030405060708) == INSN_DONE);
	CHECK_EQ(xmm[2][0], 0x33);
	CHECK_EQ(xmm[2][8], 8);
	REQUIRE(START(INSN_32, "\xf3\x0f\x10\x17") == INSN_ACCESS); /* movss */
	CHECK_EQ(run.size, 4);
	REQUIRE(insn_continue(&run, &cpu, 0x11223344) == INSN_DONE);
	CHECK_EQ(xmm[2][8], 0);
	CHECK_EQ(xmm[2][3], 0x11);
}
