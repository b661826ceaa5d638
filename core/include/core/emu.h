/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Emulated devices: an emulator declares what nodes it matches and how accesses
 * to its region work, by a register table or a function. Accesses come in the thread of the
 * vCPU that made them, IRQs on, no lock held; an emulator may sleep, and guards its state by
 * its own lock (other vCPUs, back-ends and timers run beside it).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <core/dev.h>
#include <core/dt.h>
#include <core/guest.h>
#include <libs/util.h>

struct shell_out;

/** One access. Little-endian value, zero-extended. */
struct emu_access {
	struct vcpu *vcpu;	/* NULL: from the hypervisor (tests) */
	uint64_t offset;	/* in the region */
	uint64_t value;		/* write: data; read: result */
	uint8_t size;		/* 1, 2, 4, 8 */
	bool is_write;
};

/**
 * Result of an access. Anything else than EMU_OK is reported (once per site) and then ends as the
 * architecture says.
 */
enum emu_result {
	EMU_OK,
	EMU_NONE,  /**< nothing at this offset: read as zero, write ignored, logged */
	EMU_WIDTH, /**< not with this width or alignment: likewise */
	EMU_ABORT, /**< external abort into the guest */
};

struct emu_dev {
	struct list link;	/* guest->devices */
	struct guest *guest;
	struct region *region;	/* on a bus: the parent's */
	struct dt_node *node;
	struct emu_dev *parent;	/* the bus that it sits on; NULL: it has a region */
	void *bus;		/* it is a bus: what devices on it look for */
	const struct emulator *emu;
	const void *match_data;
	void *priv;		/* the emulator's */
	char name[48];		/* "guest/node" */
	struct shell_out *errors; /* of emu_fail(); only while the device is made */
	bool failed;		/* and it said why */
	uint64_t reads, writes;
	const struct emu_reg *last; /* hint of emu_regs_access() */
	const struct emu_reg *hot[2]; /* emu_access(): rows of emulator.regs read, written */
};

/**
 * One register, or an array of the same. Rows ascend by offset and do not overlap; one that allows
 * accesses of 4 bytes begins at a multiple of 4 and has whole words.
 */
struct emu_reg {
	uint32_t offset;
	uint32_t size;	     /**< bytes that this row covers (4 for one word; n*4 for an array) */
	uint8_t widths;	     /**< allowed access sizes or-ed: 1|2|4|8 */
	uint32_t reset;	     /**< value read where there is no read function */
	uint32_t write_mask; /**< informative for rows with functions */
	/** @param index offset in the row, bytes. @return value */
	uint64_t (*read)(struct emu_dev *dev, struct emu_access *acc, uint32_t index);
	void (*write)(struct emu_dev *dev, struct emu_access *acc, uint32_t index, uint64_t value);
	const char *name;
};
/** Rows without functions: read `reset`, ignore writes (RAZ/WI, RO constants). */

struct emu_regs {
	const struct emu_reg *rows;
	unsigned count;
	bool words; /**< emulator.regs is served as by emu_words_access() */
};

struct emulator {
	const char *name;
	const struct dt_match *match;
	/**
	 * Check the node's properties only: print each error, create nothing. May be NULL.
	 * @return number of errors
	 */
	unsigned (*check)(const struct dt_node *node, const char *path, struct shell_out *out);
	/**
	 * NULL-terminated list of property names this emulator reads, besides those of every
	 * region.
	 */
	const char *const *props;
	/**
	 * Thread context; errors are logged by sentences. Memory that it takes it frees in remove.
	 */
	int (*probe)(struct emu_dev *dev);
	void (*remove)(struct emu_dev *dev);
	/** Guest reset: state as after power on. vCPUs do not run. */
	void (*reset)(struct emu_dev *dev);
	/** After every device of the guest was probed (links to others). May be NULL. */
	int (*ready)(struct emu_dev *dev);
	/** Either a table … */
	const struct emu_regs *regs;
	/** … or a function. */
	enum emu_result (*access)(struct emu_dev *dev, struct emu_access *acc);
	/**
	 * Memory behind the device that the guest may read and execute directly (flash). May be
	 * NULL. For alloc == false it takes no lock and does not sleep: the caller may hold the
	 * lock of the guest's stage 2 while it maps the page read-only. With alloc == true
	 * (loading into the device) it is thread context, no lock held, and guest_region_unmap()
	 * may be called from it.
	 *
	 * @param offset  in the region, any
	 * @param alloc   the page is about to be written: make it if there is none
	 * @return the direct-mapped page that contains offset, valid as long as the guest exists;
	 *         NULL when reads have to come to the device now, or (alloc) when out of memory
	 */
	void *(*mem)(struct emu_dev *dev, uint64_t offset, bool alloc);
	/** A line or more of state for `guest devices -v`. May be NULL. */
	void (*show)(struct emu_dev *dev, struct shell_out *out);
	/**
	 * A message-signalled interrupt was written at offset. May be NULL: no doorbell. Any
	 * context.
	 *
	 * @param requester  who wrote it (PCI: bus << 8 | devfn)
	 */
	void (*msi)(struct emu_dev *dev, uint64_t offset, uint32_t requester, uint32_t data);
	/**
	 * It is a bus of this kind: nodes below its node are devices on it, made after all devices
	 * with regions were probed and before any is ready. NULL: it is none.
	 */
	const char *bus;
	/** Its devices sit on a bus of this kind and have no region. NULL: they have one. */
	const char *on;
};

#define EMULATOR(ident)                                                                             \
	static const struct emulator emulator_##ident;                                              \
	SECTION_PTR(".table.emulator", struct emulator, emulator_##ident);                          \
	static const struct emulator emulator_##ident =

/** Find the emulator for a node's compatible. */
const struct emulator *emu_find(const struct dt_node *node, const void **match_data);
/** Serve an access by a table. */
enum emu_result emu_regs_access(struct emu_dev *dev, const struct emu_regs *regs,
				struct emu_access *acc);
/**
 * Serve an access by a table of 32-bit registers whose functions know whole words only, as
 * devices on a peripheral bus do: a narrow read gets its byte lanes of the word, a narrow write
 * reaches the register from its lowest byte (the rest as zero) and is ignored elsewhere.
 */
enum emu_result emu_words_access(struct emu_dev *dev, const struct emu_regs *regs,
				 struct emu_access *acc);
/** Any access at emulator.regs that emu_access() does not serve by its hints. */
enum emu_result emu_table_access(struct emu_dev *dev, struct emu_access *acc);
/**
 * Serve an access at dev; offset and size are checked against the region. Thread context. Inline,
 * because it is on the path of every trapped access: a word of the row that was read or written
 * last costs the look at that hint and the call of its function.
 */
static inline enum emu_result emu_access(struct emu_dev *dev, struct emu_access *acc)
{
	const struct emu_reg *row = __atomic_load_n(&dev->hot[acc->is_write], __ATOMIC_RELAXED);
	uint64_t size = dev->region->size, index;

	/* Statistics; that two vCPUs may lose a count between them is no harm. */
	if (acc->is_write)
		dev->writes++;
	else
		dev->reads++;
	/* A hint is only of emulator.regs, lies in the region and allows words. */
	if (likely(row && acc->size == 4)) {
		index = acc->offset - row->offset;
		if (likely(index < row->size && !(index & 3))) {
			if (acc->is_write && row->write)
				row->write(dev, acc, (uint32_t)index, acc->value);
			else if (!acc->is_write)
				acc->value = row->read ? (uint32_t)row->read(dev, acc,
									     (uint32_t)index) :
							 row->reset;
			return EMU_OK;
		}
	}
	if (unlikely(acc->offset >= size || size - acc->offset < acc->size))
		return EMU_NONE;
	if (dev->emu->access)
		return dev->emu->access(dev, acc);
	return emu_table_access(dev, acc);
}
/**
 * Number n of the node's `interrupts` (guest interrupt numbers). @return -ENOENT when there is none
 */
must_check int emu_irq(const struct emu_dev *dev, unsigned n);
/**
 * What a probe begins with: zeroed state as dev->priv, and the node's first interrupt.
 * @param irq  receives its number; negative: the device has none
 * @return 0; -ENOMEM; -ERANGE, with a message: the guest has no such interrupt
 */
must_check int emu_state_alloc(struct emu_dev *dev, size_t size, int *irq);
/** The end of that, for probe and remove. */
void emu_state_free(struct emu_dev *dev);
/**
 * Deliver a message-signalled interrupt: a write by a device to the guest's address space. It is
 * the doorbell's of the device there; in RAM the word is written. Any context.
 */
void guest_msi_send(struct guest *guest, uint32_t requester, gpa_t addr, uint32_t data);
/** Message about what a guest did to a device, with the vCPU's PC; rate-limited. */
void emu_complain(struct emu_dev *dev, const struct emu_access *acc, const char *fmt, ...)
	printf_like(3, 4);
/**
 * From probe and ready: say as a sentence, without full stop, why the device cannot be made, to
 * the one who makes the guest. @return err
 */
int emu_fail(struct emu_dev *dev, int err, const char *fmt, ...) printf_like(3, 4);
/** Device of a guest by node name; NULL if none. */
struct emu_dev *emu_dev_find(struct guest *guest, const char *name);
