/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of SVM have of each other.
 */
#pragma once

/** Switch SVM on, on this CPU. */
void svm_init_cpu(void);
