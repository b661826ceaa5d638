/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The port space of guests whose CPUs have one: finding the region of a port, and the exit that an
 * access to it is. What no device answers reads as ones; looking for devices is what firmware and
 * systems do there, so nobody is told. Regions do not change while the guest exists.
 */
#include <arch/irqflags.h>
#include <core/emu.h>
#include <core/guest.h>
#include "guest_priv.h"

struct region *guest_port(struct guest *guest, unsigned port)
{
	unsigned lo = 0, hi = guest->nr_ports;

	while (lo < hi) {
		unsigned mid = (lo + hi) / 2;
		struct region *r = &guest->ports[mid];

		if (port < r->gpa)
			hi = mid;
		else if (port - r->gpa < r->size)
			return r;
		else
			lo = mid + 1;
	}
	return NULL;
}

/* The device behind a port, and the port's offset in it. Aliases of aliases end some time. */
static noinline_fn struct region *resolve(struct guest *guest, uint64_t *port)
{
	struct region *r = guest_port(guest, (unsigned)*port);

	for (unsigned hops = 4; r && r->flags & REGION_ALIAS && hops; hops--) {
		*port = r->alias + (*port - r->gpa);
		r = guest_port(guest, (unsigned)*port);
	}
	return r && r->dev ? r : NULL;
}

/* Each port access comes here; there is no array to overrun. */
__attribute__((no_stack_protector)) void vcpu_exit_port(struct vcpu *v, struct vcpu_exit *exit)
{
	struct region *r = v->last_port;
	struct emu_access acc;
	uint64_t port = exit->gpa;
	enum emu_result result = EMU_NONE;

	if (unlikely(!r || port - r->gpa >= r->size)) {
		r = resolve(v->guest, &port);
		if (r && port == exit->gpa)
			v->last_port = r;
	}
	if (likely(r)) {
		arch_irq_enable();
		acc = (struct emu_access){
			.vcpu = v,
			.offset = port - r->gpa,
			.value = exit->value,
			.size = exit->size,
			.is_write = exit->is_write,
		};
		result = emu_access(r->dev, &acc);
		arch_irq_disable();
	}
	if (unlikely(result != EMU_OK))
		acc.value = ~0ull >> (64 - 8 * exit->size);
	arch_vcpu_complete(v, exit, acc.value);
}
