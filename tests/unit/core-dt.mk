# SPDX-License-Identifier: GPL-2.0-only
#
# Tests and harnesses of the device tree, host interrupts and the driver model.

dt-files := core/dt/tree.c core/dt/address.c core/dt/edit.c core/dt/blob.c
fake-files := tests/unit/fake_heap.c tests/unit/fake_thread.c tests/unit/fake_log.c

test_dt := $(dt-files) $(fake-files)
ldlibs_test_dt := -lfdt
test_dt_edit := $(dt-files) $(fake-files)
ldlibs_test_dt_edit := -lfdt

fuzz_dt := $(dt-files) $(fake-files)
ldlibs_fuzz_dt := -lfdt

host-files := $(patsubst $(top)/%,%,$(wildcard $(top)/arch/host/*.c))
test_irq := core/irq/irq.c $(dt-files) $(fake-files) $(host-files) libs/errno.c
ldlibs_test_irq := -lfdt
test_driver := core/dev/driver.c $(dt-files) $(fake-files) $(host-files) libs/errno.c
ldlibs_test_driver := -lfdt
test_serial := drivers/serial/pl011.c drivers/serial/ns16550.c drivers/serial/uart.c $(dt-files) \
	$(fake-files) $(host-files) libs/errno.c
ldlibs_test_serial := -lfdt
