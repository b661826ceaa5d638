/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * arch/x86/common/insn*.c: lengths as another disassembler has them, what instructions mean, and
 * what they do, compared with what the CPU of this machine does where that is an x86: any
 * instruction with a memory operand, with any registers and flags, with the operand in memory or
 * behind a device.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <libs/errno.h>

#include "insn_exec.h"
#include "unit.h"

/* --- lengths ----------------------------------------------------------------------------- */

static unsigned from_hex(const char *hex, uint8_t *bytes, unsigned room)
{
	unsigned n = 0, byte;

	while (n < room && sscanf(hex, "%2x", &byte) == 1) {
		bytes[n++] = (uint8_t)byte;
		hex += 2;
	}
	return n;
}

static enum insn_mode mode_of(unsigned bits)
{
	return bits == 16 ? INSN_16 : bits == 32 ? INSN_32 : INSN_64;
}

TEST(lengths)
{
	size_t size;
	char *text = unit_data("insn-lengths", &size), *line, *save;
	unsigned lines = 0, n, wrong = 0;
	uint8_t bytes[INSN_MAX];
	struct insn insn;
	int err;

	REQUIRE(text);
	text = realloc(text, size + 1);
	text[size] = '\0';
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		enum insn_mode mode = mode_of((unsigned)atoi(line));

		n = from_hex(line + 3, bytes, sizeof(bytes));
		err = insn_decode(bytes, n, mode, &insn);
		if ((err || insn.len != n) && ++wrong < 10)
			unit_fail(__FILE__, __LINE__, "%s: %d, %u bytes", line, err,
				  err ? 0 : insn.len);
		/* One byte less is too few, whatever it is. */
		if (insn_decode(bytes, n - 1, mode, &insn) != -EAGAIN && ++wrong < 10)
			unit_fail(__FILE__, __LINE__, "%s: cut off, but decoded", line);
		lines++;
	}
	free(text);
	CHECK_EQ(wrong, 0);
	if (!lines)
		printf("no disassembler for x86 here: lengths are not compared\n");
	else
		CHECK(lines > 20000);
}

TEST(longer_than_any)
{
	uint8_t bytes[16];
	struct insn insn;

	memset(bytes, 0x66, sizeof(bytes));
	CHECK_EQ(insn_decode(bytes, 14, INSN_64, &insn), -EAGAIN);
	CHECK_EQ(insn_decode(bytes, 16, INSN_64, &insn), -EINVAL);
	bytes[14] = 0x90;
	CHECK_EQ(insn_decode(bytes, 16, INSN_64, &insn), 0);
	CHECK_EQ(insn.len, 15);
	bytes[13] = 0x8b;
	bytes[14] = 0x44;
	CHECK_EQ(insn_decode(bytes, 16, INSN_64, &insn), -EINVAL);
	CHECK_EQ(insn_decode(bytes, 0, INSN_64, &insn), -EAGAIN);
}

/* --- meaning ----------------------------------------------------------------------------- */

struct row {
	unsigned bits;
	const char *hex;
	const char *text;
	uint8_t op, size, dst_size;
	bool mem_is_dst;
	uint8_t reg, seg, base, index, scale;
	int64_t disp;
};

#define NO INSN_NO_REG

static const struct row rows[] = {
	{ 64, "8b07", "mov (%rdi),%eax", INSN_MOV, 4, 4, false, 0, 3, 7, NO, 0, 0 },
	{ 64, "488b4708", "mov 8(%rdi),%rax", INSN_MOV, 8, 8, false, 0, 3, 7, NO, 0, 8 },
	{ 64, "66448907", "mov %r8w,(%rdi)", INSN_MOV, 2, 2, true, 8, 3, 7, NO, 0, 0 },
	{ 64, "8a25f0ffffff", "mov -16(%rip),%ah", INSN_MOV, 1, 1, false, 0, 3, 16, NO, 0, -16 },
	{ 64, "408a25f0ffffff", "mov -16(%rip),%spl", INSN_MOV, 1, 1, false, 4, 3, 16, NO, 0, -16 },
	{ 64, "65488b0425b0000000", "mov %gs:0xb0,%rax",
	  INSN_MOV, 8, 8, false, 0, 5, NO, NO, 0, 0xb0 },
	{ 64, "2e8b4424fc", "mov -4(%rsp),%eax", INSN_MOV, 4, 4, false, 0, 2, 4, NO, 0, -4 },
	{ 64, "478b4cbd10", "mov 16(%r13,%r15,4),%r9d",
	  INSN_MOV, 4, 4, false, 9, 3, 13, 15, 2, 16 },
	{ 64, "0fb607", "movzbl (%rdi),%eax", INSN_MOVZX, 1, 4, false, 0, 3, 7, NO, 0, 0 },
	{ 64, "0fb727", "movzwl (%rdi),%esp", INSN_MOVZX, 2, 4, false, 4, 3, 7, NO, 0, 0 },
	{ 64, "480fbe27", "movsbq (%rdi),%rsp", INSN_MOVSX, 1, 8, false, 4, 3, 7, NO, 0, 0 },
	{ 64, "4c6307", "movslq (%rdi),%r8", INSN_MOVSX, 4, 8, false, 8, 3, 7, NO, 0, 0 },
	{ 64, "c70701000000", "movl $1,(%rdi)", INSN_MOV, 4, 4, true, 0, 3, 7, NO, 0, 0 },
	{ 64, "f08147fc80000000", "lock addl $128,-4(%rdi)",
	  INSN_ADD, 4, 4, true, 0, 3, 7, NO, 0, -4 },
	{ 64, "a18877665544332211", "movabs", INSN_MOV, 4, 4, false, 0, 3, NO, NO, 0, 0 },
	{ 64, "0fc307", "movnti %eax,(%rdi)", INSN_MOV, 4, 4, true, 0, 3, 7, NO, 0, 0 },
	{ 64, "0f38f007", "movbe (%rdi),%eax", INSN_MOVBE, 4, 4, false, 0, 3, 7, NO, 0, 0 },
	{ 64, "0f1107", "movups %xmm0,(%rdi)", INSN_VEC, 16, 16, true, 0, 3, 7, NO, 0, 0 },
	{ 64, "c5f97f07", "vmovdqa %xmm0,(%rdi)", INSN_VEC, 16, 16, true, 0, 3, 7, NO, 0, 0 },
	{ 64, "f30f6f4f10", "movdqu 16(%rdi),%xmm1", INSN_VEC, 16, 16, false, 1, 3, 7, NO, 0, 16 },
	{ 64, "0f6f07", "movq (%rdi),%mm0", INSN_MMX, 8, 8, false, 0, 3, 7, NO, 0, 0 },
	{ 64, "ff37", "push (%rdi)", INSN_PUSH, 8, 8, false, 6, 3, 7, NO, 0, 0 },
	{ 64, "8f4704", "pop 4(%rdi)", INSN_POP, 8, 8, true, 0, 3, 7, NO, 0, 4 },
	{ 64, "480fc70f", "cmpxchg16b (%rdi)", INSN_CMPXCHG8, 16, 16, true, 1, 3, 7, NO, 0, 0 },
	{ 32, "a3b000e0fe", "mov %eax,0xfee000b0",
	  INSN_MOV, 4, 4, true, 0, 3, NO, NO, 0, -0x11fff50 },
	{ 32, "668b4500", "mov (%ebp),%ax", INSN_MOV, 2, 2, false, 0, 2, 5, NO, 0, 0 },
	{ 32, "67668b42fe", "mov -2(%bp,%si),%ax", INSN_MOV, 2, 2, false, 0, 2, 5, 6, 0, -2 },
	{ 32, "26882d00800b00", "mov %ch,%es:0xb8000",
	  INSN_MOV, 1, 1, true, 1, 0, NO, NO, 0, 0xb8000 },
	{ 16, "26880e0080", "mov %cl,%es:0x8000", INSN_MOV, 1, 1, true, 1, 0, NO, NO, 0, -0x8000 },
	{ 16, "66678b0432", "mov (%edx,%esi),%eax", INSN_MOV, 4, 4, false, 0, 3, 2, 6, 0, 0 },
	{ 16, "8b4204", "mov 4(%bp,%si),%ax", INSN_MOV, 2, 2, false, 0, 2, 5, 6, 0, 4 },
	{ 16, "8b07", "mov (%bx),%ax", INSN_MOV, 2, 2, false, 0, 3, 3, NO, 0, 0 },
};

TEST(meaning)
{
	uint8_t bytes[INSN_MAX];
	struct insn insn;

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *r = &rows[i];
		unsigned n = from_hex(r->hex, bytes, sizeof(bytes));
		bool same;

		if (insn_decode(bytes, n, mode_of(r->bits), &insn)) {
			unit_fail(__FILE__, __LINE__, "%s", r->text);
			continue;
		}
		same = insn.len == n && insn.op == r->op && insn.size == r->size &&
		       insn.dst_size == r->dst_size && insn.mem &&
		       insn.mem_is_dst == r->mem_is_dst && insn.seg == r->seg &&
		       insn.base == r->base && insn.index == r->index && insn.scale == r->scale &&
		       insn.reg == r->reg && (insn.disp == r->disp || insn.len == 9);
		if (!same)
			unit_fail(__FILE__, __LINE__,
				  "%s: op %u size %u %u dst %u reg %u seg %u base %u index %u "
				  "scale %u disp %lld", r->text, insn.op, insn.size, insn.dst_size,
				  insn.mem_is_dst, insn.reg, insn.seg, insn.base, insn.index,
				  insn.scale, (long long)insn.disp);
	}
}

TEST(cache)
{
	static struct insn_cache cache;
	uint8_t a[16] = { 0x8b, 0x07, 0x90 }, b[16] = { 0x89, 0x07 }, bad[16] = { 0x06 };
	const struct insn *insn, *again;

	REQUIRE(!insn_cached(&cache, 0x1000, a, 16, INSN_64, &insn));
	CHECK_EQ(insn->len, 2);
	a[2] = 0xcc; /* what is behind does not matter */
	REQUIRE(!insn_cached(&cache, 0x1000, a, 2, INSN_64, &again));
	CHECK(again == insn && !insn->mem_is_dst);
	/* Other bytes, another mode. */
	REQUIRE(!insn_cached(&cache, 0x1000, b, 16, INSN_64, &insn));
	CHECK(insn->mem_is_dst);
	REQUIRE(!insn_cached(&cache, 0x1000, b, 16, INSN_16, &insn));
	CHECK_EQ(insn->size, 2);
	CHECK_EQ(insn_cached(&cache, 0x1000, bad, 16, INSN_64, &insn), -EINVAL);
	REQUIRE(!insn_cached(&cache, 0x1000, b, 16, INSN_64, &insn));
	CHECK_EQ(insn->size, 4);
	CHECK_EQ(insn_cached(&cache, 0x1000, b, 1, INSN_64, &insn), -EAGAIN);
}

/* --- doing ------------------------------------------------------------------------------- */

#define DATA_SIZE 8192u
#define CF 0x1
#define PF 0x4
#define AF 0x10
#define ZF 0x40
#define SF 0x80
#define OF 0x800
#define DF 0x400
#define STATUS (CF | PF | AF | ZF | SF | OF)

static uint8_t shadow[DATA_SIZE];
static uint64_t data_at; /* address of the CPU's copy */
static bool device; /* nothing is memory */
static struct insn_seg segs[6];

static void *find_ram(void *ctx, uint64_t gpa, bool write)
{
	if (device || gpa < data_at || gpa >= data_at + DATA_SIZE)
		return NULL;
	return shadow + (gpa - data_at);
}

/* Carries out an instruction, its accesses of devices by the shadow. */
static enum insn_step run(struct insn_run *r, struct insn_cpu *cpu, const struct insn *insn)
{
	enum insn_step step = insn_begin(r, cpu, insn, INSN_NO_HINT);

	while (step == INSN_ACCESS) {
		uint64_t value = 0, at = r->gpa - data_at;

		if (r->is_port || at >= DATA_SIZE || DATA_SIZE - at < r->size) {
			unit_fail(__FILE__, __LINE__, "access to 0x%llx",
				  (unsigned long long)r->gpa);
			return INSN_UNKNOWN;
		}
		if (r->is_write)
			memcpy(shadow + at, &r->value, r->size);
		else
			memcpy(&value, shadow + at, r->size);
		step = insn_continue(r, cpu, value);
	}
	return step;
}

#if defined(__x86_64__)

/* In the order of their encodings; then the flags. */
__attribute__((used)) static uint64_t native[17], host_rsp;
__attribute__((used)) static uint8_t *code;
static uint8_t *data;

/* Loads the registers, jumps to the code, whose end jumps to the label, and stores them. */
__attribute__((naked, noinline, used)) static void run_native(void)
{
	__asm__ volatile(
		"push %rbx\n push %rbp\n push %r12\n push %r13\n push %r14\n push %r15\n"
		"mov %rsp, host_rsp(%rip)\n"
		"pushq native+128(%rip)\n popfq\n"
		"mov native+8(%rip), %rcx\n mov native+16(%rip), %rdx\n"
		"mov native+24(%rip), %rbx\n mov native+32(%rip), %rsp\n"
		"mov native+40(%rip), %rbp\n mov native+48(%rip), %rsi\n"
		"mov native+56(%rip), %rdi\n mov native+64(%rip), %r8\n"
		"mov native+72(%rip), %r9\n mov native+80(%rip), %r10\n"
		"mov native+88(%rip), %r11\n mov native+96(%rip), %r12\n"
		"mov native+104(%rip), %r13\n mov native+112(%rip), %r14\n"
		"mov native+120(%rip), %r15\n mov native(%rip), %rax\n"
		"jmp *code(%rip)\n"
		".globl native_back\nnative_back:\n"
		"mov %rax, native(%rip)\n mov %rcx, native+8(%rip)\n"
		"mov %rdx, native+16(%rip)\n mov %rbx, native+24(%rip)\n"
		"mov %rsp, native+32(%rip)\n mov %rbp, native+40(%rip)\n"
		"mov %rsi, native+48(%rip)\n mov %rdi, native+56(%rip)\n"
		"mov %r8, native+64(%rip)\n mov %r9, native+72(%rip)\n"
		"mov %r10, native+80(%rip)\n mov %r11, native+88(%rip)\n"
		"mov %r12, native+96(%rip)\n mov %r13, native+104(%rip)\n"
		"mov %r14, native+112(%rip)\n mov %r15, native+120(%rip)\n"
		"mov host_rsp(%rip), %rsp\n"
		"pushfq\n popq native+128(%rip)\n"
		"cld\n"
		"pop %r15\n pop %r14\n pop %r13\n pop %r12\n pop %rbp\n pop %rbx\n"
		"ret\n");
}
extern char native_back[];

/* Flags that an instruction leaves undefined, by its operation and count. */
static uint64_t undefined_flags(const struct insn *insn, uint64_t rcx)
{
	unsigned count = (unsigned)(insn->has_imm ? insn->imm : rcx) & (insn->size == 8 ? 63 : 31);

	switch (insn->op) {
	case INSN_AND:
	case INSN_OR:
	case INSN_XOR:
	case INSN_TEST:
		return AF;
	case INSN_ROL:
	case INSN_ROR:
	case INSN_RCL:
	case INSN_RCR:
		return count == 1 ? 0 : OF;
	case INSN_SHL:
	case INSN_SHR:
	case INSN_SAR:
	case INSN_SHLD:
	case INSN_SHRD:
		return (count ? AF : 0) | (count == 1 ? 0 : OF) |
		       (count >= 8u * insn->size ? CF : 0);
	case INSN_MUL:
	case INSN_IMUL:
	case INSN_IMUL2:
		return STATUS & ~(CF | OF);
	case INSN_DIV:
	case INSN_IDIV:
		return STATUS;
	case INSN_BT:
	case INSN_BTS:
	case INSN_BTR:
	case INSN_BTC:
		return STATUS & ~(CF | ZF);
	case INSN_BSF:
	case INSN_BSR:
		return STATUS & ~ZF;
	case INSN_TZCNT:
	case INSN_LZCNT:
		return STATUS & ~(CF | ZF);
	}
	return 0;
}

/* Can and may this machine's CPU do it, with one memory operand that we know? */
static bool can_run(const struct insn *insn)
{
	switch (insn->op) {
	case INSN_NONE:
	case INSN_VEC:
	case INSN_MMX:
	case INSN_CALL:
	case INSN_JMP:
	case INSN_INS:
	case INSN_OUTS:
	case INSN_IN:
	case INSN_OUT:
	case INSN_MOV_SEG:
	case INSN_HINT:
	case INSN_XLAT:
		return false;
	case INSN_POPCNT:
		return __builtin_cpu_supports("popcnt");
	case INSN_TZCNT:
		return __builtin_cpu_supports("bmi");
	case INSN_LZCNT:
		return __builtin_cpu_supports("lzcnt");
	case INSN_MOVBE:
		return __builtin_cpu_supports("movbe");
	}
	return insn->op >= INSN_MOVS || insn->mem;
}

static unsigned make_prefixes(uint8_t *p)
{
	static const uint8_t legacy[] = { 0x66, 0x66, 0xf3, 0xf2, 0x2e };
	unsigned n = 0;

	if (unit_random_below(3) == 0)
		p[n++] = legacy[unit_random_below(sizeof(legacy))];
	if (unit_random_below(2))
		p[n++] = 0x40 | (unit_random() & 15);
	return n;
}

/* Any instruction with its memory operand in the data. @return false: not one of them */
static bool make_instruction(uint8_t *p, struct insn *insn, uint64_t *regs)
{
	static const uint8_t maps[] = { 0, 0, 0, 1, 1, 1, 2 };
	unsigned n = make_prefixes(p), map = maps[unit_random_below(sizeof(maps))];
	uint64_t target = data_at + 64 + unit_random_below(DATA_SIZE - 128);

	if (unit_random_below(4) == 0) /* across pages */
		target = data_at + 4096 - unit_random_below(9);
	if (map) {
		p[n++] = 0x0f;
		if (map == 2)
			p[n++] = 0x38;
	}
	for (unsigned i = n; i < 15; i++)
		p[i] = (uint8_t)unit_random();
	if (map == 2)
		p[n] = 0xf0 | (p[n] & 1);
	p[n + 1] &= 0xbf; /* an operand in memory */
	if (insn_decode(p, 15, INSN_64, insn) || !can_run(insn) || insn->lock ||
	    insn->seg >= INSN_FS)
		return false;
	for (unsigned i = 0; i < 16; i++)
		regs[i] = unit_random_below(4) ? unit_random() : unit_random() & 0xff;
	regs[4] = data_at + 4096 + 64;
	if (insn->op >= INSN_MOVS) {
		regs[6] = data_at + 2048 + unit_random_below(2048);
		regs[7] = data_at + 4096 + unit_random_below(2048);
		regs[1] = unit_random_below(20);
		return insn->addr_size == 8;
	}
	if (!insn->has_modrm || insn->base == INSN_RIP || insn->base == INSN_NO_REG ||
	    insn->base == 4)
		return false;
	if (insn->op == INSN_CMPXCHG8 && insn->size == 16)
		target &= ~15ull;
	if (insn->op >= INSN_BT && insn->op <= INSN_BTC && insn->has_reg)
		regs[insn->reg] = (regs[insn->reg] & ~0xffffull) | (unit_random() & 0xff);
	if (insn->op >= INSN_BT && insn->op <= INSN_BTC && insn->has_reg && insn->size == 8)
		regs[insn->reg] &= 0xff;
	if (insn->op >= INSN_BT && insn->op <= INSN_BTC && insn->has_reg && insn->size == 4)
		regs[insn->reg] &= ~0xffffff00ull;
	if (insn->index != INSN_NO_REG)
		regs[insn->index] = unit_random_below(8);
	if (insn->index == insn->base)
		return false;
	target -= (uint64_t)insn->disp;
	if (insn->index != INSN_NO_REG)
		target -= regs[insn->index] << insn->scale;
	if (insn->op == INSN_POP && insn->base == 4)
		return false;
	regs[insn->base] = target;
	/* A bit's number that is the address would lead anywhere. */
	return !(insn->op >= INSN_BT && insn->op <= INSN_BTC && insn->has_reg &&
		 (insn->reg == insn->base || insn->reg == insn->index));
}

static void do_native(const uint8_t *p, unsigned len, const uint64_t *regs, uint64_t flags)
{
	static const uint8_t jump[] = { 0xff, 0x25, 0, 0, 0, 0 };
	uint64_t back = (uint64_t)(uintptr_t)native_back;

	memcpy(code, p, len);
	memcpy(code + len, jump, sizeof(jump));
	memcpy(code + len + sizeof(jump), &back, 8);
	memcpy(native, regs, 16 * 8);
	native[16] = flags;
	run_native();
}

static void compare(const uint8_t *p, const struct insn *insn, const struct insn_cpu *cpu,
		    const uint64_t *before, uint64_t flags)
{
	uint64_t unknown = undefined_flags(insn, before[1]);
	bool regs_same = true, keeps;

	/* A register that was zero-extended or not: undefined. */
	keeps = insn->op == INSN_BSF || insn->op == INSN_BSR;
	for (unsigned i = 0; i < 16; i++)
		regs_same &= cpu->regs[i] == native[i] ||
			     (keeps && native[16] & ZF && i == insn->reg);
	if (regs_same && !((cpu->rflags ^ native[16]) & STATUS & ~unknown) &&
	    !memcmp(shadow, data, DATA_SIZE))
		return;
	fprintf(stderr, "flags 0x%llx rcx 0x%llx:", (unsigned long long)flags,
		(unsigned long long)before[1]);
	for (unsigned i = 0; i < insn->len; i++)
		fprintf(stderr, " %02x", p[i]);
	fprintf(stderr, "\n");
	for (unsigned i = 0; i < 16; i++) {
		if (cpu->regs[i] != native[i])
			fprintf(stderr, "  r%u: 0x%llx, the CPU has 0x%llx\n", i,
				(unsigned long long)cpu->regs[i], (unsigned long long)native[i]);
	}
	unit_fail(__FILE__, __LINE__, "operation %u size %u: flags 0x%llx, the CPU's 0x%llx%s%s",
		  insn->op, insn->size, (unsigned long long)cpu->rflags & STATUS,
		  (unsigned long long)native[16] & STATUS, regs_same ? "" : ", registers",
		  memcmp(shadow, data, DATA_SIZE) ? ", memory" : "");
}

static bool one_instruction(unsigned *done)
{
	uint64_t regs[16], before[16], flags = 2 | (unit_random() & (STATUS | DF));
	static struct insn_run r;
	struct insn_cpu cpu = { .regs = regs, .seg = segs, .rflags = flags, .rip = 0x1000 };
	uint8_t p[16];
	struct insn insn;

	if (!make_instruction(p, &insn, regs))
		return true;
	if (insn.op < INSN_MOVS || !(insn.rep || insn.repne))
		flags &= ~(uint64_t)(insn.op < INSN_MOVS ? DF : 0);
	cpu.rflags = flags;
	for (unsigned i = 0; i < DATA_SIZE; i += 8) {
		uint64_t v = unit_random_below(4) ? unit_random() : 0;

		memcpy(data + i, &v, 8);
	}
	memcpy(shadow, data, DATA_SIZE);
	memcpy(before, regs, sizeof(regs));
	cpu.paging.cr0 = GUEST_CR0_PE;
	cpu.paging.efer = GUEST_EFER_LMA;
	cpu.paging.ram = find_ram;
	device = unit_random_below(2);
	switch (run(&r, &cpu, &insn)) {
	case INSN_DONE:
		break;
	case INSN_FAULT:
		/* Of these a division may. */
		if (r.vector != 0 || (insn.op != INSN_DIV && insn.op != INSN_IDIV) ||
		    memcmp(regs, before, sizeof(regs)))
			unit_fail(__FILE__, __LINE__, "operation %u: fault %u", insn.op, r.vector);
		return true;
	default:
		/* What is undefined in the manuals as well. */
		if (insn.op != INSN_SHLD && insn.op != INSN_SHRD)
			unit_fail(__FILE__, __LINE__, "operation %u is not done", insn.op);
		return true;
	}
	CHECK_EQ(cpu.rip, 0x1000 + insn.len);
	do_native(p, insn.len, before, flags);
	compare(p, &insn, &cpu, before, flags);
	(*done)++;
	return !unit_failed();
}

TEST(as_the_cpu_does)
{
	unsigned done = 0;

	code = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		    0);
	data = mmap(NULL, DATA_SIZE, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	if (code == MAP_FAILED || data == MAP_FAILED) {
		printf("no memory here may be executed: not compared with the CPU\n");
		return;
	}
	data_at = (uint64_t)(uintptr_t)data;
	unit_random_seed(1);
	for (unsigned i = 0; i < 60000; i++) {
		if (!one_instruction(&done))
			break;
	}
	CHECK(unit_failed() || done > 5000);
	munmap(code, 4096);
	munmap(data, DATA_SIZE);
}

#endif
