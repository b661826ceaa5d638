/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Between the files of core/pci.
 */
#pragma once

#include <core/pci.h>

/** All functions, a bridge before what is behind it. */
extern struct list pci_devices;

/** Find all functions of a host and number its buses. @return 0, -ENOMEM */
must_check int pci_scan(struct pci_host *host);
/** Give memory to BARs and bridges of a host, or find out where firmware has put them. */
void pci_assign(struct pci_host *host);
/** Read a host's `ranges`. @return 0, -EINVAL */
must_check int pci_read_windows(struct pci_host *host);
