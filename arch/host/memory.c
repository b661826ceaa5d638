/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The fake port's memory: page-table entries of its own form, RAM behind them, and a software TLB.
 * RAM is an anonymous file; a translation is made when an access faults, by walking the tables that
 * core wrote, and maps the file there; a flush takes it away again. So code under test sees only
 * what its tables map, as on real hardware. For one thread of the test program.
 */
#include <arch/pgtable.h>

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include <arch/cache.h>
#include <arch/cpu.h>
#include <port/host.h>

/* The address space: places that the address sanitizer leaves free. */
#define VA_IMAGE	0x120000000000ull
#define VA_VMAP		0x130000000000ull
#define VA_VMAP_END	0x138000000000ull
#define VA_DIRECT	0x200000000000ull
#define VA_LIMIT	0x600000000000ull

#define IMAGE_BYTES	MIB
#define TLB_MAX		4096
#define MMIO_MAX	32

/* An entry: valid, leaf, stage 2, attributes, address. */
#define ENTRY_VALID	BIT(0)
#define ENTRY_LEAF	BIT(1)
#define ENTRY_STAGE2	BIT(2)
#define ENTRY_ATTR	GENMASK(9, 5)
#define ENTRY_ADDR	GENMASK(47, 12)
#define ATTR_ALL	(PG_READ | PG_WRITE | PG_EXEC | PG_DEVICE | PG_NC)

static const struct pgtable_format formats[] = {
	[PGTABLE_STAGE1] = {
		.levels = 4, .root_pages = 1, .input_bits = 48,
		.shift = { 39, 30, 21, 12 }, .leaf_ok = { false, true, true, true },
	},
	/* Two tables side by side as root, to be unlike stage 1. */
	[PGTABLE_STAGE2] = {
		.levels = 3, .root_pages = 2, .input_bits = 40,
		.shift = { 30, 21, 12 }, .leaf_ok = { true, true, true },
	},
};

/* A leaf that was used, and is mapped. */
struct translation {
	va_t va;
	uint64_t size;
};

struct device {
	uint64_t base, size;
	struct host_mmio mmio;
};

static int ram_file = -1;
static hpa_t ram_base;
static uint64_t ram_size;
static uint8_t *ram;		/* all of it, for the fake itself */
static hpa_t root;
static unsigned int boot_pages;
static hpa_t boot_mapped_end;
static hpa_t boot_fdt;
static struct translation tlb[TLB_MAX];
static unsigned int nr_tlb;
static struct device devices[MMIO_MAX];
static unsigned int nr_devices;
static unsigned int flushes_va, flushes_guest;

static void drop_translation(unsigned int i)
{
	if (munmap((void *)tlb[i].va, tlb[i].size))
		host_violation("munmap failed");
	tlb[i] = tlb[--nr_tlb];
}

void host_reset_memory(void)
{
	while (nr_tlb)
		drop_translation(0);
	if (ram) {
		munmap(ram, ram_size);
		close(ram_file);
	}
	ram = NULL;
	ram_size = 0;
	ram_base = 0;
	root = 0;
	boot_fdt = 0;
	nr_devices = 0;
	flushes_va = 0;
	flushes_guest = 0;
}

static bool in_ram(hpa_t pa, uint64_t size)
{
	return ram && pa >= ram_base && size <= ram_size && pa - ram_base <= ram_size - size;
}

void *host_ram_ptr(uint64_t hpa)
{
	if (!in_ram(hpa, 1))
		host_violation("%#" PRIx64 " is not in the machine's RAM", hpa);
	return ram + (hpa - ram_base);
}

/* ---- entries ------------------------------------------------------------------------ */

const struct pgtable_format *arch_pgtable_format(enum pgtable_stage stage)
{
	return &formats[stage];
}

uint64_t arch_pgtable_leaf(enum pgtable_stage s, unsigned int level, hpa_t pa, uint32_t attr)
{
	const struct pgtable_format *f = &formats[s];

	if (level >= f->levels || !f->leaf_ok[level])
		host_violation("%s(): no leaf can stand at level %u", __func__, level);
	if (!IS_ALIGNED(pa, UINT64_C(1) << f->shift[level]) || pa & ~ENTRY_ADDR)
		host_violation("%s(): %#" PRIx64 " does not fit level %u", __func__, pa, level);
	if (attr & ~ATTR_ALL || (attr & PG_DEVICE && attr & PG_NC))
		host_violation("%s(): attributes %#x", __func__, attr);
	if (s == PGTABLE_STAGE1 && attr & PG_WRITE && attr & PG_EXEC)
		host_violation("%s(): the hypervisor's memory is written or executed, not both",
			       __func__);
	return ENTRY_VALID | ENTRY_LEAF | (s == PGTABLE_STAGE2 ? ENTRY_STAGE2 : 0) |
		FIELD_PREP(ENTRY_ATTR, attr) | pa;
}

uint64_t arch_pgtable_table(enum pgtable_stage s, hpa_t table)
{
	if (!table || table % PAGE_SIZE || table & ~ENTRY_ADDR)
		host_violation("%s(): %#" PRIx64 " is no page", __func__, table);
	return ENTRY_VALID | (s == PGTABLE_STAGE2 ? ENTRY_STAGE2 : 0) | table;
}

bool arch_pgtable_valid(uint64_t entry)
{
	return entry & ENTRY_VALID;
}

static void check_entry(enum pgtable_stage s, uint64_t entry, const char *function)
{
	if (!(entry & ENTRY_VALID))
		host_violation("%s() of an invalid entry", function);
	if (!(entry & ENTRY_STAGE2) != (s == PGTABLE_STAGE1))
		host_violation("%s(): entry %#" PRIx64 " is of the other stage", function, entry);
}

bool arch_pgtable_is_leaf(enum pgtable_stage s, unsigned int level, uint64_t entry)
{
	check_entry(s, entry, __func__);
	if (level >= formats[s].levels)
		host_violation("%s(): there is no level %u", __func__, level);
	return entry & ENTRY_LEAF;
}

hpa_t arch_pgtable_addr(enum pgtable_stage s, unsigned int level, uint64_t entry)
{
	check_entry(s, entry, __func__);
	return entry & ENTRY_ADDR;
}

uint32_t arch_pgtable_attr(enum pgtable_stage s, uint64_t entry)
{
	check_entry(s, entry, __func__);
	if (!(entry & ENTRY_LEAF))
		host_violation("%s() of a table", __func__);
	return (uint32_t)FIELD_GET(ENTRY_ATTR, entry);
}

/* ---- translation ---------------------------------------------------------------------- */

/* Walks stage 1 as hardware would. Returns the leaf, its first address and its size; 0: none. */
static uint64_t walk(va_t va, va_t *leaf_va, uint64_t *leaf_size)
{
	const struct pgtable_format *f = &formats[PGTABLE_STAGE1];
	hpa_t table = root;
	unsigned int level;

	for (level = 0; level < f->levels && root; level++) {
		uint64_t size = UINT64_C(1) << f->shift[level];
		uint64_t entry;

		if (!in_ram(table, PAGE_SIZE))
			host_violation("a page table is at %#" PRIx64 ", which is no RAM", table);
		entry = ((uint64_t *)host_ram_ptr(table))[va / size % 512];
		if (!(entry & ENTRY_VALID))
			return 0;
		if (entry & ENTRY_LEAF) {
			*leaf_va = ALIGN_DOWN(va, size);
			*leaf_size = size;
			return entry;
		}
		table = entry & ENTRY_ADDR;
	}
	return 0;
}

static bool in_machine(va_t va)
{
	return va >= VA_IMAGE && va < VA_LIMIT;
}

/* Host physical address of a mapped one; false where nothing is mapped. */
static bool translate(va_t va, hpa_t *pa, uint32_t *attr)
{
	va_t leaf_va;
	uint64_t leaf_size, entry = walk(va, &leaf_va, &leaf_size);

	if (!entry)
		return false;
	*pa = (entry & ENTRY_ADDR) + (va - leaf_va);
	*attr = (uint32_t)FIELD_GET(ENTRY_ATTR, entry);
	return true;
}

static bool cached(va_t va)
{
	unsigned int i;

	for (i = 0; i < nr_tlb; i++) {
		if (va >= tlb[i].va && va - tlb[i].va < tlb[i].size)
			return true;
	}
	return false;
}

static void fill(va_t va)
{
	va_t leaf_va;
	uint64_t leaf_size, entry = walk(va, &leaf_va, &leaf_size);
	uint32_t attr = (uint32_t)FIELD_GET(ENTRY_ATTR, entry);
	hpa_t pa = entry & ENTRY_ADDR;
	int prot = (attr & PG_READ ? PROT_READ : 0) | (attr & PG_WRITE ? PROT_WRITE : 0);

	if (!entry)
		host_violation("access to %#" PRIxPTR ", which is not mapped", va);
	if (attr & PG_DEVICE)
		host_violation("plain access to the device at %#" PRIx64 ": use mmio_*()", pa);
	if (!in_ram(pa, leaf_size))
		host_violation("%#" PRIxPTR " is mapped to %#" PRIx64 ", which is no RAM", va, pa);
	if (nr_tlb == TLB_MAX)
		drop_translation(0);
	if (mmap((void *)leaf_va, leaf_size, prot, MAP_SHARED | MAP_FIXED_NOREPLACE, ram_file,
		 (off_t)(pa - ram_base)) != (void *)leaf_va)
		host_violation("cannot map %#" PRIxPTR, leaf_va);
	tlb[nr_tlb++] = (struct translation){ leaf_va, leaf_size };
}

/* A fault inside the machine's addresses is a TLB miss; a second one at once is a violation. */
static void on_fault(int number, siginfo_t *info, void *context)
{
	va_t va = (va_t)info->si_addr;

	if (!in_machine(va) || !ram) {
		signal(number, SIG_DFL);
		host_violation("segmentation fault at %#" PRIxPTR, va);
	}
	if (cached(va))
		host_violation("%#" PRIxPTR " is mapped, but not for this access", va);
	fill(va);
}

/* ---- flushing ------------------------------------------------------------------------- */

void arch_pgtable_sync(void)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

void arch_tlb_flush_va(va_t va, size_t size)
{
	unsigned int i = 0;

	flushes_va++;
	while (i < nr_tlb) {
		if (tlb[i].va < va + size && va < tlb[i].va + tlb[i].size)
			drop_translation(i);
		else
			i++;
	}
}

void arch_tlb_flush_guest(uint64_t vmid_root)
{
	if (!vmid_root)
		host_violation("%s() of a guest without a root", __func__);
	flushes_guest++;
}

void arch_tlb_flush_gpa(uint64_t vmid_root, gpa_t gpa, uint64_t size)
{
	if (!size)
		host_violation("%s() of nothing", __func__);
	arch_tlb_flush_guest(vmid_root);
}

unsigned int host_tlb_flushes_va(void)
{
	return flushes_va;
}

unsigned int host_tlb_flushes_guest(void)
{
	return flushes_guest;
}

/* ---- boot ----------------------------------------------------------------------------- */

/* The boot tables are made of the image's last pages, downwards. */
static hpa_t boot_page(void)
{
	return ram_base + IMAGE_BYTES - PAGE_SIZE * ++boot_pages;
}

/* One leaf for reading and writing at the given level. */
static void boot_map(va_t va, hpa_t pa, unsigned int leaf_level)
{
	const struct pgtable_format *f = &formats[PGTABLE_STAGE1];
	hpa_t table = root;
	unsigned int level;
	uint64_t *entry;

	for (level = 0;; level++) {
		entry = (uint64_t *)host_ram_ptr(table) + (va >> f->shift[level]) % 512;
		if (level == leaf_level)
			break;
		if (!*entry)
			*entry = arch_pgtable_table(PGTABLE_STAGE1, boot_page());
		table = *entry & ENTRY_ADDR;
	}
	*entry = arch_pgtable_leaf(PGTABLE_STAGE1, level, pa, PG_READ | PG_WRITE);
}

void host_ram_init(uint64_t base, uint64_t size)
{
	struct sigaction action = { .sa_sigaction = on_fault,
				    .sa_flags = SA_SIGINFO | SA_NODEFER | SA_ONSTACK };
	uint64_t at;

	if (ram || !base || base % BLOCK_SIZE || size % BLOCK_SIZE || size < 2 * BLOCK_SIZE)
		host_violation("%s(%#" PRIx64 ", %#" PRIx64 ")", __func__, base, size);
	ram_file = memfd_create("ram", MFD_CLOEXEC);
	if (ram_file < 0 || ftruncate(ram_file, (off_t)size))
		host_violation("no memory for the machine's RAM");
	ram = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, ram_file, 0);
	if (ram == MAP_FAILED)
		host_violation("no memory for the machine's RAM");
	ram_base = base;
	ram_size = size;
	boot_pages = 0;
	root = boot_page();
	/* The image at its own place, and what is behind it in the direct map, by pages. */
	for (at = 0; at < IMAGE_BYTES; at += PAGE_SIZE)
		boot_map(VA_IMAGE + at, base + at, 3);
	boot_mapped_end = base + BLOCK_SIZE;
	for (at = base + IMAGE_BYTES; at < boot_mapped_end; at += PAGE_SIZE)
		boot_map(VA_DIRECT + at, at, 3);
	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGBUS, &action, NULL);
}

void host_boot_fdt(const void *blob, size_t size)
{
	boot_fdt = ram_base + ram_size - BLOCK_SIZE;
	if (size > BLOCK_SIZE)
		host_violation("a device tree of %zu bytes", size);
	memcpy(host_ram_ptr(boot_fdt), blob, size);
	boot_map(VA_DIRECT + boot_fdt, boot_fdt, 2);
}

hpa_t arch_boot_fdt(void)
{
	return boot_fdt;
}

void arch_image_range(hpa_t *start, hpa_t *end)
{
	*start = ram_base;
	*end = ram_base + (ram ? IMAGE_BYTES : 0);
}

hpa_t arch_pgtable_root(void)
{
	return root;
}

hpa_t arch_boot_mapped_end(void)
{
	return boot_mapped_end;
}

va_t arch_va_direct_base(void)
{
	return VA_DIRECT;
}

va_t arch_va_image(void)
{
	return VA_IMAGE;
}

void arch_va_vmap_range(va_t *start, va_t *end)
{
	*start = VA_VMAP;
	*end = VA_VMAP_END;
}

/* ---- caches --------------------------------------------------------------------------- */

/* Touches both ends: an unmapped range would fault on hardware too. */
static void touch(const void *va, size_t size)
{
	const volatile uint8_t *p = va;

	if (size) {
		(void)p[0];
		(void)p[size - 1];
	}
}

void arch_cache_clean_inval(const void *va, size_t size)
{
	touch(va, size);
}

void arch_cache_sync_code(const void *va, size_t size)
{
	touch(va, size);
}

void arch_cache_zero(void *va, size_t size)
{
	if ((uintptr_t)va % PAGE_SIZE || size % PAGE_SIZE)
		host_violation("%s(): not whole pages", __func__);
	memset(va, 0, size);
}

/* ---- devices -------------------------------------------------------------------------- */

void host_mmio_add(uint64_t base, uint64_t size, const struct host_mmio *device)
{
	if (nr_devices == MMIO_MAX)
		host_violation("more than %d fake devices", MMIO_MAX);
	devices[nr_devices++] = (struct device){ base, size, *device };
}

/* The device at an address of the hypervisor and the offset in it; NULL: plain memory. */
static const struct host_mmio *device_at(uintptr_t va, unsigned int size, uint64_t *offset)
{
	uint64_t address = va;
	uint32_t attr;
	unsigned int i;

	if (va % size)
		host_violation("device access of %u bytes at %#" PRIxPTR " is not aligned", size,
			       va);
	if (ram && in_machine(va)) {
		if (!translate(va, &address, &attr))
			host_violation("device access to %#" PRIxPTR ", which is not mapped", va);
		if (!(attr & PG_DEVICE))
			host_violation("device access to %#" PRIxPTR ", mapped as memory", va);
	}
	for (i = 0; i < nr_devices; i++) {
		*offset = address - devices[i].base;
		if (address >= devices[i].base && *offset < devices[i].size)
			return &devices[i].mmio;
	}
	if (ram && in_machine(va))
		host_violation("there is no device at %#" PRIx64, address);
	return NULL;
}

uint64_t host_mmio_read(const volatile void *a, unsigned int size)
{
	uint64_t offset;
	const struct host_mmio *d = device_at((uintptr_t)a, size, &offset);

	if (d)
		return d->read(d->priv, offset, size);
	switch (size) {
	case 1:
		return *(const volatile uint8_t *)a;
	case 2:
		return *(const volatile uint16_t *)a;
	case 4:
		return *(const volatile uint32_t *)a;
	default:
		return *(const volatile uint64_t *)a;
	}
}

void host_mmio_write(volatile void *a, unsigned int size, uint64_t value)
{
	uint64_t offset;
	const struct host_mmio *d = device_at((uintptr_t)a, size, &offset);

	if (d) {
		d->write(d->priv, offset, size, value);
		return;
	}
	switch (size) {
	case 1:
		*(volatile uint8_t *)a = (uint8_t)value;
		break;
	case 2:
		*(volatile uint16_t *)a = (uint16_t)value;
		break;
	case 4:
		*(volatile uint32_t *)a = (uint32_t)value;
		break;
	default:
		*(volatile uint64_t *)a = value;
		break;
	}
}
