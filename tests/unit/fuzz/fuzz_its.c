/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The ITS: registers of any width, queues of any content, tables anywhere, messages of any device,
 * with vCPUs that take interrupts, come and go. Everything is answered in bounded time and memory,
 * what has to hold of slots and banks holds, and nothing is lost in the end.
 */
#include "fuzz.h"

#include <stdarg.h>

#include "../its_guest.h"

#define MAX_STEPS 200
#define VCPUS	  2

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

static uint64_t some_number(struct fuzz_input *in)
{
	uint8_t v = fuzz_byte(in);

	return v < 0xe0 ? v & 0x1f : fuzz_u64(in) >> (v & 0x1f);
}

/* Mostly a command that means something. */
static void some_command(struct fuzz_input *in)
{
	static const uint8_t numbers[] = { 1, 3, 4, 5, 8, 9, 10, 10, 10, 11, 12, 13, 14, 15 };
	uint64_t n = numbers[fuzz_byte(in) % sizeof(numbers)];
	uint64_t device = some_number(in) & 3, event = some_number(in), w2 = some_number(in);
	unsigned at = (unsigned)its_r(CWRITER) % QUEUE_SIZE;

	w2 |= (uint64_t)(fuzz_byte(in) & 1) << 16 | (uint64_t)(fuzz_byte(in) < 0xc0) << 63;
	if (n == 10)
		event |= (uint64_t)(LPI + some_number(in)) << 32;
	put_command(at & ~31u, n | device << 32, event, w2, some_number(in) << 16);
	vw_write(0, vw_its(), CWRITER, 8, (at + 32) % QUEUE_SIZE);
}

static void some_access(struct fuzz_input *in)
{
	static const uint32_t offsets[] = { CTLR, TYPER, CBASER, CWRITER, CREADR, BASER,
					    BASER + 8, BASER + 16, 0x10040, 0xffe0 };
	uint8_t how = fuzz_byte(in);
	uint64_t at = how & 0x80 ? fuzz_u64(in) % 0x20010 :
				   offsets[how % 10] + (how & 0x40 ? 4 : 0);
	unsigned size = 1u << (fuzz_byte(in) & 3);
	struct emu_dev *dev = how & 0x20 ? vw_cpu() : vw_its();
	uint64_t value = fuzz_byte(in) & 1 ? fuzz_u64(in) :
					     1ull << 63 | (VGIC_MEM + 0x1000 * some_number(in));

	/* A redistributor: the registers of LPIs. */
	if (dev == vw_cpu())
		at = (how & 1) * 0x20000u + (how & 2 ? 0x70 : 0) + (how & 4 ? 8 : 0);
	if (how & 0x10)
		vw_write(0, dev, at, size, value);
	else
		vw_read(0, dev, at, size);
}

static void step(struct fuzz_input *in)
{
	uint8_t op = fuzz_byte(in);
	unsigned v = op >> 4 & 1, irq;

	switch (op & 7) {
	case 0:
	case 1:
	case 2:
		some_command(in);
		break;
	case 3:
		some_access(in);
		break;
	case 4:
		message(fuzz_byte(in) & 3, (uint32_t)some_number(in));
		break;
	case 5:
		irq = vw_ack(v);
		if (irq != VW_SPURIOUS)
			vw_eoi(v, irq);
		break;
	case 6:
		*vgic_mem(PROP_TABLE + (fuzz_byte(in) & 0x3f)) = fuzz_byte(in);
		break;
	default:
		vw_unload(v);
		vw_load(v, v);
		break;
	}
	vw_check();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	uint8_t how = fuzz_byte(&in);
	size_t before;
	unsigned steps = 0;

	its_begin(&(struct vw_config){ .version = 3, .vcpus = VCPUS, .irqs = 64, .slots = 2,
				       .its = true, .soft = how & 1, .lpis_active = how & 2 });
	before = vw_heap_bytes();
	while (in.size && steps++ < MAX_STEPS)
		step(&in);
	FUZZ_CHECK(vw_heap_bytes() - before < 512 * 1024);
	FUZZ_CHECK(strlen(vw_show(vw_its())));
	vw_end();
	return 0;
}
