/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The device tree of a PC, made of what the boot loader and ACPI tell.
 */
#pragma once

struct multiboot;
struct acpi_info;

/**
 * Make the blob; fill x86_platform beside. Boot CPU, once.
 * @return the blob, in the image; NULL when it does not fit
 */
const void *tree_make(const struct multiboot *mb, const struct acpi_info *acpi);
