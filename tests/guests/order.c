/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Byte order of data: devices are little-endian, and the guest may be big-endian at any time
 * (SCTLR_EL1.EE). Loads and stores of all kinds at registers of the PL011: those of its divisors
 * and its line (0x24 ... 0x2c) keep what is written, its identification is from 0xfe0 on.
 */
#include "kit.h"

#define FBRD	  (UART_BASE + 0x28)
#define LCR_H	  (UART_BASE + 0x2c)
#define ID	  (UART_BASE + 0xfe0) /* 0x11, 0x10, a revision, 0, 0x0d, 0xf0, 0x05, 0xb1 */
#define SCTLR_E0E "#0x1000000"
#define SCTLR_EE  "#0x2000000"

/* What an instruction works with. */
struct operands {
	uint64_t a, b;
	uintptr_t at;
};

/*
 * An instruction with a bit of SCTLR_EL1 set, and no translation, because its tables would be
 * big-endian too. Memory is not touched meanwhile.
 */
#define WITH(bit, insn, o)                                                                         \
	__asm__ volatile("mrs x9, sctlr_el1\n\t"                                                  \
			 "orr x10, x9, " bit "\n\t"                                                \
			 "bic x10, x10, #1\n\t"                                                    \
			 "msr sctlr_el1, x10\n\t"                                                  \
			 "isb\n\t" insn "\n\t"                                                     \
			 "msr sctlr_el1, x9\n\t"                                                   \
			 "isb"                                                                     \
			 : [a] "+&r"((o)->a), [b] "+&r"((o)->b), [at] "+&r"((o)->at)               \
			 :                                                                         \
			 : "x9", "x10", "memory")
#define LOADED(insn, addr)                                                                         \
	({                                                                                         \
		struct operands o_ = { .at = (addr) };                                             \
		WITH(SCTLR_EE, insn, &o_);                                                         \
		o_.a;                                                                              \
	})
#define STORE(insn, addr, value)                                                                   \
	({                                                                                         \
		struct operands o_ = { .a = (value), .at = (addr) };                               \
		WITH(SCTLR_EE, insn, &o_);                                                         \
	})

TEST(supported)
{
	EXPECT(LOADED("mrs %[a], sctlr_el1", 0) & BIT(25));
	EXPECT(READ_SYSREG(id_aa64mmfr0_el1) >> 8 & 0xf);
}

TEST(load_word)
{
	EXPECT_EQ(LOADED("ldr %w[a], [%[at]]", ID), 0x11000000);
	EXPECT_EQ(LOADED("ldr %w[a], [%[at]]", ID + 0x1c), 0xb1000000);
}

TEST(load_narrow)
{
	EXPECT_EQ(LOADED("ldrb %w[a], [%[at]]", ID), 0x11);
	EXPECT_EQ(LOADED("ldrh %w[a], [%[at]]", ID), 0x1100);
	EXPECT_EQ(LOADED("ldrsb %[a], [%[at]]", ID + 0x1c), 0xffffffffffffffb1);
	EXPECT_EQ(LOADED("ldrsh %[a], [%[at]]", ID + 0x1c), 0xffffffffffffb100);
	EXPECT_EQ(LOADED("ldrsh %w[a], [%[at]]", ID + 0x1c), 0xffffb100);
	EXPECT_EQ(LOADED("ldrsw %[a], [%[at]]", ID + 0x1c), 0xffffffffb1000000);
}

TEST(store_word)
{
	STORE("str %w[a], [%[at]]", FBRD, 0x12000000);
	EXPECT_EQ(read32(FBRD), 0x12);
	STORE("str %w[a], [%[at]]", LCR_H, 0x60000000);
	EXPECT_EQ(read32(LCR_H), 0x60);
}

TEST(store_narrow)
{
	STORE("strb %w[a], [%[at]]", FBRD, 0x34);
	EXPECT_EQ(read32(FBRD), 0x34);
	STORE("strh %w[a], [%[at]]", FBRD, 0x2100);
	EXPECT_EQ(read32(FBRD), 0x21);
}

/* What the syndrome does not describe. */
TEST(pairs)
{
	struct operands o = { .at = ID };

	WITH(SCTLR_EE, "ldp %w[a], %w[b], [%[at]], #16", &o);
	EXPECT_EQ(o.a, 0x11000000);
	EXPECT_EQ(o.b, 0x10000000);
	EXPECT_EQ(o.at, ID + 16);
	o = (struct operands){ .a = 0x05000000, .b = 0x70000000, .at = FBRD };
	WITH(SCTLR_EE, "stp %w[a], %w[b], [%[at]]", &o);
	EXPECT_EQ(read32(FBRD), 5);
	EXPECT_EQ(read32(LCR_H), 0x70);
}

TEST(writeback)
{
	struct operands o = { .at = ID + 4 };

	WITH(SCTLR_EE, "ldr %w[a], [%[at], #-4]!", &o);
	EXPECT_EQ(o.a, 0x11000000);
	EXPECT_EQ(o.at, ID);
	o = (struct operands){ .a = 0x0a000000, .at = FBRD };
	WITH(SCTLR_EE, "str %w[a], [%[at]], #4", &o);
	EXPECT_EQ(read32(FBRD), 0x0a);
	EXPECT_EQ(o.at, LCR_H);
}

/* The bit for EL0 is none for EL1. */
TEST(of_user_mode)
{
	struct operands o = { .at = ID };

	WITH(SCTLR_E0E, "ldr %w[a], [%[at]]", &o);
	EXPECT_EQ(o.a, 0x11);
	o = (struct operands){ .a = 7, .at = FBRD };
	WITH(SCTLR_E0E, "str %w[a], [%[at]]", &o);
	EXPECT_EQ(read32(FBRD), 7);
}
