/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What to do with each exit. The way of a device access is short; all that is unusual is behind it
 * and says in words what the guest did.
 */
#include <arch/irqflags.h>
#include <arch/vcpu.h>
#include <core/cpu.h>
#include <core/emu.h>
#include <core/guest.h>
#include <core/log.h>
#include <core/vcpu.h>
#include "guest_priv.h"

/*
 * Fetches from the same nowhere in a row after which the guest has no way to go on: its vectors are
 * there. A guest that looks what is where, and handles what comes of it, looks elsewhere next.
 */
#define LOST_FETCHES 64

static void no_action(struct vcpu *v, struct vcpu_exit *exit)
{
}

static void exit_idle(struct vcpu *v, struct vcpu_exit *exit)
{
	vcpu_wait_irq(v);
}

static void exit_yield(struct vcpu *v, struct vcpu_exit *exit)
{
	v->thread->asks = THREAD_ASKS_YIELD;
	this_cpu()->need_resched = true;
}

static const char *access_name(const struct vcpu_exit *exit)
{
	return exit->is_fetch	? "instruction fetch from"
	       : exit->is_walk	? "table walk to"
	       : exit->is_write ? "write to"
				: "read of";
}

/*
 * The guest executes where there is nothing: unless it recovers, it is over. The first time tells
 * most: if it was on its way to a vector, the exception that sent it there.
 */
static void lost_fetch(struct vcpu *v, const struct vcpu_exit *exit)
{
	char taken[160];

	if (exit->gva != v->lost_at)
		v->lost_fetches = 0;
	v->lost_at = exit->gva;
	if (!v->lost_fetches && arch_vcpu_describe_taken(v, taken, sizeof(taken)))
		log_guest(LOG_WARN, v->guest, v, "the last exception that it took: %s", taken);
	if (++v->lost_fetches < LOST_FETCHES) {
		arch_vcpu_inject_abort(v, exit);
		return;
	}
	guest_end(
		v->guest, GUEST_EXIT_CRASH,
		"vcpu%u executes at 0x%llx (guest physical 0x%llx), where the guest has no memory",
		v->id, (unsigned long long)exit->gva, (unsigned long long)exit->gpa);
}

static void nothing_there(struct vcpu *v, const struct vcpu_exit *exit)
{
	if (!v->lost_fetches)
		log_guest(LOG_WARN, v->guest, v,
			  "%s guest physical 0x%llx (virtual 0x%llx): the guest has nothing there; "
			  "hardware's answer is given. Is it made for another kind of machine?",
			  access_name(exit), (unsigned long long)exit->gpa,
			  (unsigned long long)exit->gva);
	if (exit->is_fetch)
		lost_fetch(v, exit);
	else
		arch_vcpu_inject_abort(v, exit);
}

/* Memory: a write to ROM, or a walk or an access that the tables did not have yet. */
static void memory_fault(struct vcpu *v, struct region *r, const struct vcpu_exit *exit)
{
	if (exit->is_write && !exit->is_walk && r->flags & REGION_ROM) {
		log_guest(LOG_WARN, v->guest, v, "write to 0x%llx, which is read-only: ignored",
			  (unsigned long long)exit->gpa);
		if (exit->size)
			arch_vcpu_complete(v, exit, 0);
		else
			arch_vcpu_skip(v);
		return;
	}
	if (guest_mem_moves(v->guest) && guest_region_moves(v->guest, r) &&
	    exit->gpa - r->gpa < r->size) {
		bool there;

		arch_irq_enable();
		there = guest_mem_fill(v->guest, r, exit->gpa);
		if (!there)
			guest_end(v->guest, GUEST_EXIT_CRASH,
				  "the host has no memory for what the guest had given back");
		arch_irq_disable();
		return; /* again */
	}
	nothing_there(v, exit);
}

static struct region *resolve(struct guest *guest, gpa_t *gpa)
{
	struct region *r = guest_region(guest, *gpa);
	unsigned hops = ALIAS_HOPS;

	while (r && r->flags & REGION_ALIAS && hops--) {
		*gpa = r->alias + (*gpa - r->gpa);
		r = guest_region(guest, *gpa);
	}
	return r && r->flags & REGION_ALIAS ? NULL : r;
}

static noinline_fn void access_failed(struct vcpu *v, struct region *r,
				      const struct vcpu_exit *exit, const struct emu_access *acc,
				      enum emu_result result)
{
	emu_complain(r->dev, acc, "%s of %u bytes at offset 0x%llx: %s",
		     exit->is_write ? "write" : "read", exit->size,
		     (unsigned long long)acc->offset,
		     result == EMU_WIDTH ? "not with this width or alignment" :
		     result == EMU_NONE	 ? "no register there" :
					   "refused");
	if (result == EMU_ABORT)
		arch_vcpu_inject_abort(v, exit);
	else
		arch_vcpu_complete(v, exit, 0);
}

static always_inline_fn void device_access(struct vcpu *v, struct region *r, uint64_t offset,
					   struct vcpu_exit *exit)
{
	enum emu_result result;
	struct emu_access acc;

	/* It may change memory: what is filled in behind it is still in registers. */
	arch_irq_enable();
	acc = (struct emu_access){
		.vcpu = v,
		.offset = offset,
		.value = exit->value,
		.size = exit->size,
		.is_write = exit->is_write,
	};
	result = emu_access(r->dev, &acc);
	arch_irq_disable();
	if (likely(result == EMU_OK)) {
		arch_vcpu_complete(v, exit, acc.value);
		return;
	}
	access_failed(v, r, exit, &acc, result);
}

static void unusual_access(struct vcpu *v, struct vcpu_exit *exit)
{
	gpa_t gpa = exit->gpa;
	struct region *r = resolve(v->guest, &gpa);

	if (!r) {
		nothing_there(v, exit);
	} else if (!r->dev) {
		memory_fault(v, r, exit);
	} else if ((!exit->is_write || exit->is_walk) &&
		   guest_map_device_page(v->guest, r, gpa, exit->gpa)) {
		v->lost_fetches = 0; /* again, without an exit */
	} else if (exit->is_fetch || exit->is_walk) {
		nothing_there(v, exit);
	} else if (!exit->size) {
		log_guest(LOG_WARN, v->guest, v,
			  "%s 0x%llx (%s) by an instruction that the CPU does not describe (pair, "
			  "SIMD or write-back form): refused",
			  access_name(exit), (unsigned long long)exit->gpa, r->dev->name);
		arch_vcpu_inject_abort(v, exit);
	} else {
		device_access(v, r, gpa - r->gpa, exit);
	}
}

/* Each device access comes here; there is no array to overrun. */
__attribute__((no_stack_protector)) static void exit_mmio(struct vcpu *v, struct vcpu_exit *exit)
{
	struct region *r = v->last_region;
	uint64_t offset;

	if (unlikely(!r || (offset = exit->gpa - r->gpa) >= r->size)) {
		r = guest_region(v->guest, exit->gpa);
		if (!r || !r->dev || r->dev->emu->mem) {
			unusual_access(v, exit);
			return;
		}
		v->last_region = r;
		offset = exit->gpa - r->gpa;
	}
	if (unlikely(!exit->size)) {
		unusual_access(v, exit);
		return;
	}
	v->lost_fetches = 0;
	device_access(v, r, offset, exit);
}

static void exit_fault(struct vcpu *v, struct vcpu_exit *exit)
{
	char text[96];

	arch_vcpu_describe(v, exit, text, sizeof(text));
	log_guest(LOG_WARN, v->guest, v, "%s: the guest gets the fault", text);
	arch_vcpu_reflect(v, exit);
}

void (*const vcpu_exits[EXIT_KINDS])(struct vcpu *, struct vcpu_exit *) = {
	[0 ... EXIT_KINDS - 1] = no_action, [EXIT_MMIO] = exit_mmio,   [EXIT_IDLE] = exit_idle,
	[EXIT_YIELD] = exit_yield,	    [EXIT_FAULT] = exit_fault,
	[EXIT_PIO] = IS_ENABLED(CONFIG_PORT_SPACE) ? vcpu_exit_port : no_action,
};
