/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A hostile guest at the devices of a PC: accesses of any width at any offset, input and time in
 * between. Nothing may be accessed that is not theirs, no lock be held twice, no timer storm.
 */
#include "fuzz.h"

#include <core/vintc.h>
#include <core/vpower.h>
#include <core/vserial.h>

#include "../emu_world.h"
#include "../../../emulators/input/i8042.h"

#define VCPUS 3

static struct vcpu cpus[VCPUS], *vcpus[VCPUS];
static uint8_t tpr[VCPUS];
static bool open_now;

bool arch_vintc_vector(struct vcpu *v, int vector, bool ignore_tpr)
{
	FUZZ_CHECK(vector < 256);
	return vector >= 0 && open_now && (ignore_tpr || vector >> 4 > tpr[v->id] >> 4);
}

uint8_t arch_vintc_tpr(const struct vcpu *v)
{
	return tpr[v->id];
}

void arch_vintc_set_tpr(struct vcpu *v, uint8_t value)
{
	tpr[v->id] = value;
}

bool arch_vintc_masked(const struct vcpu *v)
{
	return !open_now;
}

void arch_vintc_nmi(struct vcpu *v)
{
}

void vcpu_request(struct vcpu *v, uint32_t request)
{
	v->requests |= request;
}

void vcpu_wake(struct vcpu *v)
{
	vcpu_request(v, VCPU_REQ_VINTC);
}

int vcpu_power_on(struct vcpu *v, uint64_t pc, uint64_t arg)
{
	FUZZ_CHECK(pc < 0x100000 && v->id);
	v->power = VCPU_ON;
	v->guest->vintc->reset_vcpu(v);
	return 0;
}

void vcpu_power_off(struct vcpu *v)
{
	v->power = VCPU_OFF;
}

uint64_t time_of_ticks(uint64_t ticks)
{
	return ticks;
}

void guest_end(struct guest *guest, enum guest_exit why, const char *fmt, ...)
{
}

static const struct {
	const char *name, *compatible;
	uint64_t size;
} parts[] = {
	{ "ioapic", "intel,ce4100-ioapic", 0x1000 },
	{ "pic", "intel,i8259", 2 },
	{ "pic2", "intel,i8259-slave", 2 },
	{ "elcr", "intel,i8259-elcr", 2 },
	{ "pit", "intel,i8254", 4 },
	{ "pit2", "intel,i8254-control", 1 },
	{ "rtc", "motorola,mc146818", 2 },
	{ "uart", "ns16550a", 8 },
	{ "kbd", "intel,i8042", 1 },
	{ "kbd2", "intel,i8042-command", 1 },
	{ "pm", "acpi-pm", 16 },
	{ "hpet", "intel,ia-hpet", 0x400 },
	{ "debugcon", "isa-debugcon", 1 },
};
#define PARTS (sizeof(parts) / sizeof(parts[0]))

static struct emu_dev *devices[PARTS + 1];

static void begin(void)
{
	struct emu_dev *lapic;

	world_begin();
	for (unsigned i = 0; i < VCPUS; i++) {
		vcpus[i] = &cpus[i];
		cpus[i] = (struct vcpu){ .id = i, .guest = world_guest(),
					 .power = i ? VCPU_OFF : VCPU_ON };
	}
	world_guest()->vcpus = vcpus;
	world_guest()->nr_vcpus = VCPUS;
	/* It wants its place. */
	lapic = calloc(1, sizeof(*lapic));
	lapic->guest = world_guest();
	lapic->node = world_node("lapic", "intel,ce4100-lapic");
	lapic->region = calloc(1, sizeof(*lapic->region));
	*lapic->region = (struct region){ .gpa = 0xfee00000, .size = 0x100000, .dev = lapic };
	lapic->emu = emu_find(lapic->node, &lapic->match_data);
	if (lapic->emu->probe(lapic))
		abort();
	list_add_tail(&world_guest()->devices, &lapic->link);
	devices[PARTS] = lapic;
	for (unsigned i = 0; i < PARTS; i++)
		devices[i] = world_device(parts[i].name, parts[i].compatible, parts[i].size, i);
}

static void access(struct fuzz_input *in, struct emu_dev *dev)
{
	uint8_t how = fuzz_byte(in);
	struct emu_access acc = { .vcpu = vcpus[(how >> 5) % VCPUS], .size = 1u << (how & 3),
				  .is_write = how & 4 };

	acc.offset = how & 8 ? fuzz_u64(in) % (dev->region->size + 4)
			     : fuzz_byte(in) * (uint64_t)(how & 16 ? 16 : 1);
	acc.value = acc.is_write ? fuzz_u64(in) : 0;
	emu_access(dev, &acc);
	FUZZ_CHECK(acc.size == 8 || acc.is_write || !(acc.value >> 8 * acc.size));
}

static void step(struct fuzz_input *in)
{
	uint8_t what = fuzz_byte(in);
	const struct vintc_ops *ops = world_guest()->vintc;
	struct vcpu *v = vcpus[what % VCPUS];
	uint64_t value;

	switch (what >> 4) {
	case 0:
		world_advance(fuzz_u64(in) % 100000000);
		break;
	case 1:
		open_now = what & 8;
		if (ops->pending(v))
			ops->flush(v);
		ops->flush(v);
		break;
	case 2:
		ops->set_line(world_guest(), NULL, fuzz_byte(in) & 31, what & 8);
		break;
	case 3:
		value = fuzz_u64(in);
		ops->sysreg(v, what & 8 ? 0x800u + (fuzz_byte(in) & 0x3f) : what & 4 ? 0x6e0 : 0x1b,
			    fuzz_byte(in) & 1, &value);
		break;
	case 4:
		devices[PARTS]->emu->msi(devices[PARTS], fuzz_u64(in) & 0xfffff, 0,
					 (uint32_t)fuzz_u64(in));
		break;
	case 5:
		world_type("g/uart", what & 8 ? "abc" : "0123456789012345678901234567890123456789");
		break;
	case 6:
		i8042_mouse(devices[8], (int8_t)fuzz_byte(in) * 4, (int8_t)fuzz_byte(in), what & 7,
			    1);
		break;
	case 7:
		i8042_key(devices[8], (const uint8_t[]){ 0xf0, fuzz_byte(in) }, 2);
		if (what & 8 && guest_power_button(world_guest()))
			abort();
		break;
	case 8:
		for (unsigned i = 0; i <= PARTS; i++)
			if (devices[i]->emu->reset)
				devices[i]->emu->reset(devices[i]);
		break;
	default:
		access(in, devices[what % (PARTS + 1)]);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };

	begin();
	while (in.size)
		step(&in);
	if (world_end())
		abort();
	return 0;
}
