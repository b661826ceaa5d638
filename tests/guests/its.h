/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Driving an ITS (IHI 0069, 5): tables, queue and commands, for the guests that do.
 */
#pragma once

#include "gic.h"

#define ITS_BASE    0x08080000UL
#define V2M_BASE    0x08020000UL
#define LPI_FIRST   8192U
#define ITS_LPIS    256U

#define GITS_CTLR    0x00
#define GITS_TYPER   0x08
#define GITS_CBASER  0x80
#define GITS_CWRITER 0x88
#define GITS_CREADR  0x90
#define GITS_BASER   0x100

enum {
	ITS_MOVI = 0x01,
	ITS_INT = 0x03,
	ITS_CLEAR = 0x04,
	ITS_SYNC = 0x05,
	ITS_MAPD = 0x08,
	ITS_MAPC = 0x09,
	ITS_MAPTI = 0x0a,
	ITS_INV = 0x0c,
	ITS_INVALL = 0x0d,
	ITS_DISCARD = 0x0f,
};

#define ITS_QUEUE_SIZE 0x1000U
extern uint64_t its_queue[ITS_QUEUE_SIZE / 8];
/** A byte for each LPI from LPI_FIRST on: priority, and bit 0 enables it. */
extern uint8_t its_config[8192];

/** Is there one? */
bool its_present(void);
/** Tables, queue, and LPIs of the first n CPUs, CPU 0 among them, which are running. */
void its_init(void);
/** The calling CPU's redistributor: LPIs on. */
void its_init_cpu(void);
/** A command, carried out when this returns. @return false: it was not, after a second */
bool its_command(uint64_t w0, uint64_t w1, uint64_t w2);

static inline bool its_event_command(unsigned command, uint32_t device, uint32_t event)
{
	return its_command(command | (uint64_t)device << 32, event, 0);
}
/** A device with 2^bits events. */
bool its_mapd(uint32_t device, unsigned bits);
/** Event to LPI to collection, which is a CPU's number. */
bool its_mapti(uint32_t device, uint32_t event, uint32_t lpi, unsigned cpu);
bool its_mapc(unsigned cpu);
