/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of core/vpci share. bus->lock is held in all functions here that say nothing
 * else.
 */
#pragma once

#include <core/vpci.h>

/** The function at a place, NULL: nothing is there. The list does not change while vCPUs run. */
struct vpci_function *vpci_find(struct vpci_bus *bus, unsigned devfn);
/** Command, BARs or MSI-X control may have changed: put it into effect. */
void vpci_config_changed(struct vpci_function *fn);

/** Where the function's BARs are now. */
void vpci_bars_update(struct vpci_function *fn);

/** Is a byte of the configuration space the MSI-X capability's? */
bool vpci_msix_owns(const struct vpci_function *fn, unsigned offset);
/** Its control word and the command register in effect; messages that waited go out. */
void vpci_msix_update(struct vpci_function *fn);
/** Table as after power on. */
void vpci_msix_reset(struct vpci_function *fn);
void vpci_msix_free(struct vpci_function *fn);
/** Access to the BAR with table and pending bits. No lock held. */
enum emu_result vpci_msix_access(struct vpci_function *fn, struct emu_access *acc);
/** The line as level, command register and MSI-X say. Any context, no lock held but bus->lock. */
void vpci_intx_update(struct vpci_function *fn);
