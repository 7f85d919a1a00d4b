# Reprise. `make run` shows it, `make test` checks it.
#   deps     installs the Debian packages that are missing (tools/deps.list)
#   all      build/reprise, build/reprise-img, build/reprise-log
#   run      Debian's Linux to a shell on our own interpreter, recorded and played again
#   test     everything that is checked on each change; the last line is "N passed, N failed"
#   bench    our speed beside QEMU's on the same guest (PARTS=... for some of it); fuzz, soak: the long checks
#   lint     the rules of the layers; format: clang-format; clean
#   SAN=1      AddressSanitizer and UndefinedBehaviorSanitizer
#   DEBUG=1    -O0 -g
#   CXX=...    g++ (default) or clang++-N
#   BUILD=dir  where everything generated goes (default: build, build-san, ...)
SHELL := /bin/bash
ifeq ($(MAKELEVEL)$(filter -j%,$(MAKEFLAGS)),0)
MAKEFLAGS += -j$(shell nproc)
endif
CXX ?= g++
ifeq ($(origin CXX),default)
CXX := g++
endif
CCACHE := $(shell command -v ccache 2>/dev/null)

variant := $(if $(findstring clang,$(CXX)),-clang)$(if $(SAN),-san)$(if $(DEBUG),-debug)
BUILD ?= build$(if $(variant),/$(patsubst -%,%,$(variant)))

WARN := -Wall -Wextra -Werror
# The interpreter's dispatch relies on calls that become jumps: cpu/op.h.
OPT := $(if $(DEBUG),-O0,-O2 -foptimize-sibling-calls -DREPRISE_SIBLING_CALLS)
ifdef SAN
OPT := -O1
SANFLAGS := -fsanitize=address -fsanitize=undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
endif
# -ffp-contract=off: the host's floating point must not fuse what the guest asked for separately.
# -fno-tree-slp-vectorize: pairs of fields in a vector register slow the interpreter's handlers.
CXXFLAGS := -std=c++20 -g1 $(OPT) $(WARN) -ffp-contract=off -fno-strict-aliasing -fno-tree-slp-vectorize -I. -I$(BUILD) $(SANFLAGS) $(EXTRA)
LIBS := -lboost_program_options -lcapstone -llz4 -lxxhash -lz -lmpfr -lgmp -lpng -lncursesw -lpthread
# A window (-display sdl), where SDL is there to build with.
ifeq ($(shell pkg-config --exists sdl2 2>/dev/null && echo yes),yes)
LIBS += $(shell pkg-config --libs sdl2)
SDL_FLAGS := -DREPRISE_SDL
endif

SOURCES := $(sort $(shell find cpu chipset storage net qmp replay -name '*.cc'))
TEST_SOURCES := $(sort $(shell find tests -name '*_test.cc') $(wildcard tests/support/*.cc tests/contract/*.cc tests/silicon/*.cc tests/rubbish/*.cc))
MAIN_SOURCES := $(sort $(shell find tools/reprise -name '*.cc' 2>/dev/null))
# What the command line's tests need of the program, without its main().
TEST_LINKS := $(filter-out tools/reprise/main.cc,$(MAIN_SOURCES))
PROGRAM_SOURCES := $(sort $(wildcard tools/program/*.cc)) tools/reprise/suboptions.cc
IMG_SOURCES := $(sort $(wildcard tools/reprise-img/*.cc))
LOG_SOURCES := $(sort $(wildcard tools/reprise-log/*.cc))
objects = $(1:%.cc=$(BUILD)/obj/%.o)
ALL_OBJECTS := $(call objects,$(SOURCES) $(TEST_SOURCES) $(MAIN_SOURCES) $(PROGRAM_SOURCES) $(IMG_SOURCES) $(LOG_SOURCES))

.PHONY: all deps run test bench fuzz soak lint format clean
all: $(BUILD)/reprise $(BUILD)/reprise-img $(BUILD)/reprise-log

# Option ROMs are assembled and embedded: #include "gen/NAME.rom.h".
ROMS := $(patsubst chipset/firmware/rom/%.S,$(BUILD)/gen/%.rom.h,$(wildcard chipset/firmware/rom/*.S))
$(BUILD)/gen/%.rom.h: chipset/firmware/rom/%.S $(wildcard chipset/firmware/rom/*.inc chipset/firmware/rom/*.sh)
	@mkdir -p $(@D)
	chipset/firmware/rom/mkrom.sh $< $(@:.h=)
# The built-in guest likewise: #include "gen/builtin_guest.h".
BUILTIN := tests/guests/builtin
$(BUILD)/gen/builtin_guest.h: $(wildcard $(BUILTIN)/*)
	@mkdir -p $(@D)
	$(BUILTIN)/mkbuiltin.sh $(@:.h=)
# QMP's schema likewise: #include "gen/qmp_schema.h".
$(BUILD)/gen/qmp_schema.h: $(wildcard qmp/schema/*.json) qmp/schema/mkschema.sh
	@mkdir -p $(@D)
	qmp/schema/mkschema.sh $@
# The firmware of tests/rubbish.
$(BUILD)/gen/rubbish_guest.h: tests/rubbish/guest.asm tests/rubbish/mkguest.sh
	@mkdir -p $(@D)
	tests/rubbish/mkguest.sh $@
$(ALL_OBJECTS): | $(ROMS) $(BUILD)/gen/qmp_schema.h $(BUILD)/gen/builtin_guest.h $(BUILD)/gen/rubbish_guest.h

$(BUILD)/obj/chipset/host/display_sdl.o: CXXFLAGS += $(SDL_FLAGS)
# Handlers end in indirect jumps. Processors find the target of one that varies by the line it lies in: two
# of them in a line are mispredicted, or cost several clocks (Zen 4). Those of the x87 do more each, and gain nothing.
ALIGNED := $(filter-out cpu/exec/x87%,$(wildcard cpu/exec/*.cc cpu/timing/*.cc))
$(call objects,$(ALIGNED)): CXXFLAGS += -falign-functions=64
# The tests' own code is compiled faster so, and runs nearly as fast.
$(BUILD)/obj/tests/%.o: CXXFLAGS += $(if $(DEBUG),,-O1)
$(BUILD)/obj/%.o: %.cc
	@mkdir -p $(@D)
	@echo "  $(CXX) $<"
	@$(CCACHE) $(CXX) $(CXXFLAGS) -MMD -MP -c $< -o $@

$(BUILD)/libreprise.a: $(call objects,$(SOURCES))
	@rm -f $@
	@ar qcs $@ $^  # r would keep one of two files of one name

$(BUILD)/reprise: $(call objects,$(MAIN_SOURCES)) $(BUILD)/libreprise.a
	@echo "  link $@"
	@$(CXX) $(CXXFLAGS) $^ $(LIBS) -o $@

$(BUILD)/reprise-img: $(call objects,$(IMG_SOURCES) $(PROGRAM_SOURCES)) $(BUILD)/libreprise.a
	@echo "  link $@"
	@$(CXX) $(CXXFLAGS) $^ -lpthread -o $@

# What it needs of the program that records: machines from recordings.
LOG_LINKS := $(addprefix tools/reprise/,divergence.cc qmp_child.cc reference_run.cc replay_machine.cc replay_options.cc disks.cc files.cc check_kernel.cc builtin_guest.cc test_faults.cc)
$(BUILD)/reprise-log: $(call objects,$(LOG_SOURCES) $(PROGRAM_SOURCES) $(LOG_LINKS)) $(BUILD)/libreprise.a
	@echo "  link $@"
	@$(CXX) $(CXXFLAGS) $^ $(LIBS) -o $@

$(BUILD)/unit-tests: $(call objects,$(TEST_SOURCES) $(TEST_LINKS)) $(BUILD)/libreprise.a
	@echo "  link $@"
	@$(CXX) $(CXXFLAGS) $^ $(LIBS) -lgtest -lgtest_main -o $@

# A part of them, which tests/fuzz.sh runs under the sanitizers.
$(BUILD)/rubbish-tests: $(call objects,$(wildcard tests/rubbish/*.cc)) $(BUILD)/libreprise.a
	@echo "  link $@"
	@$(CXX) $(CXXFLAGS) $^ $(LIBS) -lgtest -lgtest_main -o $@

# A firmware image that measures the interpreter; see `make bench`.
$(BUILD)/loop.bin: tests/guests/loop/loop.asm
	@mkdir -p $(@D)
	nasm -f bin -DITERATIONS=60000000 -o $@ $<
	@echo 600000000 >$(BUILD)/loop.count

deps:
	@tools/deps.sh tools/deps.list $(DEPS_MORE)

# These call make again because what `deps` installs decides how to build.
run: deps
	+@$(MAKE) --no-print-directory all
	@BUILD=$(BUILD) tools/run.sh

test: DEPS_MORE := tools/deps-test.list
test: deps
	+@start=$$SECONDS; $(MAKE) --no-print-directory all $(BUILD)/unit-tests && \
	    echo "== build: $$((SECONDS - start)) s"
	@BUILD=$(BUILD) tests/run.sh $(PARTS)

bench: DEPS_MORE := tools/deps-test.list
bench: deps
	+@$(MAKE) --no-print-directory all
	@BUILD=$(BUILD) tools/bench/run.sh $(PARTS)

fuzz soak: DEPS_MORE := tools/deps-test.list
fuzz soak: deps
	+@$(MAKE) --no-print-directory all $(BUILD)/unit-tests
	@BUILD=$(BUILD) tests/$@.sh

lint:
	@tests/lint/run.sh

format: DEPS_MORE := tools/deps-test.list
format: deps
	clang-format -i $(SOURCES) $(TEST_SOURCES) $(MAIN_SOURCES) $(PROGRAM_SOURCES) $(IMG_SOURCES) $(LOG_SOURCES) $$(git ls-files '*.h')

clean:
	rm -rf build

-include $(ALL_OBJECTS:.o=.d)
