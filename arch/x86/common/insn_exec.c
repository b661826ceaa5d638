/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Addresses, accesses and registers of instructions that are carried out for a guest. The state is
 * the caller's struct insn_run; of another vCPU's there is none. See insn_exec.h.
 */
#include "insn_priv.h"

#include <libs/string.h>

#define GP 13
#define SS 12
#define PF 14
#define PAGE 4096u
#define RFLAGS_RF BIT(16)

enum insn_step exec_fault(struct exec *x, unsigned vector, bool has_error, uint32_t error)
{
	x->run->vector = (uint8_t)vector;
	x->run->has_error = has_error;
	x->run->error = error;
	return INSN_FAULT;
}

/* --- registers --------------------------------------------------------------------------- */

uint64_t exec_reg(const struct exec *x, unsigned reg, bool high, unsigned size)
{
	uint64_t v = x->cpu->regs[reg & 15];

	return (high ? v >> 8 : v) & exec_mask(size);
}

void exec_set_reg(struct exec *x, unsigned reg, bool high, unsigned size, uint64_t value)
{
	uint64_t *r = &x->cpu->regs[reg & 15];
	unsigned shift = high ? 8 : 0;

	if (size >= 4)
		*r = value & exec_mask(size); /* the upper half becomes zero */
	else
		*r = (*r & ~(exec_mask(size) << shift)) | (value & exec_mask(size)) << shift;
}

/* --- addresses --------------------------------------------------------------------------- */

uint64_t exec_offset(const struct exec *x)
{
	const struct insn *insn = x->insn;
	uint64_t at = (uint64_t)insn->disp;

	if (insn->base == INSN_RIP)
		at += x->next;
	else if (insn->base != INSN_NO_REG)
		at += x->cpu->regs[insn->base & 15] + (insn->base == RSP ? x->rsp_bias : 0);
	if (insn->index != INSN_NO_REG)
		at += x->cpu->regs[insn->index & 15] << insn->scale;
	return at & exec_mask(insn->addr_size);
}

/* Is [offset, offset + size) within the segment? Data segments that expand down begin at it. */
static bool in_limit(const struct insn_seg *seg, uint64_t offset, unsigned size)
{
	uint64_t last = offset + size - 1;

	if ((seg->attr & 0xc) == 4) /* data, expands down */
		return offset > seg->limit &&
		       last <= (seg->attr & INSN_SEG_DB ? 0xffffffffu : 0xffffu);
	return last <= seg->limit;
}

/* @return INSN_DONE with the linear address, or the fault */
static enum insn_step linear(struct exec *x, unsigned seg, uint64_t offset, unsigned size,
			     uint64_t *gva)
{
	const struct insn_seg *s = &x->cpu->seg[seg];
	unsigned vector = seg == INSN_SS ? SS : GP;

	if (x->insn->mode == INSN_64) {
		*gva = offset + (seg >= INSN_FS ? s->base : 0);
		if (!guest_gva_ok(&x->cpu->paging, *gva) ||
		    !guest_gva_ok(&x->cpu->paging, *gva + size - 1))
			return exec_fault(x, vector, true, 0);
		return INSN_DONE;
	}
	if (!in_limit(s, offset, size))
		return exec_fault(x, vector, true, 0);
	*gva = (offset + s->base) & 0xffffffffu;
	return INSN_DONE;
}

/* Strings and what uses the stack have two operands: which one the CPU stumbled over is unknown. */
static bool one_operand(const struct insn *insn)
{
	switch (insn->op) {
	case INSN_MOVS:
	case INSN_CMPS:
	case INSN_PUSH:
	case INSN_POP:
	case INSN_CALL:
	case INSN_INS:
	case INSN_OUTS:
		return false;
	}
	return true;
}

static enum insn_step translate(struct exec *x, uint64_t gva, bool write, uint64_t *gpa)
{
	const struct guest_paging *p = &x->cpu->paging;
	struct insn_run *run = x->run;
	uint32_t error;

	if (run->has_hint && !((gva ^ run->hint) & (PAGE - 1))) {
		*gpa = run->hint;
		return INSN_DONE;
	}
	if (guest_walk(p, gva, (write ? WALK_WRITE : 0) | (p->cpl == 3 ? WALK_USER : 0), gpa,
		       &error))
		return INSN_DONE;
	run->cr2 = gva;
	return exec_fault(x, PF, true, error);
}

/* --- accesses ---------------------------------------------------------------------------- */

/* One access of a device: done before, or to be done now. */
static enum insn_step device(struct exec *x, uint64_t gpa, uint64_t *value, unsigned size,
			     bool write)
{
	struct insn_run *run = x->run;

	if (run->next == INSN_ACCESSES)
		return INSN_UNKNOWN;
	if (run->next < run->done) {
		if (!write)
			*value = run->results[run->next] & exec_mask(size);
		run->next++;
		return INSN_DONE;
	}
	run->gpa = gpa;
	run->value = write ? *value & exec_mask(size) : 0;
	run->size = (uint8_t)size;
	run->is_write = write;
	run->is_port = false;
	return INSN_ACCESS;
}

enum insn_step exec_port(struct exec *x, uint16_t port, uint64_t *value, unsigned size, bool write)
{
	enum insn_step step = device(x, port, value, size, write);

	x->run->is_port = step == INSN_ACCESS;
	return step;
}

static uint64_t get(const uint8_t *buf, unsigned size)
{
	uint64_t v = 0;

	memcpy(&v, buf, size);
	return v;
}

static void put(uint8_t *buf, uint64_t v, unsigned size)
{
	memcpy(buf, &v, size);
}

/* Memory as the guest's other CPUs see it: whole words at once. */
static void copy_ram(uint8_t *ram, uint8_t *buf, unsigned size, bool write)
{
	if (size == 8 && !((uintptr_t)ram & 7)) {
		if (write)
			__atomic_store_n((uint64_t *)ram, get(buf, 8), __ATOMIC_RELAXED);
		else
			put(buf, __atomic_load_n((uint64_t *)ram, __ATOMIC_RELAXED), 8);
	} else if (size == 4 && !((uintptr_t)ram & 3)) {
		if (write)
			__atomic_store_n((uint32_t *)ram, (uint32_t)get(buf, 4), __ATOMIC_RELAXED);
		else
			put(buf, __atomic_load_n((uint32_t *)ram, __ATOMIC_RELAXED), 4);
	} else if (write) {
		memcpy(ram, buf, size);
	} else {
		memcpy(buf, ram, size);
	}
}

/* Up to 8 bytes in one page. */
static enum insn_step piece(struct exec *x, uint64_t gva, uint8_t *buf, unsigned size, bool write)
{
	const struct guest_paging *p = &x->cpu->paging;
	enum insn_step step;
	uint64_t gpa, value;
	unsigned unit, at;
	void *ram;

	step = translate(x, gva, write, &gpa);
	if (step != INSN_DONE)
		return step;
	ram = p->ram(p->ctx, gpa, write);
	if (ram) {
		copy_ram(ram, buf, size, write);
		return INSN_DONE;
	}
	/* Devices know 1, 2, 4 and 8 bytes. */
	unit = size & (size - 1) ? 1 : size;
	for (at = 0; at < size; at += unit) {
		value = write ? get(buf + at, unit) : 0;
		step = device(x, gpa + at, &value, unit, write);
		if (step != INSN_DONE)
			return step;
		if (!write)
			put(buf + at, value, unit);
	}
	return INSN_DONE;
}

enum insn_step exec_mem(struct exec *x, unsigned seg, uint64_t offset, void *buf, unsigned size,
			bool write)
{
	uint8_t *bytes = buf;
	enum insn_step step;
	unsigned n, in_page;
	uint64_t gva, gpa;

	step = linear(x, seg, offset, size, &gva);
	in_page = PAGE - (gva & (PAGE - 1));
	/* What crosses pages is written to both or to none. */
	if (step == INSN_DONE && write && in_page < size)
		step = translate(x, gva + in_page, true, &gpa);
	while (step == INSN_DONE && size) {
		n = MIN_T(unsigned, MIN(size, 8u), PAGE - (gva & (PAGE - 1)));
		step = piece(x, gva, bytes, n, write);
		bytes += n;
		gva += n;
		if (x->insn->mode != INSN_64)
			gva &= 0xffffffffu;
		size -= n;
	}
	return step;
}

/* --- running ----------------------------------------------------------------------------- */

static enum insn_step run_on(struct insn_run *run, struct insn_cpu *cpu)
{
	struct exec x = { .run = run, .cpu = cpu, .insn = &run->insn };
	enum insn_step step;

	run->next = 0;
	x.next = cpu->rip + run->insn.len;
	if (run->insn.mode != INSN_64)
		x.next &= 0xffffffffu;
	step = exec_op(&x);
	if (step == INSN_DONE) {
		cpu->rip = x.next;
		cpu->rflags &= ~RFLAGS_RF;
	}
	return step;
}

enum insn_step insn_begin(struct insn_run *run, struct insn_cpu *cpu, const struct insn *insn,
			  uint64_t hint)
{
	run->insn = *insn;
	run->done = 0;
	run->elements = 0;
	run->hint = hint;
	run->has_hint = hint != INSN_NO_HINT && insn->size && one_operand(insn) &&
			(hint & (PAGE - 1)) + insn->size <= PAGE;
	return run_on(run, cpu);
}

enum insn_step insn_continue(struct insn_run *run, struct insn_cpu *cpu, uint64_t value)
{
	if (run->done < INSN_ACCESSES)
		run->results[run->done++] = value;
	return run_on(run, cpu);
}
