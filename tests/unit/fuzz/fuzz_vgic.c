/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A hostile guest at its interrupt controller: any sequence of accesses of any width anywhere, by
 * any vCPU, with interrupts coming, being taken and ended as they are not, and vCPUs coming and
 * going. The contract with the port holds all the while, what memory and slots say fits together,
 * and no interrupt of the host storms. In the end a well-behaved guest gets its interrupts.
 */
#include "fuzz.h"

#include <stdarg.h>

#include "../unit.h"
#include "../vgic_world.h"

#define MAX_STEPS 400
#define IRQS	  160u

static struct vw_config config;

/* What the world checks by itself. */
void unit_fail(const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "%s:%d: ", file, line);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	abort();
}

static unsigned some_vcpu(struct fuzz_input *in)
{
	unsigned v = fuzz_byte(in) % config.vcpus, k;

	for (k = 0; k < config.vcpus && !vw_loaded(v); k++)
		v = (v + 1) % config.vcpus;
	if (!vw_loaded(v))
		vw_load(0, v);
	return v;
}

/* Where registers are, often; else anywhere, also beyond the end. */
static uint64_t some_offset(struct fuzz_input *in, uint64_t size)
{
	uint64_t how = fuzz_byte(in), at = fuzz_byte(in);

	switch (how & 7) {
	case 0:
		return at * 4 % 0x80;
	case 1:
		return 0x80 + at * 4;
	case 2:
		return 0x400 + (at | (how & 8) << 5);
	case 3:
		return (how & 8 ? 0xc00 : 0xf00) + at % 0x40;
	case 4:
		return 0x6000 + 4 * at + (how & 8 ? 0x100 : 0);
	case 5:
		return (0x10000 + (how >> 4) * 0x10000 + 0x80 + at * 4) % size;
	case 6:
		return (0x10000 + (at & 0x3f) * 4 + (at & 0x80) * 0x20) % size;
	default:
		return (at << 12 | fuzz_byte(in) << 4 | (how >> 3)) % (size + 64);
	}
}

static uint64_t some_value(struct fuzz_input *in)
{
	uint8_t how = fuzz_byte(in);

	switch (how & 3) {
	case 0:
		return 1ull << (how >> 2 & 31);
	case 1:
		return how & 4 ? UINT64_MAX : fuzz_byte(in) * 0x01010101ull;
	case 2:
		return fuzz_byte(in);
	default:
		return fuzz_u64(in);
	}
}

static void access_something(struct fuzz_input *in)
{
	uint8_t how = fuzz_byte(in);
	struct emu_dev *dev = how & 1 ? vw_cpu() : vw_dist();
	unsigned size = how & 16 ? 1u << (how >> 5 & 3) : 4, v = some_vcpu(in);
	uint64_t offset = some_offset(in, dev->region->size), value;

	/* As core would: never beyond the region's end, but not aligned. */
	if (offset + size > dev->region->size)
		offset = dev->region->size - size;
	if (how & 2) {
		vw_write(v, dev, offset, size, some_value(in));
		return;
	}
	value = vw_read(v, dev, offset, size);
	FUZZ_CHECK(size == 8 || (value & ~0xfull) == VW_BAD || !(value >> 8 * size));
}

static void raise_something(struct fuzz_input *in)
{
	uint8_t how = fuzz_byte(in);
	unsigned irq = fuzz_byte(in), v = some_vcpu(in);
	const struct vintc_ops *ops = vw_guest()->vintc;

	switch (how & 7) {
	case 0:
	case 1:
	case 2:
		ops->set_line(vw_guest(), NULL, irq, how & 8);
		break;
	case 3:
		ops->pulse(vw_guest(), NULL, irq);
		break;
	case 4:
		ops->set_line(vw_guest(), vw_vcpu(v), irq % 40, how & 8);
		break;
	case 5:
		vw_timer(v, how & 16 ? 27 : 30, how & 8);
		break;
	case 6:
		if (config.version == 3)
			vw_sgi1r(v, how >> 3 & 1, fuzz_u64(in));
		else
			vw_write(v, vw_dist(), 0xf00, 4, fuzz_u64(in));
		break;
	default:
		vw_sgi(v, irq % 16, how >> 3);
		break;
	}
}

static void take_or_end(struct fuzz_input *in)
{
	uint8_t how = fuzz_byte(in);
	unsigned v = some_vcpu(in), irq = fuzz_byte(in) | (how & 0x70) << 6;

	switch (how & 7) {
	case 0:
	case 1:
	case 2:
		irq = vw_ack(v);
		if (how & 8 && irq < 1020)
			vw_eoi(v, irq);
		break;
	case 3:
	case 4:
		vw_eoi(v, irq);
		break;
	case 5:
		vw_dir(v, irq);
		break;
	case 6:
		vw_interface(v, how >> 3 & 3, fuzz_byte(in), how & 0x80);
		break;
	default:
		if (config.version == 2 || !config.soft)
			vw_pending(v);
		else if (how & 8)
			vw_set_icc(v, irq, fuzz_u64(in)); /* VINTC_ICC(): any of CRm, op2 */
		else
			vw_icc(v, irq);
		break;
	}
}

static void come_or_go(struct fuzz_input *in)
{
	uint8_t how = fuzz_byte(in);
	unsigned v = fuzz_byte(in) % config.vcpus;

	switch (how & 7) {
	case 0:
		vw_unload(how >> 3 & 3);
		break;
	case 1:
		vw_restart(v);
		break;
	case 2:
		vw_answer(how & 8);
		break;
	case 3:
		if (how >> 3 == 31)
			vw_reset();
		break;
	default:
		vw_load(how >> 3 & 3, v);
		break;
	}
}

/* After a reset all is as new. */
static void works_still(void)
{
	vw_answer(true);
	vw_reset();
	vw_load(0, 0);
	vw_w(0, 3);
	vw_interface(0, 3, 0xf8, false);
	vw_timer(0, 27, false);
	vw_timer(0, 30, false);
	vw_guest()->vintc->set_line(vw_guest(), NULL, 77, false);
	vw_w(0x108, 1 << 13);
	if (config.version == 2 && config.vcpus > 1)
		vw_write(0, vw_dist(), 0x800 + 77, 1, 1);
	FUZZ_CHECK(!vw_irq(0));
	vw_guest()->vintc->set_line(vw_guest(), NULL, 77, true);
	FUZZ_CHECK(vw_ack(0) == 77);
	vw_guest()->vintc->set_line(vw_guest(), NULL, 77, false);
	vw_eoi(0, 77);
	FUZZ_CHECK(vw_ack(0) == VW_SPURIOUS);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	uint8_t kind = fuzz_byte(&in), more = fuzz_byte(&in);
	unsigned step;

	config = (struct vw_config){ .version = kind & 1 ? 3 : 2, .irqs = IRQS };
	config.soft = kind & 2;
	config.one_node = !(kind & 1) && (kind & 6) == 4;
	config.vcpus = 1 + more % (config.version == 3 ? 6 : 5);
	config.slots = 1 + (more >> 3) % (more & 0x80 ? 16 : 4);
	vw_begin(&config);
	for (step = 0; step < MAX_STEPS && in.size; step++) {
		switch (fuzz_byte(&in) & 7) {
		case 0:
		case 1:
		case 2:
			access_something(&in);
			break;
		case 3:
		case 4:
			raise_something(&in);
			break;
		case 5:
		case 6:
			take_or_end(&in);
			break;
		default:
			come_or_go(&in);
			break;
		}
		vw_check();
	}
	works_still();
	vw_check();
	vw_end();
	return 0;
}
