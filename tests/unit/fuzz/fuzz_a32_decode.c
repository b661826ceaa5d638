/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Any instruction words of both sets of AArch32: what is decoded as a load or store has registers
 * that exist, pieces that hang together and bounded offsets.
 */
#include "fuzz.h"

#include "a32_decode.h"

static void check(struct a32_access *a, struct fuzz_input *in)
{
	unsigned last = 0;

	FUZZ_CHECK(a->count >= 1 && a->count <= 32 && (a->fp || a->count <= 16));
	FUZZ_CHECK(a->size == 1 || a->size == 2 || a->size == 4);
	FUZZ_CHECK(a->count == 1 || a->size == 4);
	FUZZ_CHECK(a->rn < 16 && (a->rm < 15 || a->rm == A32_NO_REG));
	FUZZ_CHECK(!(a->writeback && a->rn == A32_PC));
	FUZZ_CHECK(!(a->user && (a->fp || a->writeback)));
	FUZZ_CHECK(!a->sign || (a->load && a->size < 4));
	for (unsigned i = 0; i < a->count; i++) {
		unsigned reg = a32_access_reg(a, i);

		FUZZ_CHECK(reg < (a->fp ? 64 : 16));
		FUZZ_CHECK(!i || !(a->fp || a->list) || reg > last);
		FUZZ_CHECK(reg != A32_PC || a->fp || a->size == 4);
		last = reg;
	}
	FUZZ_CHECK(a->start >= -4095 && a->start <= 4095);
	FUZZ_CHECK(a->delta >= -4095 && a->delta <= 4095);
	if (a->rm != A32_NO_REG)
		a32_access_index(a, (uint32_t)fuzz_u64(in), fuzz_byte(in) & 1);
	FUZZ_CHECK(!a->post || a->start <= 4095);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };

	while (in.size) {
		uint32_t op = (uint32_t)fuzz_u64(&in);
		uint32_t esr = a32_cp_syndrome(op, op & 1);
		struct a32_access a;

		FUZZ_CHECK(!esr || (op >> 28 != 15 && (op >> 8 & 15) >= 14));
		if (a32_decode(op, &a)) {
			FUZZ_CHECK(!esr || op & 1);
			FUZZ_CHECK(a.length == 4);
			check(&a, &in);
		}
		if (t32_decode((uint16_t)(op >> 16), (uint16_t)op, &a)) {
			FUZZ_CHECK(a.length == (t32_is_wide((uint16_t)(op >> 16)) ? 4 : 2));
			FUZZ_CHECK(a.load || a.fp || a.list || (a.rt != A32_PC && a.rn != A32_PC));
			check(&a, &in);
		}
	}
	return 0;
}
