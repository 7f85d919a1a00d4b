// States of a run that can be reached again at once: in the flight recorder of a live run, and near
// where a replay is looked at.
//
// A mark holds the devices' state and the place in the log; what memory and disks held is in layers
// between marks (replay/core/layered.h). Marks stand in order of time; the machine descends from
// one of them, and has run on since. Bounded: the oldest go, or every other one does.
#pragma once

#include <memory>
#include <vector>

#include "replay/core/layered.h"
#include "replay/core/machine.h"
#include "replay/core/result.h"
#include "replay/trace/place.h"

namespace reprise {

struct Mark {
  Position at;
  trace::Place place;
  std::vector<u8> objects;  // of save_objects(), lz4
  u64 objects_size = 0;     // before
};

class Timeline {
 public:
  static constexpr u64 kDefaultBudget = 256 << 20;

  explicit Timeline(Machine& machine);
  ~Timeline();

  // Beside memory: disks. It joins before the first mark, or after clear(), or its content has not
  // changed since any mark; it outlives the timeline or leaves.
  void join(Layered& member);
  void leave(Layered& member);
  void set_budget(u64 bytes) { budget_ = bytes; }
  u64 budget() const { return budget_; }

  const std::vector<Mark>& marks() const { return marks_; }
  bool empty() const { return marks_.empty(); }
  std::size_t here() const { return here_; }  // the mark that the machine came from
  bool at_last() const { return here_ + 1 == marks_.size(); }
  u64 bytes() const;

  // The machine's state now becomes a mark behind here().
  void mark(trace::Place place);
  // The machine has come, by running, to the mark behind here().
  void adopt();
  // Makes the machine what it was. The caller moves the log to the mark's place.
  void go(std::size_t mark);
  void clear();
  // Drops the oldest marks until the budget is kept, or one is left. At the last mark only.
  void drop_oldest();
  // Drops the last mark; the machine has just come from it, or gone to it.
  void drop_last() { forget(marks_.size() - 1); }
  // Drops every other mark before here() until the budget is kept, or few are left.
  void thin();

 private:
  void forget(std::size_t mark);
  std::vector<Layered*> all();

  Machine& machine_;
  u64 budget_ = kDefaultBudget;
  std::unique_ptr<Layered> pages_;
  std::vector<Layered*> members_;
  std::vector<Mark> marks_;
  std::size_t here_ = 0;
  u64 mark_bytes_ = 0;
};

}  // namespace reprise
