#include "replay/core/device.h"

namespace reprise {

void ObjectTree::add(Device& device) {
  check(devices_.emplace(device.path(), &device).second, "two devices share a path");
}

void ObjectTree::remove(Device& device) { devices_.erase(device.path()); }

Device* ObjectTree::find(const std::string& path) const {
  const auto it = devices_.find(path);
  return it == devices_.end() ? nullptr : it->second;
}

void ObjectTree::reset() {
  for (const auto& [path, device] : devices_) device->reset();
  settle();
}

void ObjectTree::settle() {
  for (const auto& [path, device] : devices_) device->settle();
}

void ObjectTree::state(State& s) {
  for (const auto& [path, device] : devices_) s(path, *device);
}

}  // namespace reprise
