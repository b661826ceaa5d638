# SPDX-License-Identifier: GPL-2.0-only
obj-y += a32_decode.o
obj-y += early_uart.o
obj-y += guest.o
obj-y += guest_kinds.o
obj-y += lpae.o
obj-y += psci_guest.o
obj-y += psci_host.o
obj-y += smp.o
obj-y += timer.o
obj-y += trng_guest.o
obj-y += vintc.o

# Not on the way of any exit: small before fast.
$(foreach o,a32_decode early_uart guest guest_kinds psci_host smp trng_guest,$(eval CFLAGS_$(o).o := $(small)))
