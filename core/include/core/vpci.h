/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Functions on a guest's PCI bus: configuration space, memory windows (BARs), MSI-X and INTx are
 * done here, what the function is comes from its emulator. Numbers and names are those of PCI Local
 * Bus 3.0, chapter 6.
 *
 * An emulator of a function declares `.on = VPCI_BUS`; its node is below that of the host bridge
 * (`.bus = VPCI_BUS`), `slot` there says which slot it gets. Its probe calls vpci_function_init(),
 * vpci_bar_init() and the like, and vpci_function_add() at last; its remove vpci_function_remove().
 *
 * bus->lock, a mutex, guards configuration spaces; function->lock, a spin lock, MSI-X and INTx
 * state. Where a BAR is may be read without a lock.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <core/emu.h>
#include <core/spinlock.h>
#include <core/thread.h>
#include <libs/list.h>
#include <libs/util.h>

/** Kind of bus, for emulator.bus and emulator.on. */
#define VPCI_BUS "pci"

#define VPCI_SLOTS  32
#define VPCI_BARS   6
#define VPCI_CONFIG 256 /**< bytes of configuration space; what is behind does not exist */
#define VPCI_HINTS  16

/* Offsets in the header. */
#define PCI_VENDOR_ID	    0x00
#define PCI_DEVICE_ID	    0x02
#define PCI_COMMAND	    0x04
#define PCI_STATUS	    0x06
#define PCI_REVISION	    0x08
#define PCI_CLASS	    0x09
#define PCI_CACHE_LINE	    0x0c
#define PCI_HEADER_TYPE	    0x0e
#define PCI_BAR0	    0x10
#define PCI_SUBVENDOR_ID    0x2c
#define PCI_SUBDEVICE_ID    0x2e
#define PCI_CAPABILITIES    0x34
#define PCI_INTERRUPT_LINE  0x3c
#define PCI_INTERRUPT_PIN   0x3d
#define PCI_HEADER_END	    0x40

#define PCI_COMMAND_IO		 BIT32(0)
#define PCI_COMMAND_MEMORY	 BIT32(1)
#define PCI_COMMAND_MASTER	 BIT32(2)
#define PCI_COMMAND_INTX_DISABLE BIT32(10)
#define PCI_STATUS_INTERRUPT	 BIT32(3)
#define PCI_STATUS_CAPABILITIES	 BIT32(4)

#define PCI_CAP_VENDOR 0x09
#define PCI_CAP_MSIX   0x11

/** What a BAR is; the low bits of its register. */
#define VPCI_BAR_IO	  0x1
#define VPCI_BAR_MEM32	  0x0
#define VPCI_BAR_MEM64	  0x4 /**< takes the register of the next one too */
#define VPCI_BAR_PREFETCH 0x8

/** vpci_bar.at of a BAR that is switched off. */
#define VPCI_NOWHERE BIT(63)

struct vpci_function;

struct vpci_bar {
	uint64_t at;	/**< address where the guest has it now, VPCI_NOWHERE; atomic */
	uint64_t size;	/**< 0: there is none */
	struct vpci_function *fn;
	uint8_t index;
	uint8_t flags;	/**< VPCI_BAR_* */
	bool alone;	/**< no BAR that goes before it overlaps it; atomic */
};

struct vpci_ids {
	uint16_t vendor, device, subvendor, subdevice;
	uint32_t class_code; /**< class, subclass, programming interface: 24 bits */
	uint8_t revision;
	uint8_t pin;	     /**< INTx: 1 to 4 for A to D; 0: the function has none */
};

struct vpci_function_ops {
	/**
	 * Access to a BAR, as emulator.access: acc->offset is in the BAR, offset and size are
	 * within it. Not called for the BAR of vpci_msix_init(). May be NULL without BARs.
	 */
	enum emu_result (*bar_access)(struct vpci_function *fn, unsigned bar,
				      struct emu_access *acc);
	/**
	 * Bytes [offset, offset + n) of the configuration space are about to be read: bring
	 * fn->config up to date. bus->lock held. May be NULL.
	 */
	void (*config_read)(struct vpci_function *fn, unsigned offset, unsigned n);
	/**
	 * They were written, as far as fn->writable allows. bus->lock held, may sleep. May be
	 * NULL. Not called for what ends before PCI_HEADER_END.
	 */
	void (*config_written)(struct vpci_function *fn, unsigned offset, unsigned n);
};

/** A vector of MSI-X as the guest's table has it (6.8.2.6 to 6.8.2.9). */
struct vpci_vector {
	uint32_t addr_low, addr_high, data, control;
};

struct vpci_function {
	struct list link; /* bus->functions, by devfn */
	struct vpci_bus *bus;
	struct emu_dev *dev;
	const struct vpci_function_ops *ops;
	void *priv;	  /* the emulator's */
	uint8_t devfn;	  /* slot << 3 | function */
	uint8_t cap_last; /* the last capability; 0: none */
	uint16_t cap_end; /* where the next one goes */
	/* MSI-X and INTx; lock */
	spinlock_t lock;
	uint8_t msix_cap; /* offset of the capability; 0: none */
	uint8_t msix_bar;
	bool msix_on;	  /* enabled by the driver; atomic */
	bool msix_live;	  /* and neither masked as a whole nor kept from the bus */
	bool intx;	  /* level that the function drives */
	bool intx_out;	  /* level on the line: what the guest lets through */
	uint16_t vectors;
	struct vpci_vector *table;
	uint32_t *pending; /* a bit each */
	struct vpci_bar bars[VPCI_BARS];
	uint8_t config[VPCI_CONFIG];
	uint8_t writable[VPCI_CONFIG]; /* bits that the guest can change */
};

/** A bus; part of its host bridge's emulator. */
struct vpci_bus {
	struct guest *guest;
	struct mutex lock;
	struct list functions;
	struct vpci_bar *hints[VPCI_HINTS]; /* by address: found last; atomic */
	spinlock_t line_lock;
	uint16_t line_users[4]; /* functions that drive a line */
	int irqs[4];		/* guest interrupts of the lines; negative: none */
	uint8_t routes[4];	/* others that they drive too; 0: none */
};

/* --- functions: thread context; while the guest is made, is removed or does not run ---- */

/** Begin a function: header without BARs and capabilities. All else of *fn is zeroed. */
void vpci_function_init(struct vpci_function *fn, struct emu_dev *dev,
			const struct vpci_function_ops *ops, const struct vpci_ids *ids);
/**
 * Declare a BAR.
 * @param bar    0 to 5; a 64-bit one takes the next one's place too
 * @param size   power of two; of memory 4 KiB or more, of I/O 4 to 256 bytes
 * @param flags  VPCI_BAR_*
 */
void vpci_bar_init(struct vpci_function *fn, unsigned bar, uint64_t size, unsigned flags);
/**
 * Append a capability.
 * @param data  what is behind the two bytes of every capability; NULL: zeros
 * @param len   bytes of it
 * @return offset of the capability in fn->config; -ENOSPC
 */
must_check int vpci_capability_add(struct vpci_function *fn, uint8_t id, const void *data,
				   unsigned len);
/**
 * Give the function MSI-X, with table and pending bits in a 32-bit memory BAR of their own.
 * @param bar      which, not declared before
 * @param vectors  1 to 2048
 * @return 0, -ENOMEM, -ENOSPC
 */
must_check int vpci_msix_init(struct vpci_function *fn, unsigned bar, unsigned vectors);
/**
 * Put it onto the bus of fn->dev's parent, in the slot that the node's `slot` names, else the first
 * free one. What is wrong is said by emu_fail().
 * @return 0, -ENODEV (no bus), -EBUSY (the slot is taken), -ENOSPC, -EINVAL
 */
must_check int vpci_function_add(struct vpci_function *fn);
/** Off the bus; frees what vpci_msix_init() took. Harmless for one that is not on it. */
void vpci_function_remove(struct vpci_function *fn);
/** Configuration as after power on: for emulator.reset. Interrupts are withdrawn. */
void vpci_function_reset(struct vpci_function *fn);

/* --- interrupts: any context ----------------------------------------------------------- */

/**
 * Send a vector's message, or remember it while it is masked. Without MSI-X in use, and for a
 * vector that does not exist, nothing happens.
 */
void vpci_msix_notify(struct vpci_function *fn, unsigned vector);
/** Does the driver use MSI-X? Then INTx is silent. */
static inline bool vpci_msix_enabled(const struct vpci_function *fn)
{
	return READ_ONCE(fn->msix_on);
}
/** Level of the function's INTx line; kept also while it is let through to nobody. */
void vpci_intx_set(struct vpci_function *fn, bool level);
/** May the function reach the guest's memory? */
static inline bool vpci_bus_master(const struct vpci_function *fn)
{
	return READ_ONCE(fn->config[PCI_COMMAND]) & PCI_COMMAND_MASTER;
}

/* --- for host bridges ------------------------------------------------------------------ */

void vpci_bus_init(struct vpci_bus *bus, struct guest *guest);
/**
 * Let a line drive one more interrupt, which several lines can share, instead of the one before.
 * Any context. @param irq  of the guest; 0: none
 */
void vpci_bus_route(struct vpci_bus *bus, unsigned line, unsigned irq);
/**
 * Serve an access to configuration space, of any size and alignment.
 * @param offset  as in ECAM: bus << 20 | devfn << 12 | register
 */
void vpci_config_access(struct vpci_bus *bus, uint64_t offset, struct emu_access *acc);
/**
 * Serve an access to memory or I/O space by the BAR that is there; without one it reads as ones.
 * Of several that overlap it is that of the lowest function, then of the lowest number.
 * @param addr  in PCI's space
 */
enum emu_result vpci_space_access(struct vpci_bus *bus, bool io, uint64_t addr,
				  struct emu_access *acc);
