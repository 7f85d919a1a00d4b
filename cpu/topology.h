// How vCPUs are arranged in packages: -smp cores=, threads=. Their APIC ids follow from it.
//
// Source: Intel SDM volume 3, 9.9.1: an id is the package's number, the core's in it and the
// thread's in that, each field as wide as its numbers need.
#pragma once

#include <bit>

#include "replay/core/types.h"

namespace reprise::cpu {

struct Topology {
  unsigned cores = 1;    // in a package
  unsigned threads = 1;  // in a core

  unsigned per_package() const { return cores * threads; }
  unsigned packages(unsigned cpus) const { return (cpus + per_package() - 1) / per_package(); }
  // Where the fields above begin.
  unsigned core_bit() const { return unsigned(std::bit_width(threads - 1)); }
  unsigned package_bit() const { return core_bit() + unsigned(std::bit_width(cores - 1)); }
  u32 apic_id(unsigned index) const {
    const unsigned thread = index % threads, core = index / threads % cores;
    return index / per_package() << package_bit() | core << core_bit() | thread;
  }
};

}  // namespace reprise::cpu
