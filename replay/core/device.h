// Device and the object tree: everything that has guest-visible state has a path in one tree.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "replay/core/check.h"
#include "replay/core/door.h"
#include "replay/core/irq_line.h"
#include "replay/core/scheduler.h"
#include "replay/core/state.h"

namespace reprise {

class Device;

// All devices by path. Iteration is in path order, the same on every host.
class ObjectTree {
 public:
  void add(Device& device);
  void remove(Device& device);
  Device* find(const std::string& path) const;
  const std::map<std::string, Device*>& all() const { return devices_; }

  // Reset phase 1 (own fields) of every device, then phase 2 (outputs settle), in path order.
  void reset();
  // Rebuilds derived values and line levels after a load, in path order, without edges.
  void settle();
  void state(State& s);  // every device under its path

 private:
  std::map<std::string, Device*> devices_;
};

// What every device is given at construction.
struct DeviceContext {
  ObjectTree& tree;
  Scheduler& scheduler;
  Door& door;
  std::string path;  // "/isa/serial0"
  DeviceContext child(const std::string& name) const {
    return {tree, scheduler, door, path + "/" + name};
  }
};

class Device {
 public:
  explicit Device(const DeviceContext& context) : tree_(context.tree), path_(context.path) {
    tree_.add(*this);
  }
  virtual ~Device() { tree_.remove(*this); }
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;

  const std::string& path() const { return path_; }
  virtual std::string_view kind() const = 0;  // "mc146818"
  virtual void reset() = 0;                   // own fields to their reset values; no outputs
  virtual void settle() {}                    // outputs and derived values from own fields
  virtual void state(State& s) = 0;           // each field once

 private:
  ObjectTree& tree_;
  std::string path_;
};

}  // namespace reprise
