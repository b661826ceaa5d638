/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Puts the packed image to where it runs. Called once by head.S, in 64-bit mode, with its stack;
 * of the hypervisor nothing is there yet but the objects of libs that are linked to this, too.
 */
#include <libs/inflate.h>

#include <stdint.h>

extern const uint8_t payload[], payload_end[];
extern uint8_t image_start[], image_end[]; /* unpack.lds.S */

int unpack(void);

/* @return 0, or a negative errno: length or checksum are not those of the image, or worse */
int unpack(void)
{
	return gunzip(payload, (size_t)(payload_end - payload), image_start,
		      (size_t)(image_end - image_start), NULL);
}
