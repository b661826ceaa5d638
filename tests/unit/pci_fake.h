/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * PCI functions for tests of core/pci: configuration space with the bits of BARs, commands and
 * bridges that real ones let be written, found through the bridges above them as they are set.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <core/pci.h>

struct pci_fake_fn {
	struct pci_fake_fn *bridge;	/* above it */
	uint8_t slot, fn;
	bool is_bridge;
	uint8_t config[256];
	uint8_t writable[256];		/* bits */
};

extern struct pci_host fake_host;
/** Interrupts that are claimed now, shared ones. */
extern unsigned fake_shared;

/** No functions; a host bridge of this node. */
void pci_fake_begin(struct dt_node *node);
/** All that core has made of it is freed. */
void pci_fake_end(void);
struct pci_fake_fn *pci_fake_add(struct pci_fake_fn *bridge, unsigned slot, unsigned fn,
				 uint16_t vendor, uint16_t device);
/** @param express  kind of port by PCI Express, 0: conventional */
struct pci_fake_fn *pci_fake_bridge(struct pci_fake_fn *above, unsigned slot, unsigned express);
/** @param flags  the low four bits of the BAR */
void pci_fake_bar(struct pci_fake_fn *fn, unsigned bar, uint64_t size, unsigned flags);
/** By the bus number that its bridge has now. @return NULL: none */
struct pci_fake_fn *pci_fake_fn_of(unsigned bus, unsigned slot, unsigned fn);
/** Each BAR that has a place is inside what its bridges forward, aligned, and nobody else's. */
void pci_fake_check_places(void);
