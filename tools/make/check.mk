# SPDX-License-Identifier: GPL-2.0-only
#
# Tests, gates and measurements. Each gate is also a target of its own.

.PHONY: check bench soak check-config check-layering check-headers check-format check-repro check-clang check-options \
	check-unit check-boot headers doxygen clean distclean

check:
	@tools/setup check
	@tools/check $(O) $(DL)

check-config:
	@tools/check-config
check-format:
	@tools/check-format
check-layering:
	@tools/check-layering $(if $(wildcard $(O)/obj),$(O)/obj)
check-headers:
	@$(MAKE) $(parallel) headers
check-repro check-clang check-options check-unit check-boot:
	@CHECK="build disk $(@:check-%=%)" tools/check $(O) $(DL)

# Each public header compiles alone, as C, with the flags of the image.
ifneq ($(build-goals),)
# Some of the contract is of some ports only.
other-ports := $(foreach h,gicv3 apic,$(if $(wildcard $(port-includes)/port/$(h).h),,\
	arch/include/arch/$(h).h))
public-headers := $(filter-out $(other-ports),$(shell find $(wildcard libs/include core/include \
	arch/include $(port-includes)) -name '*.h' | sort))
header-stamps := $(patsubst %,$(O)/headers/%.ok,$(public-headers))
$(call make-folders,$(if $(filter headers,$(build-goals)),$(header-stamps)))

$(O)/headers/%.ok: % FORCE | $(libfdt-h)
	$(call run,HEADER ,$(CC) -MMD -MP -MF $@.d -MT $@ $(all-cflags) -x c -c -o $@ - \
		<<< '#include "$<"')
headers: $(header-stamps)
-include $(if $(filter headers,$(build-goals)),$(wildcard $(addsuffix .d,$(header-stamps))))
endif

# The budget is compared with what the measuring guest and the image itself say.
bench:
	@tools/setup check
	@$(MAKE) $(parallel) test-disk
	@mkdir -p $(O)/x86
	@$(MAKE) $(parallel) O=$(O)/x86 DL=$(DL) ARCH=x86 BOARD=x86_64_generic test-disk
	@cd tests/boot && O=$(abspath $(O)) $(PYTHON) -B bench.py ../bench/budget.txt

# The same tests for a long time: make soak HOURS=8
HOURS ?= 1
soak:
	@tools/setup check
	@$(MAKE) $(parallel) test-disk
	@cd tests/boot && O=$(abspath $(O)) SOAK_SECONDS=$$(( $(HOURS) * 3600 )) \
		$(PYTHON) -B -m pytest -m soak

doxygen:
	$(call need,doxygen,doxygen)@mkdir -p $(O)/doxygen
	@(cat docs/doxygen/Doxyfile; echo "OUTPUT_DIRECTORY = $(O)/doxygen") | doxygen -
	@echo "  DOC     $(O)/doxygen/html/index.html"

# clean keeps the configuration and what was downloaded; distclean removes all that was made
clean:
	@rm -rf $(filter-out $(O)/dl $(O)/foreign $(O)/.config,$(wildcard $(O)/*))
distclean:
	@rm -rf $(if $(wildcard $(O)/.config $(O)/obj $(O)/dl),$(O))
