/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The driver model: which driver gets which node, in which order, and what happens to those that
 * have to wait or fail.
 */
#include "dtc.h"
#include "fake.h"

#include <string.h>

#include <core/dev.h>
#include <core/dt.h>
#include <core/mem.h>
#include <libs/errno.h>

#include "../../core/dt/dt_priv.h"

static const char machine[] =
	"/dts-v1/;\n"
	"/ { #address-cells = <1>; #size-cells = <1>;\n"
	"	late { compatible = \"t,late\"; reg = <0x1000 0x100>; };\n"
	"	general { compatible = \"t,special2\", \"t,general\"; };\n"
	"	special { compatible = \"t,special\", \"t,general\"; };\n"
	"	off { compatible = \"t,general\"; status = \"disabled\"; };\n"
	"	broken { compatible = \"t,broken\"; };\n"
	"	never { compatible = \"t,never\"; };\n"
	"	chip { compatible = \"t,chip\"; };\n"
	"	bus { compatible = \"simple-bus\"; inner { compatible = \"t,general\"; }; };\n"
	"	guests { g { compatible = \"t,general\"; x { compatible = \"t,chip\"; }; }; };\n"
	"};\n";

static char order[256];
static unsigned broken_probes, late_probes;
static bool chip_there;

static void note(const struct device *dev)
{
	strcat(strcat(order, dev->node->name), " ");
}

static int probe_any(struct device *dev)
{
	note(dev);
	return 0;
}

static int probe_chip(struct device *dev)
{
	note(dev);
	chip_there = true;
	return 0;
}

static int probe_late(struct device *dev)
{
	late_probes++;
	if (!chip_there)
		return -EPROBE_DEFER;
	note(dev);
	return 0;
}

static int probe_broken(struct device *dev)
{
	broken_probes++;
	return -EIO;
}

static int probe_never(struct device *dev)
{
	return -EPROBE_DEFER;
}

static const struct dt_match general_match[] = { { "t,general", "g" }, { NULL, NULL } };
static const struct dt_match special_match[] = { { "t,special", "s" }, { NULL, NULL } };
static const struct dt_match chip_match[] = { { "t,chip", NULL }, { NULL, NULL } };
static const struct dt_match late_match[] = { { "t,late", NULL }, { NULL, NULL } };
static const struct dt_match broken_match[] = { { "t,broken", NULL }, { NULL, NULL } };
static const struct dt_match never_match[] = { { "t,never", NULL }, { NULL, NULL } };

DRIVER(general) { "general", DRIVER_OTHER, general_match, probe_any, NULL };
DRIVER(special) { "special", DRIVER_OTHER, special_match, probe_any, NULL };
DRIVER(chip) { "chip", DRIVER_OTHER, chip_match, probe_chip, NULL };
DRIVER(late) { "late", DRIVER_SERIAL, late_match, probe_late, NULL };
DRIVER(broken) { "broken", DRIVER_SERIAL, broken_match, probe_broken, NULL };
DRIVER(never) { "never", DRIVER_SERIAL, never_match, probe_never, NULL };

/* --- memory of devices --------------------------------------------------------------- */

static uint64_t mapped_pa, mapped_size;
static char registers[256];

void *mem_map_device(hpa_t pa, uint64_t size)
{
	mapped_pa = pa;
	mapped_size = size;
	return registers;
}

void mem_unmap_device(void *va, uint64_t size)
{
	CHECK(va == registers);
	CHECK_EQ(size, mapped_size);
	mapped_size = 0;
}

static const struct device *find(const char *path)
{
	struct dt_node *node = dt_find(path);
	struct device *dev;

	for (dev = device_next(NULL); dev; dev = device_next(dev))
		if (dev->node == node)
			return dev;
	return NULL;
}

/* A machine boots once: one test that follows it. */
TEST(boot)
{
	size_t size;
	void *blob = dtc(machine, &size);
	const struct device *dev;

	REQUIRE(blob && dt_init(blob) == 0);
	free(blob);
	CHECK(!device_next(NULL));
	driver_probe_class(DRIVER_IRQCHIP);
	CHECK_STR(order, "");
	driver_probe_class(DRIVER_SERIAL);
	CHECK_STR(order, "");
	CHECK_EQ(late_probes, 1);
	CHECK_EQ(broken_probes, 1);
	CHECK(strstr(fake_log_text(), "/broken"));
	CHECK(!strstr(fake_log_text(), "/never"));
	driver_probe_all();
	CHECK_STR(order, "general special chip inner late ");
	CHECK_EQ(broken_probes, 1);
	CHECK_EQ(late_probes, 2);
	CHECK(strstr(fake_log_text(), "/never"));
	dev = find("/special");
	REQUIRE(dev);
	CHECK_STR(dev->driver->name, "special");
	CHECK_STR((const char *)dev->match_data, "s");
	dev = find("/general");
	REQUIRE(dev);
	CHECK_STR(dev->driver->name, "general");
	CHECK(!find("/off") && !find("/broken") && !find("/never") && !find("/guests/g"));
	/* bound nodes are held */
	CHECK_EQ(dt_del_node(dt_find("/bus")), -EBUSY);
	driver_probe_all();
	CHECK_STR(order, "general special chip inner late ");
}

TEST(mapping)
{
	struct device late = { .node = dt_find("/late") }, chip = { .node = dt_find("/chip") };

	CHECK(device_map(&late, 0) == registers);
	CHECK_EQ(mapped_pa, 0x1000);
	CHECK_EQ(mapped_size, 0x100);
	device_unmap(&late, 0, registers);
	CHECK_EQ(mapped_size, 0);
	fake_log_clear();
	CHECK(!device_map(&late, 1));
	CHECK(!device_map(&chip, 0));
	CHECK(strstr(fake_log_text(), "/late") && strstr(fake_log_text(), "/chip"));
}
