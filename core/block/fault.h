/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Faults on request, as the way of requests meets them.
 */
#pragma once

#include <core/blockdev.h>

/** Is there anything to look for? */
extern unsigned block_nr_faults;

/** A request begins, rq->bd is set. Any context. @return the error that it is to end with, or 0 */
int block_fault_begin(const struct block_request *rq);
/** A request has ended: keep it back? done() comes later then. Any context. */
bool block_fault_keep(struct block_request *rq);
