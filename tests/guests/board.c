/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The smaller devices of the board "virt": the clock PL031 (Arm DDI 0224), the GPIO lines PL061
 * (DDI 0190), the CFI flash, and the slots of virtio-mmio. "power" on the command line: wait for
 * the power button, which is a GPIO line, then switch off. "reference": bare QEMU, whose flash is
 * not exact.
 */
#include "gic.h"

static void expect_id(uintptr_t base, unsigned part)
{
	static const uint8_t cell[] = { 0x0d, 0xf0, 0x05, 0xb1 };

	EXPECT_EQ(read32(base + 0xfe0), part & 0xff);
	EXPECT_EQ(read32(base + 0xfe4) & 0xf, part >> 8);
	for (unsigned i = 0; i < 4; i++)
		EXPECT_EQ(read32(base + 0xff0 + 4 * i), cell[i]);
}

/* --- PL031 -------------------------------------------------------------------------------- */

enum { RTC_DR, RTC_MR = 4, RTC_LR = 8, RTC_CR = 0xc, RTC_IMSC = 0x10, RTC_RIS = 0x14,
       RTC_MIS = 0x18, RTC_ICR = 0x1c };

TEST(rtc_identification)
{
	expect_id(RTC_BASE, 0x031);
}

TEST(rtc_counts)
{
	uint32_t begin = read32(RTC_BASE + RTC_DR);

	EXPECT_EQ(read32(RTC_BASE + RTC_CR) & 1, 1);
	EXPECT(WAIT(read32(RTC_BASE + RTC_DR) != begin));
	EXPECT(read32(RTC_BASE + RTC_DR) - begin <= 5);
}

TEST(rtc_is_set)
{
	uint32_t now = read32(RTC_BASE + RTC_DR);

	write32(RTC_BASE + RTC_LR, 1000000000);
	EXPECT_EQ(read32(RTC_BASE + RTC_LR), 1000000000);
	EXPECT(read32(RTC_BASE + RTC_DR) - 1000000000 <= 5);
	write32(RTC_BASE + RTC_LR, now);
	EXPECT(read32(RTC_BASE + RTC_DR) - now <= 5);
}

static volatile unsigned rtc_irqs;

static void on_rtc(unsigned irq)
{
	rtc_irqs++;
	write32(RTC_BASE + RTC_ICR, 1);
}

TEST(rtc_alarm)
{
	write32(RTC_BASE + RTC_ICR, 1);
	irq_handlers[IRQ_RTC] = on_rtc;
	gic_set_edge(IRQ_RTC, false);
	gic_enable(IRQ_RTC);
	write32(RTC_BASE + RTC_IMSC, 1);
	write32(RTC_BASE + RTC_MR, read32(RTC_BASE + RTC_DR) + 2);
	irq_enable();
	EXPECT(WAIT(rtc_irqs));
	irq_disable();
	EXPECT_EQ(rtc_irqs, 1);
	EXPECT_EQ(read32(RTC_BASE + RTC_RIS) & 1, 0);
	write32(RTC_BASE + RTC_IMSC, 0);
	gic_disable(IRQ_RTC);
}

/* Masked, an alarm is only in the raw status. */
TEST(rtc_alarm_masked)
{
	write32(RTC_BASE + RTC_IMSC, 0);
	write32(RTC_BASE + RTC_MR, read32(RTC_BASE + RTC_DR) + 1);
	EXPECT(WAIT(read32(RTC_BASE + RTC_RIS) & 1));
	EXPECT_EQ(read32(RTC_BASE + RTC_MIS) & 1, 0);
	EXPECT(!gic_is_pending(IRQ_RTC));
	write32(RTC_BASE + RTC_ICR, 1);
	EXPECT_EQ(read32(RTC_BASE + RTC_RIS) & 1, 0);
}

/* --- PL061 -------------------------------------------------------------------------------- */

enum { GPIO_ALL = 0x3fc, GPIO_DIR = 0x400, GPIO_IS = 0x404, GPIO_IBE = 0x408, GPIO_IEV = 0x40c,
       GPIO_IE = 0x410, GPIO_RIS = 0x414, GPIO_MIS = 0x418, GPIO_IC = 0x41c, GPIO_AFSEL = 0x420 };

TEST(gpio_identification)
{
	expect_id(GPIO_BASE, 0x061);
}

TEST(gpio_registers)
{
	static const uint16_t regs[] = { GPIO_DIR, GPIO_IS, GPIO_IBE, GPIO_IEV, GPIO_AFSEL };

	write32(GPIO_BASE + GPIO_IE, 0);
	for (unsigned i = 0; i < ARRAY_SIZE(regs); i++) {
		write32(GPIO_BASE + regs[i], 0x5a);
		EXPECT_EQ(read32(GPIO_BASE + regs[i]), 0x5a);
		write32(GPIO_BASE + regs[i], 0);
		EXPECT_EQ(read32(GPIO_BASE + regs[i]), 0);
	}
	write32(GPIO_BASE + GPIO_IC, 0xff);
}

/* Address bits 9 to 2 choose the lines that a write changes and a read shows. */
TEST(gpio_masked_data)
{
	write32(GPIO_BASE + GPIO_DIR, 0xff);
	write32(GPIO_BASE + GPIO_ALL, 0);
	EXPECT_EQ(read32(GPIO_BASE + GPIO_ALL), 0);
	write32(GPIO_BASE + (0x0f << 2), 0xff);
	EXPECT_EQ(read32(GPIO_BASE + GPIO_ALL), 0x0f);
	write32(GPIO_BASE + (0xc0 << 2), 0x40);
	EXPECT_EQ(read32(GPIO_BASE + GPIO_ALL), 0x4f);
	EXPECT_EQ(read32(GPIO_BASE + (0x41 << 2)), 0x41);
	EXPECT_EQ(read32(GPIO_BASE + 0), 0);
	write32(GPIO_BASE + GPIO_ALL, 0);
	write32(GPIO_BASE + GPIO_DIR, 0);
	write32(GPIO_BASE + GPIO_IC, 0xff);
}

static volatile bool pressed;

static void on_gpio(unsigned irq)
{
	print("POWER button, lines 0x%x\n", read32(GPIO_BASE + GPIO_MIS));
	write32(GPIO_BASE + GPIO_IC, 0xff);
	pressed = true;
}

static void wait_for_power(void)
{
	irq_handlers[IRQ_GPIO] = on_gpio;
	gic_set_edge(IRQ_GPIO, false);
	gic_enable(IRQ_GPIO);
	write32(GPIO_BASE + GPIO_DIR, 0);
	write32(GPIO_BASE + GPIO_IEV, 8);
	write32(GPIO_BASE + GPIO_IE, 8);
	print("POWER awaited\n");
	SLEEP_UNTIL(pressed);
}

/* --- flash: two chips of 16 bits side by side, Intel command set -------------------------- */

#define CHIP	    (FLASH_BASE + FLASH_BANK) /* the first bank is firmware's */
#define SECTOR	    0x40000
#define READ_ARRAY  0x00ff00ff
#define READ_ID	    0x00900090
#define READ_STATUS 0x00700070
#define CLEAR	    0x00500050
#define QUERY	    0x00980098
#define PROGRAM	    0x00400040
#define ERASE	    0x00200020
#define CONFIRM	    0x00d000d0
#define BUFFER	    0x00e800e8
#define READY	    0x00800080

static bool flash_ready(void)
{
	return WAIT((read32(CHIP) & READY) == READY);
}

static void flash_erase(uintptr_t sector)
{
	write32(sector, ERASE);
	write32(sector, CONFIRM);
	EXPECT(flash_ready());
	EXPECT_EQ(read32(CHIP), READY);
	write32(CHIP, READ_ARRAY);
}

static void flash_program(uintptr_t at, uint32_t value)
{
	write32(at, PROGRAM);
	write32(at, value);
	EXPECT(flash_ready());
	write32(CHIP, READ_ARRAY);
}

TEST(flash_query)
{
	write32(CHIP + 0x55 * 4, QUERY);
	EXPECT_EQ(read32(CHIP + 0x10 * 4) & 0xff, 'Q');
	EXPECT_EQ(read32(CHIP + 0x11 * 4) & 0xff, 'R');
	EXPECT_EQ(read32(CHIP + 0x12 * 4) & 0xff, 'Y');
	EXPECT_EQ(read32(CHIP + 0x13 * 4) & 0xff, 1); /* Intel extended */
	/* 2^n bytes a chip: both together are a bank. */
	EXPECT_EQ(2UL << (read32(CHIP + 0x27 * 4) & 0xff), FLASH_BANK);
	write32(CHIP, READ_ARRAY);
}

TEST(flash_erase_and_program)
{
	flash_erase(CHIP + SECTOR);
	for (unsigned i = 0; i < SECTOR; i += 4096)
		EXPECT_EQ(read32(CHIP + SECTOR + i), 0xffffffff);
	EXPECT_EQ(read32(CHIP + 2 * SECTOR - 4), 0xffffffff);
	flash_program(CHIP + SECTOR + 64, 0x12345678);
	EXPECT_EQ(read32(CHIP + SECTOR + 64), 0x12345678);
	EXPECT_EQ(read32(CHIP + SECTOR + 60), 0xffffffff);
	EXPECT_EQ(read8(CHIP + SECTOR + 64), 0x78);
	EXPECT_EQ(read16(CHIP + SECTOR + 66), 0x1234);
	/* Programming only takes bits away. */
	flash_program(CHIP + SECTOR + 64, 0x0f0f0f0f);
	if (!boot_arg("reference"))
		EXPECT_EQ(read32(CHIP + SECTOR + 64), 0x12345678 & 0x0f0f0f0f);
	flash_erase(CHIP + SECTOR);
	EXPECT_EQ(read32(CHIP + SECTOR + 64), 0xffffffff);
}

TEST(flash_buffer)
{
	uintptr_t at = CHIP + SECTOR + 1024;

	flash_erase(CHIP + SECTOR);
	write32(at, BUFFER);
	EXPECT(flash_ready());
	write32(at, 0x000f000f); /* 16 words, less one */
	for (unsigned i = 0; i < 16; i++)
		write32(at + 4 * i, 0xa0000000 + i);
	write32(at, CONFIRM);
	EXPECT(flash_ready());
	write32(CHIP, READ_ARRAY);
	for (unsigned i = 0; i < 16; i++)
		EXPECT_EQ(read32(at + 4 * i), 0xa0000000 + i);
	EXPECT_EQ(read32(at + 64), 0xffffffff);
}

/* A plain write is a command, never data. */
TEST(flash_is_no_ram)
{
	uint32_t was = read32(CHIP + SECTOR + 2048);

	write32(CHIP + SECTOR + 2048, READ_ARRAY);
	EXPECT_EQ(read32(CHIP + SECTOR + 2048), was);
	write32(CHIP, CLEAR);
	write32(CHIP, READ_STATUS);
	if (!boot_arg("reference"))
		EXPECT_EQ(read32(CHIP), READY);
	write32(CHIP, READ_ARRAY);
	EXPECT_EQ(read32(CHIP + SECTOR + 2048), was);
}

/* --- virtio-mmio (Virtual I/O Device 1.1, 4.2.2) -------------------------------------------- */

enum { VIRTIO_MAGIC, VIRTIO_VERSION = 4, VIRTIO_DEVICE = 8, VIRTIO_STATUS = 0x70 };

static unsigned virtio_devices;

/* All slots are there, whether something is in them or not. */
TEST(virtio_slots)
{
	virtio_devices = 0;
	for (uintptr_t i = 0; i < VIRTIO_SLOTS; i++) {
		uintptr_t slot = VIRTIO_BASE + i * VIRTIO_STRIDE;

		EXPECT_EQ(read32(slot + VIRTIO_MAGIC), 0x74726976);
		EXPECT_EQ(read32(slot + VIRTIO_VERSION), 2);
		virtio_devices += !!read32(slot + VIRTIO_DEVICE);
	}
	EXPECT(virtio_devices < VIRTIO_SLOTS);
}

/* The tree tells those with something in them; QEMU's tells all. */
TEST(virtio_described)
{
	unsigned n = 0;

	while (fdt_get("virtio_mmio@", n, "reg", NULL))
		n++;
	EXPECT_EQ(n, boot_arg("reference") ? VIRTIO_SLOTS : virtio_devices);
}

/* Nothing is kept by an empty slot. */
TEST(virtio_empty_slot)
{
	uintptr_t slot = VIRTIO_BASE + (VIRTIO_SLOTS - 1) * VIRTIO_STRIDE;

	EXPECT_EQ(read32(slot + VIRTIO_DEVICE), 0);
	for (unsigned reg = VIRTIO_DEVICE; reg < VIRTIO_STRIDE; reg += 4) {
		write32(slot + reg, 1);
		if (!boot_arg("reference"))
			EXPECT_EQ(read32(slot + reg), 0);
	}
	EXPECT_EQ(read32(slot + VIRTIO_STATUS), 0);
	EXPECT_EQ(read32(slot + VIRTIO_MAGIC), 0x74726976);
}

void guest_main(void)
{
	if (boot_arg("power"))
		wait_for_power();
	else
		tests_run();
}
