/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * PCI of the host (PCI Local Bus 3.0, PCI Express Base 2.1, devicetree "PCI Bus Binding"): host
 * bridges register, their buses are enumerated, memory is assigned to BARs unless firmware has done
 * so, and drivers get the functions that they match. I/O ports are not used.
 *
 * All of it happens while drivers are probed at boot, in one thread; afterwards the lists do not
 * change. A function belongs to its driver from probe() on.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <arch/types.h>
#include <core/dev.h>
#include <core/irq.h>
#include <libs/list.h>
#include <libs/util.h>

struct dt_node;
struct pci_host;

/* Configuration space (type 0 header; 1 for bridges). */
enum {
	PCI_VENDOR_ID = 0x00,
	PCI_DEVICE_ID = 0x02,
	PCI_COMMAND = 0x04,
	PCI_STATUS = 0x06,
	PCI_CLASS_REVISION = 0x08,
	PCI_HEADER_TYPE = 0x0e,
	PCI_BAR0 = 0x10,
	PCI_BUSES = 0x18,	/* bridge: primary, secondary, subordinate */
	PCI_IO_BASE = 0x1c,	/* bridge: base, limit */
	PCI_MEMORY_BASE = 0x20,
	PCI_PREFETCH_BASE = 0x24,
	PCI_PREFETCH_BASE_HI = 0x28,
	PCI_PREFETCH_LIMIT_HI = 0x2c,
	PCI_SUBSYSTEM_ID = 0x2e,
	PCI_CAPABILITIES = 0x34,
	PCI_INTERRUPT_LINE = 0x3c,
	PCI_INTERRUPT_PIN = 0x3d,
};

#define PCI_COMMAND_IO	     BIT32(0)
#define PCI_COMMAND_MEMORY   BIT32(1)
#define PCI_COMMAND_MASTER   BIT32(2)
#define PCI_COMMAND_INTX_OFF BIT32(10)

#define PCI_CAP_MSI	0x05
#define PCI_CAP_VENDOR	0x09
#define PCI_CAP_EXPRESS 0x10
#define PCI_CAP_MSIX	0x11

#define PCI_BARS 6

/** A piece of the bus's address space that the host bridge forwards. */
struct pci_window {
	uint64_t base;		/**< as on the bus */
	uint64_t size;		/**< 0: there is none */
	uint64_t cpu;		/**< CPU address of base */
};

/* Kinds of bridges, as the PCI Express capability tells. */
#define PCI_EXPRESS_ROOT_PORT	4
#define PCI_EXPRESS_DOWNSTREAM	6
#define PCI_EXPRESS_TO_PCI	7

/** Kinds of memory that are assigned apart: below 4 GiB; prefetchable and 64 bits wide. */
enum pci_space { PCI_MEM32, PCI_MEM64, PCI_SPACES };

struct pci_host_ops {
	/**
	 * Access 1, 2 or 4 bytes of configuration space, reg aligned to that. Thread context. What
	 * is not there reads as ones.
	 */
	uint32_t (*read)(struct pci_host *host, uint16_t bdf, unsigned reg, unsigned width);
	void (*write)(struct pci_host *host, uint16_t bdf, unsigned reg, unsigned width,
		      uint32_t value);
};

/** A host bridge; ops, node and bus numbers are its driver's. */
struct pci_host {
	const struct pci_host_ops *ops;
	struct dt_node *node;
	uint8_t first_bus, last_bus;
	/* core's, from the node */
	struct list link;
	unsigned domain;
	bool coherent;		/**< devices' accesses to memory are coherent with caches */
	struct pci_window windows[PCI_SPACES];
	uint8_t next_bus;
};

struct pci_bar {
	uint64_t address;	/**< on the bus; 0: none is assigned */
	uint64_t size;		/**< 0: there is no such BAR, or it is of I/O ports */
	hpa_t pa;
	bool is64;
	enum pci_space space;
};

enum pci_irq_kind { PCI_IRQ_NONE, PCI_IRQ_INTX, PCI_IRQ_MSI, PCI_IRQ_MSIX };

/** A message-signalled interrupt: the write that a device makes, and the interrupt it becomes. */
struct msi_vector {
	uint64_t address;
	uint32_t data;
	unsigned hwirq;
	void *arg;		/**< claimed with; NULL: not claimed */
};

/** A function of a device. */
struct pci_dev {
	struct list link;
	struct pci_host *host;
	struct pci_dev *bridge;	/**< to its bus; NULL: it is on the host bridge's own bus */
	uint16_t bdf;		/**< bus, device, function: requester ID */
	uint16_t vendor, device;
	uint32_t class;		/**< class, subclass, interface: 24 bits */
	char name[16];		/**< "0000:00:02.0" */
	struct pci_bar bars[PCI_BARS];
	bool is_bridge;
	uint8_t express;	/**< bridge: kind as PCI Express has them; 0: conventional PCI */
	uint8_t secondary;	/**< bridge: bus below it */
	struct pci_window below[PCI_SPACES]; /**< bridge: what it forwards; cpu is alignment */
	const struct pci_driver *driver;
	void *priv;		/**< the driver's */
	/* interrupts */
	enum pci_irq_kind irq_kind;
	unsigned nr_vectors;
	struct msi_vector *vectors;
	struct msi_controller *msi;
	uint32_t msi_id;	/**< what the controller knows the function by */
	uint8_t *msix_table;
};

#define PCI_ANY 0xffff

struct pci_match {
	uint16_t vendor;	/* 0 ends the table */
	uint16_t device;	/* or PCI_ANY */
	const void *data;
};

struct pci_driver {
	const char *name;
	const struct pci_match *match;
	/**
	 * Thread context. The function does not decode yet: pci_enable().
	 * @return 0, -ENODEV (it is not for this driver, which has said what there is to say), or
	 *         another error, logged
	 */
	int (*probe)(struct pci_dev *dev, const struct pci_match *match);
};

/** Declare a driver: `PCI_DRIVER(e1000) { .name = …, };` */
#define PCI_DRIVER(ident)                                                                           \
	static const struct pci_driver pci_driver_##ident;                                          \
	SECTION_PTR(".table.pci_driver", struct pci_driver, pci_driver_##ident);                    \
	static const struct pci_driver pci_driver_##ident =

/**
 * A host bridge is there: enumerate, assign, bind drivers. Its `ranges` are read from the node.
 * Thread context, boot.
 * @return 0, -EINVAL: the node makes no sense, said in the log; -ENOMEM
 */
must_check int pci_host_register(struct pci_host *host);
/** Iterate functions of all hosts: NULL gives the first. */
struct pci_dev *pci_next(struct pci_dev *prev);

/* --- for drivers --------------------------------------------------------------------------- */

uint8_t pci_read8(struct pci_dev *dev, unsigned reg);
uint16_t pci_read16(struct pci_dev *dev, unsigned reg);
uint32_t pci_read32(struct pci_dev *dev, unsigned reg);
void pci_write8(struct pci_dev *dev, unsigned reg, uint8_t v);
void pci_write16(struct pci_dev *dev, unsigned reg, uint16_t v);
void pci_write32(struct pci_dev *dev, unsigned reg, uint32_t v);
/** Set and clear bits of the command register. */
void pci_command(struct pci_dev *dev, uint16_t set, uint16_t clear);
/** Let it decode memory and be master of the bus, itself and the bridges to it. */
void pci_enable(struct pci_dev *dev);
/** Neither any more. */
void pci_disable(struct pci_dev *dev);
/**
 * Offset of a capability; endless and broken lists end.
 * @param after  0, or the one behind which to go on
 * @return 0: there is none (any more)
 */
unsigned pci_find_cap(struct pci_dev *dev, uint8_t id, unsigned after);
/**
 * Map registers: size bytes of a BAR, from offset on. Thread context.
 * @return NULL when the BAR has not got them, said in the log; undo by mem_unmap_device()
 */
void *pci_map_bar(struct pci_dev *dev, unsigned bar, uint64_t offset, uint64_t size);

/**
 * Get interrupts: MSI-X, else one by MSI, else one by INTx, which is shared. Thread context.
 * @param want  how many would be used; 0: one, and not by MSI-X, which the driver cannot tell the
 *              device to use
 * @return how many there are, 1 … want, or negative errno, said in the log
 */
must_check int pci_irqs_alloc(struct pci_dev *dev, unsigned want);
/** Give all of them back, claimed or not. Thread context. */
void pci_irqs_free(struct pci_dev *dev);
/**
 * Claim one. By INTx the handler is called for others' interrupts, too. Thread context.
 * @param name  kept
 * @param arg   not NULL
 */
must_check int pci_irq_request(struct pci_dev *dev, unsigned n, const char *name, irq_handler fn,
			       void *arg);

/* --- message-signalled interrupts ------------------------------------------------------------ */

/** Whoever turns writes of devices into interrupts: GICv2m, ITS. Thread context. */
struct msi_controller {
	struct list link;
	struct dt_node *node;	/* that `msi-map` and `msi-parent` name */
	/**
	 * Interrupts for a device, edge-triggered, not claimed.
	 * @param id  of the device, or of several that cannot be told apart; it means nothing where
	 *            all devices are alike
	 * @return 0, -ENOSPC, -ENOMEM, …
	 */
	int (*alloc)(struct msi_controller *mc, uint32_t id, unsigned n, struct msi_vector *v);
	void (*free)(struct msi_controller *mc, uint32_t id, unsigned n, struct msi_vector *v);
};

/** Before hosts are registered, which interrupt controllers are anyhow. */
void msi_controller_register(struct msi_controller *mc);
/**
 * What a node's devices use by its `msi-map` or `msi-parent`.
 * @param id  in: of the device on its bus; out: for the controller
 * @return NULL: none
 */
struct msi_controller *msi_controller_of(const struct dt_node *node, uint32_t *id);
