/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Any bytes as instructions of any mode, carried out with any registers, segments and page tables:
 * what is decoded is within its bounds and needs no more bytes than it has, each run ends after a
 * bounded number of accesses, and accesses have a size that devices know.
 */
#include "fuzz.h"

#include <string.h>

#include <libs/errno.h>

#include "insn_exec.h"

#define RAM_SIZE 0x8000u

static uint8_t ram[RAM_SIZE] __attribute__((aligned(4096)));

static void *find_ram(void *ctx, uint64_t gpa, bool write)
{
	return gpa < RAM_SIZE && !(write && gpa >= 0x7000) ? ram + gpa : NULL;
}

static uint8_t xmm[16][16];

static void vector(void *ctx, unsigned reg, uint8_t bytes[16], bool is_write)
{
	FUZZ_CHECK(reg < 16);
	memcpy(is_write ? xmm[reg] : bytes, is_write ? bytes : xmm[reg], 16);
}

static void check(const struct insn *i, const uint8_t *bytes, size_t n, enum insn_mode mode)
{
	struct insn again;

	FUZZ_CHECK(i->len >= 1 && i->len <= INSN_MAX && i->len <= n);
	FUZZ_CHECK(i->op < INSN_OPS && i->seg <= INSN_GS && i->scale < 4);
	FUZZ_CHECK(i->base <= INSN_RIP || i->base == INSN_NO_REG);
	FUZZ_CHECK(i->index < 16 || i->index == INSN_NO_REG);
	FUZZ_CHECK(i->addr_size == 2 || i->addr_size == 4 || i->addr_size == 8);
	FUZZ_CHECK(i->size <= 64 && i->reg < 32 && i->rm < 16 && i->cond < 16);
	/* It has its length, and not another. */
	FUZZ_CHECK(!insn_decode(bytes, i->len, mode, &again) && again.len == i->len);
	FUZZ_CHECK(insn_decode(bytes, i->len - 1u, mode, &again) == -EAGAIN);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct insn_cache cache;
	struct fuzz_input in = { data, size };
	struct insn_seg segs[6];
	struct insn_cpu cpu = { .seg = segs, .vector = vector };
	uint64_t regs[16];
	struct insn_run run;

	cpu.regs = regs;
	for (unsigned i = 0; i < RAM_SIZE; i += 8) /* tables that lead to each other */
		memcpy(ram + i, &(uint64_t){ (i * 0x9e3779b97f4a7c15ull & 0x7000) | 0x67 }, 8);
	while (in.size) {
		enum insn_mode mode = fuzz_byte(&in) % 3;
		const struct insn *insn;
		enum insn_step step;
		uint8_t bytes[16] = { 0 };
		size_t n = in.size < 15 ? in.size : 15;

		memcpy(bytes, in.data, n);
		for (unsigned i = 0; i < 6; i++)
			segs[i] = (struct insn_seg){ 0, (uint16_t)fuzz_byte(&in), 0xffffffff,
						     fuzz_byte(&in) << 4 };
		for (unsigned i = 0; i < 16; i++)
			regs[i] = fuzz_byte(&in) & 1 ? fuzz_u64(&in) : fuzz_byte(&in) * 0x40u;
		cpu.rflags = fuzz_byte(&in);
		cpu.paging = (struct guest_paging){
			.cr0 = fuzz_byte(&in) & 1 ? GUEST_CR0_PE | GUEST_CR0_PG : 0,
			.cr3 = fuzz_byte(&in) << 8,
			.cr4 = fuzz_u64(&in),
			.efer = fuzz_u64(&in),
			.cpl = fuzz_byte(&in) & 3,
			.gpa_bits = 40,
			.ram = find_ram,
		};
		if (insn_cached(&cache, regs[0], bytes, n, mode, &insn))
			continue;
		check(insn, bytes, n, mode);
		step = insn_begin(&run, &cpu, insn, fuzz_byte(&in) & 1 ? fuzz_u64(&in)
								       : INSN_NO_HINT);
		for (unsigned i = 0; step == INSN_ACCESS; i++) {
			FUZZ_CHECK(i < 64 * INSN_ACCESSES);
			FUZZ_CHECK(run.size && run.size <= 8 && !(run.size & (run.size - 1)));
			FUZZ_CHECK(run.is_port ? run.gpa < 0x10000 && run.size <= 4
					       : run.gpa >= 0x7000);
			step = insn_continue(&run, &cpu, fuzz_u64(&in));
		}
		FUZZ_CHECK(step != INSN_FAULT || run.vector <= 14);
	}
	return 0;
}
