/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The guest board "virt": the node that it builds is a sound description, what it loads is where
 * the boot protocol wants it, and the device tree is that of QEMU's machine as far as it goes.
 */
#include "board_guest.h"
#include "dtc.h"
#include "unit.h"

#include <libfdt.h>
#include <string.h>
#include <sys/wait.h>

#include <arch/vintc.h>
#include <core/board.h>
#include <core/dt.h>
#include <core/emu.h>
#include <libs/byteorder.h>
#include <libs/errno.h>
#include <port/host.h>

#define K 1024

/* --- emulators: what the real ones take
 * ------------------------------------------------------------ */

static const char *const props[] = {
	"fifo_size", "num_irq", "virtio_type", "blkdev", "serial", "read-only", "kernel", "initrd",
	"cmdline", "bootorder", NULL,
};
static const struct emulator any = { .name = "any", .props = props };

const struct emulator *emu_find(const struct dt_node *node, const void **match_data)
{
	return &any;
}

/* --- guests --------------------------------------------------------------------------------------
 */

static uint8_t kernel[100 * K], initrd[70 * K];

static void make_files(void)
{
	fake_files_clear();
	for (size_t i = 0; i < sizeof(kernel); i++)
		kernel[i] = (uint8_t)(0x80 | i * 7);
	memset(initrd, 0x33, sizeof(initrd));
	memset(kernel + 8, 0, 24);
	put_le64(kernel + 16, MIB);
	memcpy(kernel + 56, "ARM\x64", 4);
	fake_file("/k", kernel, sizeof(kernel));
	fake_file("/raw", kernel + 100, sizeof(kernel) - 100);
	fake_file("/raw.bin", kernel + 100, sizeof(kernel) - 100);
	fake_file("/i", initrd, sizeof(initrd));
	fake_file("/empty", initrd, 0);
}

/* --- the node
 * ------------------------------------------------------------------------------------- */

TEST(regions_gicv3)
{
	static const struct {
		const char *name;
		gpa_t gpa;
		uint64_t size;
		uint32_t irq;
	} want[] = {
		{ "flash0", 0, 0x4000000, 0 },		 { "flash1", 0x4000000, 0x4000000, 0 },
		{ "gic_dist", 0x8000000, 0x10000, 0 },	 { "gic_its", 0x8080000, 0x20000, 0 },
		{ "gic_redist", 0x80a0000, 0xf60000, 0 },
		{ "uart0", 0x9000000, 0x1000, 33 },	 { "rtc", 0x9010000, 0x1000, 34 },
		{ "fw_cfg", 0x9020000, 0x18, 0 },
		{ "gpio", 0x9030000, 0x1000, 39 },	 { "virtio-blk0", 0xa000000, 0x200, 48 },
		{ "virtio-blk1", 0xa000200, 0x200, 49 }, { "virtio-con0", 0xa000400, 0x200, 50 },
		{ "virtio-rng0", 0xa000600, 0x200, 51 }, { "virtio-empty", 0xa000800, 0x3800, 0 },
		{ "pci_mem", 0x10000000, 0x2eff0000, 0 }, { "pci_io", 0x3eff0000, 0x10000, 0 },
		{ "mem0", 0x40000000, 0x10000000, 0 },
		{ "pci", 0x4010000000, 0x10000000, 35 },
		{ "pci_mem64", 0x8000000000, 0x8000000000, 0 },
	};
	uint32_t irq;

	CHECK_EQ(create("g|board=virt|kernel=/k|disk=/d0|disk=/d1,ro,serial=s1|rng=on|console=on"),
		 0);
	CHECK_STR(fake_out_text(), "");
	REQUIRE(guest);
	CHECK_EQ(guest->nr_regions, ARRAY_SIZE(want));
	for (unsigned i = 0; i < guest->nr_regions && i < ARRAY_SIZE(want); i++) {
		const struct region *r = &guest->regions[i];

		CHECK_STR(r->node->name, want[i].name);
		CHECK_EQ(r->gpa, want[i].gpa);
		CHECK_EQ(r->size, want[i].size);
		CHECK_EQ(dt_u32(r->node, "interrupts", 0, &irq), want[i].irq ? 0 : -ENOENT);
		CHECK(!want[i].irq || irq == want[i].irq);
	}
	CHECK(!dt_has(region("virtio-blk0")->node, "read-only"));
	CHECK(!dt_has(region("virtio-blk0")->node, "serial"));
	CHECK_STR(dt_string(region("virtio-blk1")->node, "blkdev", 0), "/d1");
	CHECK_STR(dt_string(region("virtio-blk1")->node, "serial", 0), "s1");
	CHECK(dt_has(region("virtio-blk1")->node, "read-only"));
	CHECK(dt_find("/guests/g/aliases"));
	destroy();
}

TEST(regions_gicv2)
{
	CHECK_EQ(create("g|board=virt|kernel=/k|gic=2|vcpus=8"), 0);
	CHECK_STR(fake_out_text(), "");
	REQUIRE(guest);
	CHECK_EQ(region("gic_dist")->gpa, 0x08000000);
	CHECK_EQ(region("gic_cpu")->gpa, 0x08010000);
	CHECK_EQ(region("gic_cpu")->size, 0x10000);
	CHECK(region("gic_cpu")->flags & REGION_VIRTUAL);
	CHECK_EQ(region("virtio-empty")->size, 0x4000);
	CHECK_STR(dt_string(region("virtio-empty")->node, "compatible", 0), "virtio,mmio");
	CHECK(!dt_has(region("virtio-empty")->node, "virtio_type"));
	destroy();
}

/* Without room above the memory, and for 32-bit guests, all of PCI is below 4 GiB. */
TEST(regions_pci_low)
{
	CHECK_EQ(create("g|board=virt|kernel=/raw.bin|arch=arm32|gic=2"), 0);
	CHECK_STR(fake_out_text(), "");
	REQUIRE(guest);
	CHECK_EQ(region("pci")->gpa, 0x3f000000);
	CHECK_EQ(region("pci")->size, 0x1000000);
	CHECK_EQ(region("gic_v2m")->gpa, 0x8020000);
	for (unsigned i = 0; i < guest->nr_regions; i++)
		CHECK(strcmp(guest->regions[i].node->name, "pci_mem64"));
	destroy();
}

/* Without gic= the guest gets what the hardware helps with. */
TEST(gic_by_host)
{
	static const struct vintc_caps v2 = { .slots = 4, .prio_bits = 5, .gicv2_cpuif = true };
	static const struct vintc_caps v3 = { .slots = 4, .prio_bits = 5, .gicv3_cpuif = true };

	host_vintc_caps(&v2);
	CHECK_EQ(create("g|board=virt|kernel=/k"), 0);
	REQUIRE(guest);
	CHECK(region("gic_cpu"));
	destroy();
	CHECK_EQ(create("g|board=virt|kernel=/k|gic=3"), 0);
	REQUIRE(guest);
	CHECK(region("gic_redist"));
	destroy();
	host_vintc_caps(&v3);
	CHECK_EQ(create("g|board=virt|kernel=/k"), 0);
	REQUIRE(guest);
	CHECK(region("gic_redist"));
	destroy();
	CHECK_EQ(create("g|board=virt|kernel=/k|gic=2"), 0);
	REQUIRE(guest);
	CHECK(region("gic_cpu"));
	destroy();
}

TEST(vcpus)
{
	uint32_t v = 0;

	CHECK_EQ(create("g|board=virt|kernel=/k|vcpus=3|prio=5|affinity=1-2|on_reset=stop"), 0);
	REQUIRE(guest);
	CHECK_EQ(guest->nr_vcpus, 3);
	for (unsigned i = 0; i < 3; i++) {
		CHECK_EQ(dt_has(guest->vcpus[i]->node, "poweroff"), i > 0);
		CHECK_EQ(dt_u32_or(guest->vcpus[i]->node, "priority", 0), 5);
		CHECK_EQ(dt_u32(guest->vcpus[i]->node, "affinity", 1, &v), 0);
		CHECK_EQ(v, 2);
	}
	CHECK_STR(dt_string(guest->node, "on_reset", 0), "stop");
	destroy();
}

/* --- loading
 * --------------------------------------------------------------------------------------- */

TEST(boot_image)
{
	CHECK_EQ(create("g|board=virt|kernel=/k|initrd=/i|cmdline=console=ttyAMA0 quiet"), 0);
	CHECK_STR(fake_out_text(), "");
	REQUIRE(guest);
	CHECK_MEM(fake_guest_ptr(guest, 0x40000000), kernel, sizeof(kernel));
	CHECK_MEM(fake_guest_ptr(guest, 0x40100000), initrd, sizeof(initrd));
	CHECK_EQ(guest->vcpus[0]->start_pc, 0x40000000);
	CHECK_EQ(guest->vcpus[0]->start_arg, 0x40200000);
	CHECK_EQ(fdt_check_header(fake_guest_ptr(guest, 0x40200000)), 0);
	destroy();
}

TEST(boot_firmware)
{
	CHECK_EQ(create("g|board=virt|firmware=/raw"), 0);
	REQUIRE(guest);
	CHECK_MEM(fake_guest_ptr(guest, 0), kernel + 100, sizeof(kernel) - 100);
	CHECK_EQ(guest->vcpus[0]->start_pc, 0);
	CHECK_EQ(fdt_check_header(fake_guest_ptr(guest, 0x40000000)), 0);
	destroy();
}

/* Firmware is told of the kernel, which is not in memory before it is asked for. */
TEST(boot_firmware_with_kernel)
{
	const struct dt_node *node;
	static const uint8_t zeros[64];

	CHECK_EQ(create("g|board=virt|firmware=/raw|kernel=/k|initrd=/i|cmdline=a b|disk=/d1|"
			"disk=/d2"), 0);
	REQUIRE(guest);
	CHECK_MEM(fake_guest_ptr(guest, 0), kernel + 100, sizeof(kernel) - 100);
	CHECK_EQ(guest->vcpus[0]->start_pc, 0);
	CHECK_EQ(fdt_check_header(fake_guest_ptr(guest, 0x40000000)), 0);
	CHECK_MEM(fake_guest_ptr(guest, 0x40100000), zeros, sizeof(zeros));
	node = region("fw_cfg")->node;
	CHECK_STR(dt_string(node, "kernel", 0), "/k");
	CHECK_STR(dt_string(node, "initrd", 0), "/i");
	CHECK_STR(dt_string(node, "cmdline", 0), "a b");
	CHECK_STR(dt_string(node, "bootorder", 0), "/virtio-mmio@000000000a000000/disk@0,0");
	CHECK_STR(dt_string(node, "bootorder", 1), "/virtio-mmio@000000000a000200/disk@0,0");
	CHECK(!dt_string(node, "bootorder", 2));
	destroy();
	CHECK_EQ(create("g|board=virt|firmware=/raw|virtio=pci|disk=/d1|disk=/d2"), 0);
	REQUIRE(guest);
	node = region("fw_cfg")->node;
	CHECK_STR(dt_string(node, "bootorder", 0), "/pci@0000004010000000/scsi@1/disk@0,0");
	CHECK_STR(dt_string(node, "bootorder", 1), "/pci@0000004010000000/scsi@2/disk@0,0");
	destroy();
	/* Without firmware nobody is told. */
	CHECK_EQ(create("g|board=virt|kernel=/k|initrd=/i|cmdline=a b|disk=/d1"), 0);
	REQUIRE(guest);
	CHECK(!dt_has(region("fw_cfg")->node, "kernel"));
	CHECK(!dt_has(region("fw_cfg")->node, "bootorder"));
	destroy();
}

TEST(boot_raw)
{
	CHECK_EQ(create("g|board=virt|kernel=/raw.bin"), 0);
	REQUIRE(guest);
	CHECK_EQ(guest->vcpus[0]->start_pc, 0x40080000);
	CHECK_MEM(fake_guest_ptr(guest, 0x40080000), kernel + 100, sizeof(kernel) - 100);
	destroy();
	CHECK_EQ(create("g|board=virt|arch=arm32|kernel=/raw.bin"), 0);
	REQUIRE(guest);
	CHECK_EQ(guest->vcpus[0]->start_pc, 0x40010000);
	destroy();
	CHECK_EQ(create("g|board=virt|kernel=/raw|load=0x40000000"), 0);
	REQUIRE(guest);
	CHECK_EQ(guest->vcpus[0]->start_pc, 0x40000000);
	CHECK_EQ(guest->vcpus[0]->start_arg, 0x40200000);
	destroy();
}

/* --- the device tree
 * ---------------------------------------------------------------------------------- */

static const void *fdt(void)
{
	return fake_guest_ptr(guest, guest->vcpus[0]->start_arg);
}

/* A property has to have these bytes. */
static void has(const char *path, const char *prop, const char *bytes, int n)
{
	int node = fdt_path_offset(fdt(), path), len = -1;
	const void *value = node < 0 ? NULL : fdt_getprop(fdt(), node, prop, &len);

	if (!value)
		unit_fail(__FILE__, __LINE__, "%s has no %s", path, prop);
	else if (len != n)
		unit_fail(__FILE__, __LINE__, "%s: %s has %d bytes, not %d", path, prop, len, n);
	else
		CHECK_MEM(value, bytes, (size_t)n);
}

#define HAS(path, prop, bytes)	  has(path, prop, bytes, sizeof(bytes) - 1)
#define HAS_STRING(path, prop, s) has(path, prop, s, sizeof(s))

static void cells(const char *path, const char *prop, unsigned n, const uint32_t *values)
{
	char bytes[128];

	for (unsigned i = 0; i < n; i++)
		put_be32(bytes + 4 * i, values[i]);
	has(path, prop, bytes, (int)(4 * n));
}

#define CELLS(path, prop, ...)                                                                     \
	cells(path, prop, sizeof((uint32_t[]){ __VA_ARGS__ }) / 4, (uint32_t[]){ __VA_ARGS__ })

static uint32_t phandle_of(const char *path)
{
	return fdt_get_phandle(fdt(), fdt_path_offset(fdt(), path));
}

TEST(fdt_gicv3)
{
	uint32_t gic, clock;

	CHECK_EQ(create("g|board=virt|kernel=/k|initrd=/i|vcpus=18|cmdline=a b|disk=/d"), 0);
	REQUIRE(guest);
	gic = phandle_of("/intc@8000000");
	clock = phandle_of("/apb-pclk");
	CHECK(gic && clock && gic != clock);
	HAS_STRING("/", "compatible", "linux,dummy-virt");
	CELLS("/", "#address-cells", 2);
	CELLS("/", "#size-cells", 2);
	CELLS("/", "interrupt-parent", gic);
	HAS_STRING("/intc@8000000", "compatible", "arm,gic-v3");
	CELLS("/intc@8000000", "reg", 0, 0x8000000, 0, 0x10000, 0, 0x80a0000, 0, 0xf60000);
	CELLS("/intc@8000000", "#interrupt-cells", 3);
	CELLS("/intc@8000000", "#redistributor-regions", 1);
	HAS("/intc@8000000", "interrupt-controller", "");
	HAS_STRING("/psci", "compatible", "arm,psci-1.0\0arm,psci-0.2\0arm,psci");
	HAS_STRING("/psci", "method", "hvc");
	CELLS("/psci", "cpu_on", 0xc4000003);
	CELLS("/psci", "cpu_off", 0x84000002);
	CELLS("/psci", "cpu_suspend", 0xc4000001);
	HAS_STRING("/memory@40000000", "device_type", "memory");
	CELLS("/memory@40000000", "reg", 0, 0x40000000, 0, 0x10000000);
	CELLS("/timer", "interrupts", 1, 13, 4, 1, 14, 4, 1, 11, 4, 1, 10, 4);
	HAS_STRING("/timer", "compatible", "arm,armv8-timer\0arm,armv7-timer");
	HAS("/timer", "always-on", "");
	CELLS("/cpus/cpu@0", "reg", 0);
	CELLS("/cpus/cpu@f", "reg", 15);
	CELLS("/cpus/cpu@100", "reg", 0x100);
	CELLS("/cpus/cpu@101", "reg", 0x101);
	HAS_STRING("/cpus/cpu@101", "enable-method", "psci");
	HAS_STRING("/pl011@9000000", "compatible", "arm,pl011\0arm,primecell");
	CELLS("/pl011@9000000", "reg", 0, 0x9000000, 0, 0x1000);
	CELLS("/pl011@9000000", "interrupts", 0, 1, 4);
	CELLS("/pl011@9000000", "clocks", clock, clock);
	HAS_STRING("/pl011@9000000", "clock-names", "uartclk\0apb_pclk");
	HAS_STRING("/pl031@9010000", "compatible", "arm,pl031\0arm,primecell");
	CELLS("/pl031@9010000", "interrupts", 0, 2, 4);
	CELLS("/pl061@9030000", "interrupts", 0, 7, 4);
	CELLS("/pl061@9030000", "#gpio-cells", 2);
	CELLS("/gpio-keys/poweroff", "gpios", phandle_of("/pl061@9030000"), 3, 0);
	CELLS("/gpio-keys/poweroff", "linux,code", 116);
	CELLS("/flash@0", "reg", 0, 0, 0, 0x4000000, 0, 0x4000000, 0, 0x4000000);
	CELLS("/flash@0", "bank-width", 4);
	HAS_STRING("/virtio_mmio@a000000", "compatible", "virtio,mmio");
	CELLS("/virtio_mmio@a000000", "reg", 0, 0xa000000, 0, 0x200);
	CELLS("/virtio_mmio@a000000", "interrupts", 0, 16, 1);
	CELLS("/apb-pclk", "clock-frequency", 24000000);
	HAS_STRING("/chosen", "bootargs", "a b");
	HAS_STRING("/chosen", "stdout-path", "/pl011@9000000");
	CELLS("/chosen", "linux,initrd-start", 0, 0x40100000);
	CELLS("/chosen", "linux,initrd-end", 0, 0x40100000 + sizeof(initrd));
	HAS("/chosen", "kaslr-seed", "ZZZZZZZZ");
	HAS("/chosen", "rng-seed", "ZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZ");
	HAS_STRING("/aliases", "serial0", "/pl011@9000000");
	destroy();
}

TEST(fdt_fw_cfg)
{
	CHECK_EQ(create("g|board=virt|kernel=/k"), 0);
	REQUIRE(guest);
	HAS_STRING("/fw-cfg@9020000", "compatible", "qemu,fw-cfg-mmio");
	CELLS("/fw-cfg@9020000", "reg", 0, 0x9020000, 0, 0x18);
	HAS("/fw-cfg@9020000", "dma-coherent", "");
	HAS_STRING("/intc@8000000/its@8080000", "compatible", "arm,gic-v3-its");
	CELLS("/intc@8000000/its@8080000", "#msi-cells", 1);
	CELLS("/intc@8000000/its@8080000", "reg", 0, 0x8080000, 0, 0x20000);
	CELLS("/pcie@4010000000", "msi-map", 0, phandle_of("/intc@8000000/its@8080000"), 0,
	      0x10000);
	destroy();
}

TEST(fdt_gicv2)
{
	CHECK_EQ(create("g|board=virt|kernel=/k|gic=2|vcpus=2"), 0);
	REQUIRE(guest);
	HAS_STRING("/intc@8000000", "compatible", "arm,cortex-a15-gic");
	CELLS("/intc@8000000", "reg", 0, 0x8000000, 0, 0x10000, 0, 0x8010000, 0, 0x10000);
	CELLS("/timer", "interrupts", 1, 13, 0x304, 1, 14, 0x304, 1, 11, 0x304, 1, 10, 0x304);
	CHECK(fdt_getprop(fdt(), fdt_path_offset(fdt(), "/chosen"), "bootargs", NULL) == NULL);
	CHECK(fdt_path_offset(fdt(), "/virtio_mmio@a000000") == -FDT_ERR_NOTFOUND);
	destroy();
}

TEST(fdt_pci)
{
	static const char pci[] = "/pcie@4010000000";
	const fdt32_t *map;
	uint32_t gic;
	int len = 0;

	CHECK_EQ(create("g|board=virt|kernel=/k|gic=2"), 0);
	REQUIRE(guest);
	gic = phandle_of("/intc@8000000");
	HAS_STRING("/intc@8000000/v2m@8020000", "compatible", "arm,gic-v2m-frame");
	HAS("/intc@8000000/v2m@8020000", "msi-controller", "");
	CELLS("/intc@8000000/v2m@8020000", "reg", 0, 0x8020000, 0, 0x1000);
	HAS_STRING(pci, "compatible", "pci-host-ecam-generic");
	HAS_STRING(pci, "device_type", "pci");
	CELLS(pci, "reg", 0x40, 0x10000000, 0, 0x10000000);
	CELLS(pci, "bus-range", 0, 255);
	CELLS(pci, "msi-map", 0, phandle_of("/intc@8000000/v2m@8020000"), 0, 0x10000);
	CELLS(pci, "ranges", 0x02000000, 0, 0x10000000, 0, 0x10000000, 0, 0x2eff0000, 0x01000000,
	      0, 0, 0, 0x3eff0000, 0, 0x10000, 0x03000000, 0x80, 0, 0x80, 0, 0x80, 0);
	CELLS(pci, "interrupt-map-mask", 0x1800, 0, 0, 7);
	map = fdt_getprop(fdt(), fdt_path_offset(fdt(), pci), "interrupt-map", &len);
	REQUIRE(map);
	CHECK_EQ(len, 16 * 40);
	/* Pin B of slot 2 is the fourth line. */
	map += (2 * 4 + 1) * 10;
	CHECK_EQ(fdt32_to_cpu(map[0]), 0x1000);
	CHECK_EQ(fdt32_to_cpu(map[3]), 2);
	CHECK_EQ(fdt32_to_cpu(map[4]), gic);
	CHECK_EQ(fdt32_to_cpu(map[8]), 6);
	CHECK_EQ(fdt32_to_cpu(map[9]), 4);
	destroy();
}

/* dtc has nothing to say against it. */
static void lint(const char *line)
{
	FILE *f;
	int status;

	CHECK_EQ(create(line), 0);
	REQUIRE(guest);
	CHECK_EQ(fdt_check_full(fdt(), fdt_totalsize(fdt())), 0);
	f = popen("out=$(dtc -I dtb -O dts -o /dev/null - 2>&1); echo \"$out\"; [ -z \"$out\" ]",
		  "w");
	REQUIRE(f);
	CHECK_EQ(fwrite(fdt(), 1, fdt_totalsize(fdt()), f), fdt_totalsize(fdt()));
	status = pclose(f);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	destroy();
}

TEST(fdt_lint)
{
	lint("g|board=virt|kernel=/k");
	lint("g|board=virt|kernel=/k|gic=2|vcpus=8");
	lint("g|board=virt|kernel=/k|initrd=/i|vcpus=64|rng=1|console=1|disk=/1|disk=/2|disk=/3|"
	     "disk=/4|disk=/5|disk=/6|disk=/7|disk=/8|mem=5G");
	lint("g|board=virt|firmware=/raw");
}

TEST(own_dtb)
{
	static const char source[] =
		"/dts-v1/; /memreserve/ 0x40f00000 0x1000; / { #address-cells = <1>; #size-cells = "
		"<1>;"
		" memory@80000000 { device_type = \"memory\"; reg = <0x80000000 0x1000>; };"
		" ram { device_type = \"memory\"; reg = <0 1>; };"
		" extra { keep = <7>; }; };";
	uint64_t at = 0, size = 0;
	size_t n = 0;
	char *blob = dtc(source, &n);

	REQUIRE(blob);
	boot_tree();
	for (unsigned way = 0; way < 2; way++) {
		char *argv[] = { "g",	      "board=virt",  "kernel=/k",
				 "initrd=/i", "cmdline=x y", "dtb=/d" };
		struct guest_config cfg;

		make_files();
		fake_file("/d", blob, way ? n - 20 : n);
		live_before = fake_heap_live();
		fake_out_clear();
		CHECK_EQ(guest_config_parse(6, argv, &cfg, &fake_out), 0);
		if (way) {
			CHECK_EQ(guest_create_config(&cfg, &fake_out, &guest), -EINVAL);
			CHECK_STR(fake_out_text(),
				  "dtb=/d is no device tree blob, or a damaged one; make it "
				  "with dtc -I dts -O dtb\n");
			CHECK_EQ(fake_heap_live(), live_before);
			continue;
		}
		CHECK_EQ(guest_create_config(&cfg, &fake_out, &guest), 0);
		CHECK_STR(fake_out_text(), "");
		CELLS("/extra", "keep", 7);
		CELLS("/memory@40000000", "reg", 0x40000000, 0x10000000);
		CHECK_EQ(fdt_path_offset(fdt(), "/memory@80000000"), -FDT_ERR_NOTFOUND);
		CHECK_EQ(fdt_path_offset(fdt(), "/ram"), -FDT_ERR_NOTFOUND);
		HAS_STRING("/chosen", "bootargs", "x y");
		CELLS("/chosen", "linux,initrd-start", 0, 0x40100000);
		CHECK_EQ(fdt_num_mem_rsv(fdt()), 1);
		CHECK_EQ(fdt_get_mem_rsv(fdt(), 0, &at, &size), 0);
		CHECK_EQ(at, 0x40f00000);
		destroy();
	}
	free(blob);
}

/* --- mistakes
 * ------------------------------------------------------------------------------------------ */

static void refused(const char *line, const char *text)
{
	int err = create(line);

	CHECK(err < 0);
	if (!strstr(fake_out_text(), text))
		CHECK_STR(fake_out_text(), text);
	CHECK(!dt_find("/guests/g"));
	CHECK_EQ(fake_guests(), 0);
	CHECK_EQ(fake_heap_live(), live_before);
	CHECK_EQ(fake_files_open(), 0);
}

TEST(mistakes_of_words)
{
	refused("g|board=virt",
		"there is nothing to boot: give kernel=<file> or firmware=<file>\n");
	refused("g|board=virt|initrd=/i|firmware=/raw", "initrd= needs kernel=");
	refused("g|board=virt|firmware=/raw|load=4",
		"load= is for kernel= without firmware=, which has its own place\n");
	refused("g|board=virt|firmware=/raw|kernel=/k|initrd=/empty", "initrd=/empty is empty");
	refused("g|board=virt|firmware=/raw|kernel=/none", "kernel=/none cannot be loaded");
	refused("g|board=virt|kernel=/k|gic=2|vcpus=9",
		"vcpus=: 9 are more than the 8 that a GICv2 "
		"serves; take gic=3\n");
	refused("g|board=virt|kernel=/k|disk=/d,rw",
		"disk=: \"/d,rw\" is followed by something that is neither \",ro\" nor "
		"\",serial=<text>\"\n");
	refused("g|board=virt|kernel=/k|disk=,ro", "disk=: \",ro\" is no path or block device\n");
	refused("g|board=virt|kernel=/k|disk=/d,serial=123456789012345678901",
		"has a serial number of more than 20 characters\n");
	refused("g|board=virt|kernel=/k|mem=2T",
		"mem=: the memory begins at 1 GiB, and this CPU has "
		"guest addresses only up to 1 TiB, so 1023 GiB is the most\n");
}

TEST(mistakes_of_files)
{
	refused("g|board=virt|kernel=/none", "kernel=/none cannot be opened: ");
	refused("g|board=virt|kernel=/dir", "kernel=/dir is no file but a directory\n");
	refused("g|board=virt|kernel=/empty", "kernel=/empty is empty\n");
	refused("g|board=virt|kernel=/i", "kernel=/i is a text, no kernel\n");
	refused("g|board=virt|kernel=/raw",
		"kernel=/raw is no kernel image that is known here; if it is "
		"a program without any header, say where it goes, such as load=0x40080000\n");
	refused("g|board=virt|kernel=/raw|arch=arm32",
		"kernel=/raw is no kernel image that is known here; if it is "
		"a program without any header, say where it goes, such as load=0x40010000\n");
	refused("g|board=virt|kernel=/k|initrd=/none", "initrd=/none cannot be loaded: ");
	refused("g|board=virt|kernel=/k|initrd=/empty", "initrd=/empty is empty\n");
	refused("g|board=virt|kernel=/k|initrd=/dir", "initrd=/dir cannot be loaded: ");
	refused("g|board=virt|kernel=/k|dtb=/none", "dtb=/none cannot be loaded: ");
	refused("g|board=virt|kernel=/k|dtb=/i", "dtb=/i is no device tree blob");
	refused("g|board=virt|firmware=/none", "firmware=/none cannot be loaded: ");
	refused("g|board=virt|kernel=/k|arch=arm32",
		"kernel=/k is an arm64 Linux Image, but the guest "
		"is 32-bit; leave out arch=arm32\n");
	refused("g|board=virt|kernel=/k|mem=1M",
		"/k: too little memory: the guest has 1 MiB, and no "
		"room is left for the device tree of 64 KiB; with mem=");
	refused("g|board=virt|kernel=/k|load=0x40080000", "/k: load=0x40080000 is wrong for this "
							  "kernel");
	refused("g|board=virt|kernel=/k|load=0x10000000",
		"/k: load=0x10000000 is outside of the guest's "
		"memory, 0x40000000 to 0x4fffffff\n");
}

TEST(firmware_too_large)
{
	static uint8_t *big;

	CHECK(big = calloc(1, 0x4000001));
	boot_tree();
	make_files();
	fake_file("/raw", big, 0x4000001);
	{
		char *argv[] = { "g", "board=virt", "firmware=/raw" };
		struct guest_config cfg;

		fake_out_clear();
		CHECK_EQ(guest_config_parse(3, argv, &cfg, &fake_out), 0);
		CHECK_EQ(guest_create_config(&cfg, &fake_out, &guest), -EFBIG);
		CHECK_STR(fake_out_text(),
			  "firmware=/raw does not fit: it has 0x4000001 bytes, the flash "
			  "has 64 MiB\n");
	}
	free(big);
}

TEST(out_of_memory)
{
	unsigned n;

	boot_tree();
	for (n = 1; n < 1000; n++) {
		bool failed;
		int err;

		fake_heap_fail_at(0);
		make_files();
		fake_heap_fail_at(n);
		err = create("g|board=virt|kernel=/k|initrd=/i|cmdline=x|vcpus=2");
		failed = fake_heap_failed();
		fake_heap_fail_at(0);
		if (!failed)
			break;
		CHECK(err < 0);
		CHECK(fake_out_text()[0]);
		CHECK_EQ(fake_heap_live(), live_before);
		CHECK_EQ(fake_files_open(), 0);
	}
	CHECK(n > 50 && n < 1000);
	if (guest)
		destroy();
}
