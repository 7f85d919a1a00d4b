// What is in a drive, and how an operator changes it.
//
// A message of the port ":medium": u8 what; to insert, then u64 size, u8 read-only, u8 length and
// key, file (the rest), little-endian.
#include <algorithm>

#include "storage/drive/drive.h"

namespace reprise {
namespace {

enum Message : u8 { kEject = 1, kEjectByForce = 2, kInsert = 3 };
constexpr std::size_t kInsertHead = 11;

std::vector<u8> insert_message(const Medium& medium) {
  std::vector<u8> bytes{kInsert};
  for (unsigned i = 0; i < 8; ++i) bytes.push_back(u8(medium.size >> (8 * i)));
  bytes.push_back(medium.read_only);
  bytes.push_back(u8(medium.key.size()));
  bytes.insert(bytes.end(), medium.key.begin(), medium.key.end());
  bytes.insert(bytes.end(), medium.file.begin(), medium.file.end());
  return bytes;
}

}  // namespace

std::optional<Medium> Drive::inserted(std::span<const u8> bytes) {
  if (bytes.size() < kInsertHead || bytes[0] != kInsert) return {};
  Medium medium;
  for (unsigned i = 0; i < 8; ++i) medium.size |= u64(bytes[1 + i]) << (8 * i);
  medium.read_only = bytes[9] != 0;
  const std::size_t length = bytes[10];
  if (medium.size > kMaxImage || length > Drive::kMaxKey || bytes.size() < kInsertHead + length)
    return {};
  const auto key = bytes.subspan(kInsertHead, length), file = bytes.subspan(kInsertHead + length);
  medium.key.assign(key.begin(), key.end());
  medium.file.assign(file.begin(), file.end());
  return medium;
}

void Drive::insert(Medium medium) { put_in(std::move(medium)); }

Result<void> Drive::post_eject(bool force) {
  if (!removable()) return fail("the medium of drive " + id() + " cannot be removed");
  if (media_.door().post(media_, {u8(force ? kEjectByForce : kEject)})) return {};
  return fail("drive " + id() + ": too much waits at the door; try again");
}

Result<void> Drive::post_insert(Medium medium) {
  if (!removable()) return fail("the medium of drive " + id() + " cannot be changed");
  check(medium.key.size() <= kMaxKey, "a medium's key is too long");
  const std::string key = medium.key;
  const std::vector<u8> message = insert_message(medium);
  incoming_[key] = std::move(medium);
  if (media_.door().post(media_, message)) return {};
  incoming_.erase(key);
  return fail("drive " + id() + ": too much waits at the door; try again");
}

void Drive::receive_medium(std::span<const u8> bytes) {
  if (bytes.empty() || !removable()) return;
  if (bytes[0] == kEject || bytes[0] == kEjectByForce) {
    if (bytes[0] == kEject && client_ && client_->eject_refused()) return;
    take_out();
    tray_open_ = setup_.has_tray;
  } else if (bytes[0] == kInsert) {
    std::optional<Medium> medium = inserted(bytes);
    if (!medium) return;
    const auto here = incoming_.find(medium->key);
    if (here != incoming_.end()) {
      medium->node = std::move(here->second.node);
      incoming_.erase(here);
    } else if (medium_source_) {
      auto node = medium_source_(*medium);
      if (node) {
        medium->node = std::move(*node);
      } else if (media_.door().replaying()) {
        broken_ = node.error();
      }
    }
    take_out();
    put_in(std::move(*medium));
    tray_open_ = false;
  } else {
    return;
  }
  if (client_) client_->medium_changed();
}

void Drive::put_in(Medium medium) {
  inserted_ = true;
  capacity_ = medium.size / kSectorSize * kSectorSize;
  read_only_ = medium.read_only;
  key_ = medium.key;
  node_ = medium.node ? std::make_shared<FailedWrites>(medium.node) : nullptr;
  medium_ = std::move(medium);
}

// Requests in flight find no medium any more.
void Drive::take_out() {
  for (Request& request : requests_) {
    if (request.answered) continue;
    request.answered = true;
    request.error = kENOMEDIUM;
    request.job.reset();
  }
  gate_->fail(epoch_++);
  inserted_ = read_only_ = false;
  capacity_ = 0;
  key_.clear();
  node_.reset();
  medium_.reset();
}

// After a load: the medium that the state names.
void Drive::find_medium() {
  if (inserted_ && medium_ && medium_->key == key_) return;
  node_.reset();
  medium_.reset();
  if (!inserted_) return;
  medium_ = Medium{key_, "", capacity_, read_only_, nullptr};
  if (!medium_source_) return;
  if (auto node = medium_source_(*medium_)) {
    medium_->node = std::move(*node);
    node_ = std::make_shared<FailedWrites>(medium_->node);
  }
}

}  // namespace reprise
