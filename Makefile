# Reprise. `make run` shows it, `make test` checks it; README.md lists every target.
#   SAN=1      AddressSanitizer and UndefinedBehaviorSanitizer
#   DEBUG=1    -O0 -g
#   CXX=...    g++ (default) or clang++-N
#   BUILD=dir  where everything generated goes (default: build, build-san, ...)
SHELL := /bin/bash
CXX ?= g++
ifeq ($(origin CXX),default)
CXX := g++
endif
CCACHE := $(shell command -v ccache 2>/dev/null)

variant := $(if $(findstring clang,$(CXX)),-clang)$(if $(SAN),-san)$(if $(DEBUG),-debug)
BUILD ?= build$(if $(variant),/$(patsubst -%,%,$(variant)))

WARN := -Wall -Wextra -Werror
OPT := $(if $(DEBUG),-O0,-O2)
ifdef SAN
OPT := -O1
SANFLAGS := -fsanitize=address -fsanitize=undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
endif
# -ffp-contract=off: the host's floating point must not fuse what the guest asked for separately.
CXXFLAGS := -std=c++20 -g1 $(OPT) $(WARN) -ffp-contract=off -fno-strict-aliasing -I. -I$(BUILD) $(SANFLAGS) $(EXTRA)
LIBS := -lboost_program_options -lcapstone -llz4 -lxxhash -lz -lmpfr -lgmp -lpthread

SOURCES := $(sort $(shell find cpu chipset storage net qmp replay -name '*.cc'))
OBJECTS := $(SOURCES:%.cc=$(BUILD)/obj/%.o)
TEST_SOURCES := $(sort $(shell find tests -name '*_test.cc'))
TEST_OBJECTS := $(TEST_SOURCES:%.cc=$(BUILD)/obj/%.o)
MAIN_SOURCES := $(sort $(shell find tools/reprise -name '*.cc' 2>/dev/null))
MAIN_OBJECTS := $(MAIN_SOURCES:%.cc=$(BUILD)/obj/%.o)

.PHONY: all clean
all: $(BUILD)/reprise

$(BUILD)/obj/%.o: %.cc
	@mkdir -p $(@D)
	$(CCACHE) $(CXX) $(CXXFLAGS) -MMD -MP -c $< -o $@

$(BUILD)/libreprise.a: $(OBJECTS)
	@rm -f $@
	ar rcs $@ $^

$(BUILD)/reprise: $(MAIN_OBJECTS) $(BUILD)/libreprise.a
	$(CXX) $(CXXFLAGS) $^ $(LIBS) -o $@

$(BUILD)/unit-tests: $(TEST_OBJECTS) $(BUILD)/libreprise.a
	$(CXX) $(CXXFLAGS) $^ $(LIBS) -lgtest -lgtest_main -o $@

clean:
	rm -rf build

-include $(OBJECTS:.o=.d) $(TEST_OBJECTS:.o=.d) $(MAIN_OBJECTS:.o=.d)
