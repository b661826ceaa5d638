/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The packed image, as it lies in the file that loaders take: a gzip file. Read where it is.
 */
	.section .rodata.payload, "a"
	.globl payload, payload_end
payload:
	.incbin "payload.gz"
payload_end:
