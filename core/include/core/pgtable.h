/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The one page-table walker, for the hypervisor's own tables (stage 1) and for
 * guests' (stage 2). Callers serialise changes to one table.
 */
#pragma once

#include <arch/pgtable.h>

struct pgtable {
	enum pgtable_stage stage;
	hpa_t root;
	uint32_t pages; /**< pages that the tables take, root included */
};

/** Make an empty table. @return 0 or -ENOMEM */
must_check int pgtable_init(struct pgtable *pt, enum pgtable_stage stage);
/** Free all tables. Frames that leaves point to stay whose they are. */
void pgtable_fini(struct pgtable *pt);
/**
 * Map [in, in+size) to [pa, …) with the largest leaves that alignment allows.
 * @return 0, -ENOMEM (nothing is mapped then), -EEXIST when a part is mapped already, -ERANGE
 */
must_check int pgtable_map(struct pgtable *pt, uint64_t in, hpa_t pa, uint64_t size, uint32_t attr);
/**
 * Unmap; holes are allowed. Splits blocks. The caller flushes the TLB. @return 0 or -ENOMEM
 * (split)
 */
int pgtable_unmap(struct pgtable *pt, uint64_t in, uint64_t size);
/**
 * Take out tables that have become empty. Until the TLB has been flushed for these addresses the
 * CPUs may still look into them. Lookups of what is mapped may go on.
 * @param in, size  what was unmapped
 * @return what to give to pgtable_free_pruned(), after the flush and with no lock held
 */
must_check void *pgtable_prune(struct pgtable *pt, uint64_t in, uint64_t size);
void pgtable_free_pruned(void *list);
/** Change attributes of what is mapped. The caller flushes. @return 0 or -ENOMEM */
must_check int pgtable_protect(struct pgtable *pt, uint64_t in, uint64_t size, uint32_t attr);
/**
 * Look an input address up.
 * @return true when mapped; *pa and *attr as far as not NULL
 */
bool pgtable_lookup(const struct pgtable *pt, uint64_t in, hpa_t *pa, uint32_t *attr,
		    uint64_t *leaf_size);

/** The hypervisor's own table. */
extern struct pgtable pgtable_host;
