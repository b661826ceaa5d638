/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * arch/arm/common/a32_decode.c: instruction words as an assembler makes them, and what they do in
 * words of our own: "load 4 r1 r2 at r3+8, r3+16" are two registers of 4 bytes from r3 + 8, and r3
 * becomes r3 + 16; "r4<0:2" is a register shifted by type and amount.
 */
#include <stdio.h>
#include <string.h>

#include <libs/bits.h>
#include <libs/util.h>

#include "a32_decode.h"
#include "unit.h"

struct row {
	uint32_t op;
	const char *text;
	const char *meaning; /* NULL: none that may be done in pieces */
};

static const struct row a32_rows[] = {
	{ 0xe5921000, "ldr r1, [r2]", "load 4 r1 at r2" },
	{ 0xe5121fff, "ldr r1, [r2, #-4095]", "load 4 r1 at r2-4095" },
	{ 0xe5e43001, "strb r3, [r4, #1]!", "store 1 r3 at r4+1, r4+1" },
	{ 0xe4165008, "ldr r5, [r6], #-8", "load 4 r5 at r6, r6-8" },
	{ 0xe4f65008, "ldrbt r5, [r6], #8", "load 1 r5 at r6, r6+8" },
	{ 0xe7121103, "ldr r1, [r2, -r3, lsl #2]", "load 4 r1 at r2-r3<0:2" },
	{ 0xe68213e3, "str r1, [r2], r3, ror #7", "store 4 r1 at r2, r2+r3<3:7" },
	{ 0xe7b21063, "ldr r1, [r2, r3, rrx]!", "load 4 r1 at r2+r3<3:0, r2+r3<3:0" },
	{ 0xe590f004, "ldr pc, [r0, #4]", "load 4 r15 at r0+4" },
	{ 0xe52df004, "str pc, [sp, #-4]!", "store 4 r15 at r13-4, r13-4" },
	{ 0xe59f7010, "ldr r7, [pc, #16]", "load 4 r7 at r15+16" },
	{ 0xe1d21fbf, "ldrh r1, [r2, #255]", "load 2 r1 at r2+255" },
	{ 0xe04211b2, "strh r1, [r2], #-18", "store 2 r1 at r2, r2-18" },
	{ 0xe11210f3, "ldrsh r1, [r2, -r3]", "load signed 2 r1 at r2-r3<0:0" },
	{ 0xe1f210d3, "ldrsb r1, [r2, #3]!", "load signed 1 r1 at r2+3, r2+3" },
	{ 0xe1c640d8, "ldrd r4, r5, [r6, #8]", "load 4 r4 r5 at r6+8" },
	{ 0xe04640f8, "strd r4, r5, [r6], #-8", "store 4 r4 r5 at r6, r6-8" },
	{ 0xe1a640d7, "ldrd r4, r5, [r6, r7]!", "load 4 r4 r5 at r6+r7<0:0, r6+r7<0:0" },
	{ 0xe890400a, "ldm r0, {r1, r3, r14}", "load 4 r1 r3 r14 at r0" },
	{ 0xe9b00006, "ldmib r0!, {r1, r2}", "load 4 r1 r2 at r0+4, r0+8" },
	{ 0xe8008006, "stmda r0, {r1, r2, r15}", "store 4 r1 r2 r15 at r0-8" },
	{ 0xe92d5fff, "push {r0-r12, lr}",
	  "store 4 r0 r1 r2 r3 r4 r5 r6 r7 r8 r9 r10 r11 r12 r14 at r13-56, r13-56" },
	{ 0xe8bd8010, "pop {r4, pc}", "load 4 r4 r15 at r13, r13+8" },
	{ 0xe8c06000, "stm r0, {r13, r14}^", "store 4 r13 r14 user at r0" },
	{ 0xe9500300, "ldmdb r0, {r8, r9}^", "load 4 r8 r9 user at r0-8" },
	{ 0xed511a01, "vldr s3, [r1, #-4]", "load 4 s3 at r1-4" },
	{ 0xedc11b02, "vstr d17, [r1, #8]", "store 4 s34 s35 at r1+8" },
	{ 0xed9f0b02, "vldr d0, [pc, #8]", "load 4 s0 s1 at r15+8" },
	{ 0xecb11a03, "vldmia r1!, {s2-s4}", "load 4 s2 s3 s4 at r1, r1+12" },
	{ 0xed2d8b04, "vpush {d8-d9}", "store 4 s16 s17 s18 s19 at r13-16, r13-16" },
	{ 0xecc3eb04, "vstm r3, {d30-d31}", "store 4 s60 s61 s62 s63 at r3" },
	{ 0xe1020091, "swp r0, r1, [r2]", NULL },
	{ 0xe1920f9f, "ldrex r0, [r2]", NULL },
	{ 0xe0000291, "mul r0, r1, r2", NULL },
	{ 0xe780f211, "usad8 r0, r1, r2", NULL },
	{ 0xe0810002, "add r0, r1, r2", NULL },
	{ 0xf8b00a00, "rfeia r0!", NULL },
	{ 0xf96d0513, "srsdb sp!, #19", NULL },
	{ 0xe8d08002, "ldm r0, {r1, pc}^", NULL },
	{ 0xec421b10, "vmov d0, r1, r2", NULL },
	{ 0xf5d1f000, "pld [r1]", NULL },
	{ 0xf421070f, "vld1.8 {d0}, [r1]", NULL },
	{ 0xed921500, "ldc p5, c1, [r2]", NULL },
	{ 0xe1910c9f, "lda r0, [r1]", NULL },
	{ 0xea000000, "b .", NULL },
	{ 0xee110f10, "mrc p15, 0, r0, c1, c0, 0", NULL },
};

/* First halfword in front; short instructions have zeros behind. */
static const struct row t32_rows[] = {
	{ 0x6fd10000, "ldr r1, [r2, #124]", "load 4 r1 at r2+124" },
	{ 0x77d10000, "strb r1, [r2, #31]", "store 1 r1 at r2+31" },
	{ 0x78510000, "ldrb r1, [r2, #1]", "load 1 r1 at r2+1" },
	{ 0x87d70000, "strh r7, [r2, #62]", "store 2 r7 at r2+62" },
	{ 0x50d10000, "str r1, [r2, r3]", "store 4 r1 at r2+r3<0:0" },
	{ 0x52d10000, "strh r1, [r2, r3]", "store 2 r1 at r2+r3<0:0" },
	{ 0x54d10000, "strb r1, [r2, r3]", "store 1 r1 at r2+r3<0:0" },
	{ 0x56d10000, "ldrsb r1, [r2, r3]", "load signed 1 r1 at r2+r3<0:0" },
	{ 0x58d10000, "ldr r1, [r2, r3]", "load 4 r1 at r2+r3<0:0" },
	{ 0x5ad10000, "ldrh r1, [r2, r3]", "load 2 r1 at r2+r3<0:0" },
	{ 0x5cd10000, "ldrb r1, [r2, r3]", "load 1 r1 at r2+r3<0:0" },
	{ 0x5ed10000, "ldrsh r1, [r2, r3]", "load signed 2 r1 at r2+r3<0:0" },
	{ 0x9eff0000, "ldr r6, [sp, #1020]", "load 4 r6 at r13+1020" },
	{ 0x96010000, "str r6, [sp, #4]", "store 4 r6 at r13+4" },
	{ 0x49020000, "ldr r1, [pc, #8]", "load 4 r1 at r15+8" },
	{ 0xc8060000, "ldm r0!, {r1, r2}", "load 4 r1 r2 at r0, r0+8" },
	{ 0xc9060000, "ldm r1, {r1, r2}", "load 4 r1 r2 at r1" },
	{ 0xc0820000, "stm r0!, {r1, r7}", "store 4 r1 r7 at r0, r0+8" },
	{ 0xb5020000, "push {r1, lr}", "store 4 r1 r14 at r13-8, r13-8" },
	{ 0xbd060000, "pop {r1, r2, pc}", "load 4 r1 r2 r15 at r13, r13+12" },
	{ 0xf8d98fff, "ldr.w r8, [r9, #4095]", "load 4 r8 at r9+4095" },
	{ 0xf8598cff, "ldr r8, [r9, #-255]", "load 4 r8 at r9-255" },
	{ 0xf8598904, "ldr r8, [r9], #-4", "load 4 r8 at r9, r9-4" },
	{ 0xf8098f05, "strb r8, [r9, #5]!", "store 1 r8 at r9+5, r9+5" },
	{ 0xf9398b02, "ldrsh r8, [r9], #2", "load signed 2 r8 at r9, r9+2" },
	{ 0xf8398e02, "ldrht r8, [r9, #2]", "load 2 r8 at r9+2" },
	{ 0xf9998002, "ldrsb.w r8, [r9, #2]", "load signed 1 r8 at r9+2" },
	{ 0xf849803a, "str.w r8, [r9, r10, lsl #3]", "store 4 r8 at r9+r10<0:3" },
	{ 0xf8d9f000, "ldr.w pc, [r9]", "load 4 r15 at r9" },
	{ 0xf85f8014, "ldr.w r8, [pc, #-20]", "load 4 r8 at r15-20" },
	{ 0xe95918ff, "ldrd r1, r8, [r9, #-1020]", "load 4 r1 r8 at r9-1020" },
	{ 0xe8e93204, "strd r3, r2, [r9], #16", "store 4 r3 r2 at r9, r9+16" },
	{ 0xe9f91802, "ldrd r1, r8, [r9, #8]!", "load 4 r1 r8 at r9+8, r9+8" },
	{ 0xe9df0101, "ldrd r0, r1, [pc, #4]", "load 4 r0 r1 at r15+4" },
	{ 0xe8b98402, "ldm.w r9!, {r1, r10, pc}", "load 4 r1 r10 r15 at r9, r9+12" },
	{ 0xe9094402, "stmdb r9, {r1, r10, lr}", "store 4 r1 r10 r14 at r9-12" },
	{ 0xe92d43f0, "push.w {r4-r9, lr}",
	  "store 4 r4 r5 r6 r7 r8 r9 r14 at r13-28, r13-28" },
	{ 0xedd10b01, "vldr d16, [r1, #4]", "load 4 s32 s33 at r1+4" },
	{ 0xed610a02, "vstmdb r1!, {s1-s2}", "store 4 s1 s2 at r1-8, r1-8" },
	{ 0xe8521f00, "ldrex r1, [r2]", NULL },
	{ 0xe8c31270, "strexd r0, r1, r2, [r3]", NULL },
	{ 0xe8d0f001, "tbb [r0, r1]", NULL },
	{ 0xe8d21faf, "lda r1, [r2]", NULL },
	{ 0xf891f004, "pld [r1, #4]", NULL },
	{ 0xe990c000, "rfeia r0", NULL },
	{ 0xe82dc013, "srsdb sp!, #19", NULL },
	{ 0x44080000, "add r0, r1", NULL },
	{ 0x47700000, "bx lr", NULL },
	{ 0x00000000, "b.w .", NULL },
	{ 0xee110f10, "mrc p15, 0, r0, c1, c0, 0", NULL },
	{ 0xf921070f, "vld1.8 {d0}, [r1]", NULL },
	{ 0xf2400001, "movw r0, #1", NULL },
	{ 0xb1200000, "cbz r0, #8", NULL },
	{ 0xdf000000, "svc #0", NULL },
	{ 0xed921500, "ldc p5, c1, [r2]", NULL },
	{ 0xec421b10, "vmov d0, r1, r2", NULL },
};

static void add_address(char *s, const struct a32_access *a, bool start)
{
	int32_t offset = start ? a->start : a->delta;

	s += strlen(s);
	s += sprintf(s, "r%u", a->rn);
	if (a->rm != A32_NO_REG && !(start && a->post))
		sprintf(s, "%cr%u<%u:%u", a->subtract ? '-' : '+', a->rm, a->shift_type, a->shift);
	else if (offset)
		sprintf(s, "%+d", (int)offset);
}

static const char *describe(const struct a32_access *a)
{
	static char text[400];

	sprintf(text, "%s%s %u", a->load ? "load" : "store", a->sign ? " signed" : "", a->size);
	for (unsigned i = 0; i < a->count; i++)
		sprintf(text + strlen(text), " %c%u", a->fp ? 's' : 'r', a32_access_reg(a, i));
	strcat(text, a->user ? " user at " : " at ");
	add_address(text, a, true);
	if (a->writeback) {
		strcat(text, ", ");
		add_address(text, a, false);
	}
	return text;
}

static void check(const struct row *row, bool known, const struct a32_access *a, unsigned length)
{
	if (known != !!row->meaning)
		unit_fail(__FILE__, __LINE__, "%s: %s", row->text, known ? describe(a) : "unknown");
	if (!known || !row->meaning)
		return;
	if (strcmp(describe(a), row->meaning))
		unit_fail(__FILE__, __LINE__, "%s: \"%s\", not \"%s\"", row->text, describe(a),
			  row->meaning);
	CHECK_EQ(a->length, length);
}

TEST(a32)
{
	struct a32_access a;

	for (size_t i = 0; i < ARRAY_SIZE(a32_rows); i++)
		check(&a32_rows[i], a32_decode(a32_rows[i].op, &a), &a, 4);
}

TEST(t32)
{
	struct a32_access a;

	for (size_t i = 0; i < ARRAY_SIZE(t32_rows); i++) {
		uint16_t first = (uint16_t)(t32_rows[i].op >> 16);
		bool known = t32_decode(first, (uint16_t)t32_rows[i].op, &a);

		check(&t32_rows[i], known, &a, t32_is_wide(first) ? 4 : 2);
	}
}

/* Any condition, and none. */
TEST(conditions)
{
	struct a32_access a;

	for (uint32_t cond = 0; cond < 16; cond++)
		CHECK_EQ(a32_decode(cond << 28 | 0x05921000, &a), cond != 15);
}

/* What the architecture leaves open is not done. */
TEST(unpredictable)
{
	static const uint32_t ops[] = {
		0xe4df1004, /* ldrb r1, [pc], #4 */
		0xe5d2f000, /* ldrb pc, [r2] */
		0xe792100f, /* ldr r1, [r2, pc] */
		0xe1c610d0, /* ldrd r1, r2, [r6] */
		0xe1c6e0d0, /* ldrd lr, pc, [r6] */
		0xe8900000, /* ldm r0, {} */
		0xe89f0006, /* ldm pc, {r1, r2} */
		0xe8f06000, /* ldm r0!, {r13, r14}^ */
		0xec910a00, /* vldm r1, no registers */
		0xecd1fb04, /* vldm r1, {d31, d32} */
		0xec91fa04, /* vldm r1, {s30 ... s33} */
		0xec910bff, /* vldm r1, {d0 ... d126} */
		0xecbf0a01, /* vldm pc!, {s0} */
	};
	struct a32_access a;

	for (size_t i = 0; i < ARRAY_SIZE(ops); i++) {
		if (a32_decode(ops[i], &a))
			unit_fail(__FILE__, __LINE__, "0x%08x: %s", ops[i], describe(&a));
	}
	CHECK(!t32_decode(0xe8bd, 0x2002, &a)); /* pop.w {r1, sp} */
	CHECK(!t32_decode(0xe8bd, 0x0002, &a)); /* pop.w {r1} */
	CHECK(!t32_decode(0xe8bd, 0xc000, &a)); /* pop.w {lr, pc} */
	CHECK(!t32_decode(0xe88d, 0x8002, &a)); /* stm.w sp, {r1, pc} */
	CHECK(!t32_decode(0xb400, 0, &a)); /* push {} */
	CHECK(!t32_decode(0xf852, 0x1600, &a)); /* ldr with P, U, W = 010 */
}

TEST(shifts)
{
	struct a32_access a;

	a32_decode(0xe7921183, &a); /* ldr r1, [r2, r3, lsl #3] */
	a32_access_index(&a, 0x20000001, false);
	CHECK_EQ(a.start, 8);
	CHECK_EQ(a.delta, 8);
	a32_decode(0xe7921023, &a); /* ldr r1, [r2, r3, lsr #32] */
	a32_access_index(&a, 0xffffffff, true);
	CHECK_EQ(a.start, 0);
	a32_decode(0xe79210a3, &a); /* lsr #1 */
	a32_access_index(&a, 0x80000000, true);
	CHECK_EQ(a.start, 0x40000000);
	a32_decode(0xe7921043, &a); /* asr #32 */
	a32_access_index(&a, 0x80000000, false);
	CHECK_EQ(a.start, -1);
	a32_decode(0xe7921463, &a); /* ror #8 */
	a32_access_index(&a, 0x12, false);
	CHECK_EQ(a.start, 0x12000000);
	a32_decode(0xe7921063, &a); /* rrx */
	a32_access_index(&a, 3, true);
	CHECK_EQ((uint32_t)a.start, 0x80000001);
	a32_decode(0xe6121003, &a); /* ldr r1, [r2], -r3 */
	a32_access_index(&a, 4, false);
	CHECK_EQ(a.start, 0);
	CHECK_EQ(a.delta, -4);
}

/* --- coprocessor registers ---------------------------------------------------------- */

/* Fields of the syndrome: DDI 0487, ISS encodings of trapped MCR or MRC and MCRR or MRRC. */
#define ISS32(opc2, opc1, crn, rt, crm, read)                                                      \
	((opc2) << 17 | (opc1) << 14 | (crn) << 10 | (rt) << 5 | (crm) << 1 | (read))
#define ISS64(opc1, rt2, rt, crm, read)                                                            \
	((opc1) << 16 | (rt2) << 10 | (rt) << 5 | (crm) << 1 | (read))
#define ESR(ec, cond, iss) ((ec##U) << 26 | 1U << 25 | 1U << 24 | (cond##U) << 20 | (iss))

TEST(coprocessor_registers)
{
	static const struct {
		uint32_t op, esr;
		const char *text;
	} cp_rows[] = {
		{ 0xee110f10, ESR(3, 14, ISS32(0, 0, 1, 0, 0, 1)), "mrc p15, 0, r0, c1, c0, 0" },
		{ 0xee1c3fbc, ESR(3, 14, ISS32(5, 0, 12, 3, 12, 1)),
		  "mrc p15, 0, r3, c12, c12, 5" },
		{ 0x1e0cef3c, ESR(3, 1, ISS32(1, 0, 12, 14, 12, 0)),
		  "mcrne p15, 0, lr, c12, c12, 1" },
		{ 0x0e04cf16, ESR(3, 0, ISS32(0, 0, 4, 12, 6, 0)), "mcreq p15, 0, r12, c4, c6, 0" },
		{ 0xeef7fefd, ESR(5, 14, ISS32(7, 7, 7, 15, 13, 1)), "mrc p14, 7, pc, c7, c13, 7" },
		{ 0xec410f0c, ESR(4, 14, ISS64(0, 1, 0, 12, 0)), "mcrr p15, 0, r0, r1, c12" },
		{ 0xbc4edf2c, ESR(4, 11, ISS64(2, 14, 13, 12, 0)), "mcrrlt p15, 2, sp, lr, c12" },
		{ 0xec521e02, ESR(12, 14, ISS64(0, 2, 1, 2, 1)), "mrrc p14, 0, r1, r2, c2" },
		{ 0xfe110f10, 0, "mrc2 p15, 0, r0, c1, c0, 0" },
		{ 0xfc410f0c, 0, "mcrr2 p15, 0, r0, r1, c12" },
		{ 0xee110f00, 0, "cdp p15, 1, c0, c1, c0, 0" },
		{ 0xee110d10, 0, "mrc p13, 0, r0, c1, c0, 0" },
		{ 0xeef10a10, 0, "vmrs r0, fpscr" },
		{ 0xec410b10, 0, "vmov d0, r0, r1" },
		{ 0xed92ef00, 0, "ldc p15, c14, [r2]" },
		{ 0xec821f02, 0, "stc p15, c1, [r2], {2}" },
		{ 0xe7f000f0, 0, "udf #0" },
		{ 0xef000000, 0, "svc #0" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cp_rows); i++) {
		uint32_t op = cp_rows[i].op, esr = cp_rows[i].esr, t32;

		if (a32_cp_syndrome(op, false) != esr)
			unit_fail(__FILE__, __LINE__, "%s: 0x%08x", cp_rows[i].text,
				  a32_cp_syndrome(op, false));
		/* Of T32 those that are not of the second space; the condition is not known. */
		t32 = a32_cp_syndrome((op & 0x0fffffff) | 0xe0000000, true);
		if (esr && t32 != (esr & ~0x01f00000U))
			unit_fail(__FILE__, __LINE__, "%s: 0x%08x of T32", cp_rows[i].text, t32);
		CHECK_EQ(a32_cp_syndrome((op & 0x0fffffff) | 0xf0000000, true), 0);
	}
}
