# SPDX-License-Identifier: GPL-2.0-only
#
# What every rule is written with: one quiet line for each command, and a rebuild when the command
# itself is another one than last time (it is kept beside the target, in <target>.cmd).

empty :=
space := $(empty) $(empty)
comma := ,

.PHONY: FORCE
FORCE:

ifeq ($(VERBOSE),y)
say = $(info $(2))
else ifneq ($(findstring s,$(filter-out --%,$(firstword $(MAKEFLAGS)))),)
say :=
else
say = $(info $(space)$(space)$(1) $(patsubst $(O)/%,%,$@))
endif

# $(call same,a,b): not empty if both are the same text
same = $(and $(findstring |$(strip $(1))|,|$(strip $(2))|),$(findstring |$(strip $(2))|,|$(strip $(1))|))

# $(call run,WORD,command): the recipe of a target that has FORCE among its prerequisites. It does
# nothing when no prerequisite is newer and the command is the one that made the target. The new
# command is recorded only after it succeeded, so a failed one is tried again. The target gets the
# time at which the command began: what was edited while it ran is newer, and is not overlooked.
run = $(if $(or $(filter-out FORCE,$?),$(if $(call same,$(2),$(file <$@.cmd)),,y)),$(call run-now,$(1),$(2)),@:)
define run-now
$(call say,$(1),$(2))$(file >$@.cmd.new,$(2))@$(2)
@touch -r $@.cmd.new $@ && mv $@.cmd.new $@.cmd
endef

# $(call need,tool,package): stop with the name of the package if a tool is missing
need = $(if $(shell command -v $(firstword $(1))),,$(error $(firstword $(1)) not found: apt-get install $(2)))

# $(call make-folders,files): make the folders of these files, when the Makefiles are read
make-folders = $(if $(strip $(1)),$(shell mkdir -p $(sort $(dir $(1)))))
