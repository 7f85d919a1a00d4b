// What can be put back to earlier states together with a machine: memory, contents of disks.
//
// States that can be reached again are called marks, numbered in order of time. Between two marks
// lies a layer: what changed there. A layer before the present state holds the older contents
// (undo), one behind it the newer ones (redo); going from mark to mark exchanges contents with the
// layers in between, so it costs what changed and nothing is copied.
#pragma once

#include <deque>
#include <map>
#include <utility>

#include "replay/core/check.h"
#include "replay/core/types.h"

namespace reprise {

class Layered {
 public:
  virtual ~Layered() = default;
  // The state now is a new mark, right behind the one that it came from.
  virtual void mark() = 0;
  // The state now is that of the next mark, which was reached by running.
  virtual void adopt() = 0;
  // The state becomes that of a mark.
  virtual void go(std::size_t mark) = 0;
  // A mark is dropped. Not the one that the state came from, unless it is the last.
  virtual void forget(std::size_t mark) = 0;
  // All marks are dropped; the state stays. mark() follows.
  virtual void clear() = 0;
  virtual u64 bytes() const = 0;  // of memory that layers take
};

// The bookkeeping: layers as maps from a place to a content. Exchange(key, content) swaps the
// content of a place with the one given.
template <class Key, class Content>
class LayerStack {
 public:
  using Layer = std::map<Key, Content>;

  // Where the old content of a place is to be kept before it changes; null: it is kept already.
  Content* keep(const Key& key) {
    Layer& layer = active();
    const auto [place, added] = layer.try_emplace(key);
    return added ? &place->second : nullptr;
  }
  bool keeps(const Key& key) const { return marks() > 0 && !active().contains(key); }
  std::size_t marks() const { return layers_.size(); }

  void mark() {
    if (layers_.empty()) {
      layers_.emplace_back();
      at_ = 0;
      return;
    }
    if (at_ + 1 == layers_.size()) {
      layers_.emplace_back();
    } else {
      // Everything that changed up to here changes up to the next mark, too.
      layers_.insert(layers_.begin() + std::ptrdiff_t(at_) + 1, std::move(layers_[at_]));
      layers_[at_] = std::exchange(scratch_, {});
    }
    ++at_;
  }

  void adopt() {
    check(at_ + 1 < layers_.size(), "no mark to adopt");
    layers_[at_] = std::exchange(scratch_, {});
    ++at_;
  }

  template <class Exchange>
  void go(std::size_t mark, Exchange&& exchange) {
    check(mark < layers_.size(), "no such mark");
    const auto swap = [&](Layer& layer) {
      for (auto& [key, content] : layer) exchange(key, content);
    };
    swap(active());
    active().clear();
    while (at_ > mark) swap(layers_[--at_]);
    while (at_ < mark) swap(layers_[at_++]);
  }

  void forget(std::size_t mark) {
    const bool last = at_ + 1 == layers_.size();
    check(mark < layers_.size() && (mark != at_ || (last && at_ > 0)), "this mark is needed");
    if (mark > 0) {
      // Of two old contents the older counts, of two new ones the newer.
      Layer &before = layers_[mark - 1], &after = layers_[mark];
      if (mark <= at_) {
        before.merge(after);
      } else {
        after.merge(before);
        before = std::move(after);
      }
    }
    layers_.erase(layers_.begin() + std::ptrdiff_t(mark));
    if (mark <= at_) --at_;
  }

  void clear() {
    layers_.clear();
    scratch_.clear();
    at_ = 0;
  }

  template <class Visit>
  void each_layer(Visit&& visit) const {
    for (const Layer& layer : layers_) visit(layer);
    visit(scratch_);
  }

 private:
  Layer& active() { return at_ + 1 == layers_.size() ? layers_.back() : scratch_; }
  const Layer& active() const { return at_ + 1 == layers_.size() ? layers_.back() : scratch_; }

  std::deque<Layer> layers_;  // [i]: between mark i and the next; the last: since the last mark
  Layer scratch_;             // since mark at_, if it is not the last
  std::size_t at_ = 0;        // the mark that the state came from
};

}  // namespace reprise
