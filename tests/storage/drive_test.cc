#include "storage/drive/drive.h"

#include <gtest/gtest.h>

#include "replay/core/state_readers.h"
#include "tests/storage/faulty_node.h"
#include "tests/support/test_board.h"

namespace reprise {
namespace {

// Does its jobs when it is told to.
class HeldWorker final : public IoWorker {
 public:
  explicit HeldWorker(std::deque<std::function<void()>>& jobs) : jobs_(jobs) {}
  ~HeldWorker() override { run(); }
  void submit(std::function<void()> job) override { jobs_.push_back(std::move(job)); }
  void run() {
    for (; !jobs_.empty(); jobs_.pop_front()) jobs_.front()();
  }

 private:
  std::deque<std::function<void()>>& jobs_;
};

struct Client final : DriveClient {
  struct Done {
    u32 tag;
    int error;
    std::vector<u8> data;
    Cycles at;
  };
  void drive_done(u32 tag, int error, std::span<const u8> data) override {
    done.push_back({tag, error, {data.begin(), data.end()}, scheduler->now()});
    if (next) next();
  }
  void medium_changed() override { ++changes; }
  bool tray_locked() const override { return locked; }
  Scheduler* scheduler = nullptr;
  std::vector<Done> done;
  std::function<void()> next;
  unsigned changes = 0;
  bool locked = false;
};

// A log of what is asked of the host, and a source that gives it back.
struct Answers final : DoorLog, DoorSource {
  struct Answer {
    Position at;
    std::string port;
    u64 value;
    friend bool operator==(const Answer&, const Answer&) = default;
  };
  std::deque<Answer> kept, source;
  void input(Position, const Port&, std::span<const u8>) override {}
  void answer(Position at, const Port& port, u64 value) override {
    kept.push_back({at, port.name(), value});
  }
  void output(Position, const Port&, std::span<const u8>) override {}
  Position next() override { return {kNever, kNever}; }
  std::pair<std::string, std::vector<u8>> take() override { return {}; }
  u64 answer(Position at, const Port& port) override {
    const Answer answer = source.front();
    source.pop_front();
    EXPECT_EQ(answer.at, at);
    EXPECT_EQ(answer.port, port.name());
    return answer.value;
  }
  bool answerable(Position) override { return !source.empty(); }
  void refused(const std::string&) override {}
};

constexpr u64 kSize = 1 << 20;

struct Rig {
  explicit Rig(bool held = false, DriveSetup setup = {.id = "d"}) {
    std::unique_ptr<IoWorker> worker = std::make_unique<InlineWorker>();
    if (held) worker = std::make_unique<HeldWorker>(jobs);
    drive = std::make_unique<Drive>(board.context("/drive/d"), setup, std::move(worker));
    for (std::size_t i = 0; i < kSize; ++i) node->bytes[i] = u8(i * 7 + (i >> 9));
    drive->insert({"d", "d.img", kSize, false, node});
    client.scheduler = &board.scheduler;
    drive->connect(client);
    board.tree.reset();
    board.door.record(&answers);
  }
  ~Rig() { board.door.record(nullptr); }
  void work(std::size_t count = 1) {
    ASSERT_LT(++turns_, 10'000u) << "the machine waits for ever";
    for (; count && !jobs.empty(); --count) {
      auto job = std::move(jobs.front());
      jobs.pop_front();
      job();
    }
  }
  // As the board: to the next boundary that matters, answers first. False: the machine waits.
  bool run_to(Cycles cycle) {
    for (;;) {
      const Cycles next = std::min(board.scheduler.deadline(), cycle);
      board.scheduler.set_now(std::max(board.scheduler.now(), next));
      if (!drive->settle_due()) return false;
      board.scheduler.run_due();
      if (next == cycle && board.scheduler.deadline() > cycle) return true;
    }
  }
  bool finish() { return run_to(board.scheduler.now() + 1'000'000'000); }
  std::vector<u8> save() { return save_objects(board.tree); }

  unsigned turns_ = 0;
  TestBoard board;
  std::deque<std::function<void()>> jobs;
  std::shared_ptr<FaultyNode> node = std::make_shared<FaultyNode>(kSize);
  Client client;
  Answers answers;
  std::unique_ptr<Drive> drive;
};

std::vector<u8> filled(std::size_t size, u8 value) { return std::vector<u8>(size, value); }

TEST(Drive, GivesWhatIsThereAtTheTimeOfTheModel) {
  Rig rig;
  rig.drive->read(7, 4096, 512);
  EXPECT_TRUE(rig.drive->busy());
  EXPECT_EQ(rig.board.scheduler.deadline(), 100'000u + 1024);  // 512 bytes at 500 MB/s
  rig.drive->read(8, 4608, 512);                               // it follows: no seek
  ASSERT_TRUE(rig.finish());
  ASSERT_EQ(rig.client.done.size(), 2u);
  EXPECT_EQ(rig.client.done[0].tag, 7u);
  EXPECT_EQ(rig.client.done[0].at, 101'024u);
  EXPECT_EQ(rig.client.done[1].at, 101'024u + 20'000 + 1024);
  EXPECT_EQ(rig.client.done[0].error, 0);
  EXPECT_EQ(rig.client.done[0].data,
            std::vector<u8>(rig.node->bytes.begin() + 4096, rig.node->bytes.begin() + 4608));
  EXPECT_FALSE(rig.drive->busy());
}

TEST(Drive, AWriteTakesItsDataAtSubmission) {
  Rig rig(true);
  std::vector<u8> data = filled(1024, 0xAB);
  rig.drive->write(1, 0, data);
  data.assign(1024, 0);
  rig.drive->read(2, 512, 1024);
  rig.work(2);
  ASSERT_TRUE(rig.finish());
  ASSERT_EQ(rig.client.done.size(), 2u);
  EXPECT_EQ(rig.node->bytes[0], 0xAB);
  EXPECT_EQ(rig.client.done[1].data[511], 0xAB);
  EXPECT_NE(rig.client.done[1].data[512], 0xAB);
}

// However late the worker is, the guest sees the same at the same cycles.
TEST(Drive, TheMachineWaitsForALateWorker) {
  Rig prompt, late(true);
  unsigned woken = 0;
  late.drive->on_ready([&] { ++woken; });
  for (Rig* rig : {&prompt, &late}) {
    rig->drive->read(1, 0, 4096);
    rig->drive->write(2, 65536, filled(512, 1));
    rig->drive->flush(3);
  }
  ASSERT_TRUE(prompt.finish());
  while (!late.finish()) {
    EXPECT_EQ(late.board.scheduler.now(), prompt.client.done[late.client.done.size()].at);
    EXPECT_FALSE(late.drive->settle_due());
    late.work();
  }
  EXPECT_EQ(woken, 3u);
  ASSERT_EQ(late.client.done.size(), 3u);
  for (unsigned i = 0; i < 3; ++i) {
    EXPECT_EQ(late.client.done[i].at, prompt.client.done[i].at);
    EXPECT_EQ(late.client.done[i].data, prompt.client.done[i].data);
  }
  EXPECT_EQ(late.answers.kept, prompt.answers.kept);
  EXPECT_EQ(late.save(), prompt.save());
}

TEST(Drive, AllThatIsDueAtABoundaryIsAskedBeforeTimers) {
  Rig rig;
  rig.drive->read(1, 0, 512);
  rig.drive->read(2, 512, 512);
  rig.drive->read(3, 90'112, 512);
  rig.client.next = [&] { EXPECT_EQ(rig.answers.kept.size(), 3u); };
  rig.board.scheduler.set_now(10'000'000);  // one long instruction
  ASSERT_TRUE(rig.drive->settle_due());
  rig.board.scheduler.run_due();
  EXPECT_EQ(rig.client.done.size(), 3u);
}

TEST(Drive, ARequestIsNeverDueWhereItIsMade) {
  Rig rig(false, {.id = "d", .latency = {0, 0, ~u64(0), 0}});
  unsigned left = 5;
  rig.client.next = [&] {
    if (left--) rig.drive->read(left, 0, 512);
  };
  rig.drive->flush(9);
  ASSERT_TRUE(rig.finish());
  ASSERT_EQ(rig.client.done.size(), 6u);
  for (unsigned i = 0; i < 6; ++i) EXPECT_EQ(rig.client.done[i].at, i + 1);
}

TEST(Drive, ReportsErrors) {
  Rig rig(false, {.id = "d", .werror = OnError::Report});
  rig.node->fault = [](char op, u64) { return op == 'r' ? kEIO : kENOSPC; };
  rig.drive->read(1, 0, 512);
  rig.drive->write(2, 0, filled(512, 1));
  rig.drive->flush(3);
  ASSERT_TRUE(rig.finish());
  ASSERT_EQ(rig.client.done.size(), 3u);
  EXPECT_EQ(rig.client.done[0].error, kEIO);
  EXPECT_TRUE(rig.client.done[0].data.empty());
  EXPECT_EQ(rig.client.done[1].error, kENOSPC);
  EXPECT_EQ(rig.client.done[2].error, kENOSPC);  // what failed was tried again
}

TEST(Drive, IgnoredErrorsReadAsZeros) {
  Rig rig(false, {.id = "d", .rerror = OnError::Ignore, .werror = OnError::Ignore});
  rig.node->fault = [](char, u64) { return kEIO; };
  rig.drive->read(1, 0, 512);
  rig.drive->write(2, 0, filled(512, 1));
  ASSERT_TRUE(rig.finish());
  ASSERT_EQ(rig.client.done.size(), 2u);
  EXPECT_EQ(rig.client.done[0].error, 0);
  EXPECT_EQ(rig.client.done[0].data, filled(512, 0));
  EXPECT_EQ(rig.client.done[1].error, 0);
}

// What failed is done before what was asked after it.
TEST(Drive, StopsAndTriesAgainInOrder) {
  Rig rig(false, {.id = "d", .rerror = OnError::Stop});
  bool full = true;
  rig.node->fault = [&](char op, u64) { return full && op == 'w' ? kENOSPC : 0; };
  rig.drive->write(1, 0, filled(1024, 1));
  rig.drive->write(2, 512, filled(1024, 2));
  rig.drive->read(3, 0, 2048);
  EXPECT_FALSE(rig.finish());
  EXPECT_EQ(rig.drive->stopped(), kENOSPC);
  EXPECT_EQ(rig.drive->stop_message(), "injected");
  const Cycles at = rig.board.scheduler.now();
  rig.drive->retry();
  EXPECT_FALSE(rig.finish());  // still full
  full = false;
  rig.drive->retry();
  ASSERT_TRUE(rig.finish());
  ASSERT_EQ(rig.client.done.size(), 3u);
  EXPECT_EQ(rig.client.done[0].at, at);
  EXPECT_EQ(rig.client.done[2].data[0], 1);
  EXPECT_EQ(rig.client.done[2].data[512], 2);
  EXPECT_EQ(rig.client.done[2].data[1535], 2);
  // A replay is told so, and goes on at once: the host of the replay has no errors.
  Rig replay(false, {.id = "d"});
  replay.answers.source = rig.answers.kept;
  replay.board.door.replay(&replay.answers);
  replay.drive->write(1, 0, filled(1024, 1));
  replay.drive->write(2, 512, filled(1024, 2));
  replay.drive->read(3, 0, 2048);
  ASSERT_TRUE(replay.finish());
  EXPECT_EQ(replay.client.done[2].data, rig.client.done[2].data);
  EXPECT_EQ(replay.client.done[0].at, at);
  EXPECT_EQ(replay.save(), rig.save());
}

TEST(Drive, NothingIsDoneBehindAFailureUntilItIsDecided) {
  Rig rig(false, {.id = "d", .werror = OnError::Stop});
  rig.node->fault = [](char, u64 n) { return n == 0 ? kENOSPC : 0; };
  rig.drive->write(1, 0, filled(512, 1));
  rig.drive->write(2, 512, filled(512, 2));
  EXPECT_FALSE(rig.finish());
  EXPECT_EQ(rig.node->log, "w0+512 ");
  rig.drive->retry();
  ASSERT_TRUE(rig.finish());
  EXPECT_EQ(rig.node->log, "w0+512 w0+512 w512+512 ");
}

// A failed write that is reported: the guest reads what it wrote, live and in a replay.
TEST(Drive, WhatAFailedWriteLeavesIsTheSameInAReplay) {
  Rig live(true, {.id = "d", .werror = OnError::Report}), replay(true);
  live.node->fault = [](char op, u64 n) { return op == 'w' && n == 1 ? kEIO : 0; };
  for (Rig* rig : {&live, &replay}) {
    rig->drive->read(1, 0, 4096);
    rig->drive->write(2, 512, filled(1024, 9));
    rig->drive->read(3, 0, 4096);
    rig->drive->write(4, 1024, filled(256, 8));
    rig->drive->read(5, 0, 4096);
  }
  while (!live.finish()) live.work();
  replay.answers.source = live.answers.kept;
  replay.board.door.replay(&replay.answers);
  while (!replay.finish()) {
    ASSERT_FALSE(replay.jobs.empty());
    replay.work();
  }
  ASSERT_EQ(replay.client.done.size(), 5u);
  EXPECT_EQ(replay.client.done[1].error, kEIO);
  for (unsigned i = 0; i < 5; ++i) {
    EXPECT_EQ(replay.client.done[i].error, live.client.done[i].error) << i;
    EXPECT_EQ(replay.client.done[i].data, live.client.done[i].data) << i;
  }
  EXPECT_EQ(replay.save(), live.save());
}

TEST(Drive, AReplayWhoseHostFailsIsBroken) {
  Rig rig;
  rig.answers.source.push_back({{21'024, 21'024}, "/drive/d:result", 0});
  rig.board.door.replay(&rig.answers);
  rig.node->fault = [](char, u64) { return kEIO; };
  rig.drive->read(1, 0, 512);
  EXPECT_FALSE(rig.finish());
  ASSERT_TRUE(rig.drive->broken());
  EXPECT_EQ(rig.drive->broken()->message, "injected");
}

TEST(Drive, AReplayWaitsWhereTheRecordingEndedInWaiting) {
  Rig live(true), replay;
  for (Rig* rig : {&live, &replay}) rig->drive->read(1, 0, 512);
  EXPECT_FALSE(live.finish());
  replay.board.door.replay(&replay.answers);
  EXPECT_FALSE(replay.finish());
  EXPECT_EQ(replay.save(), live.save());
}

TEST(Drive, AbandonedRequestsSayNothingAndTakeEffect) {
  Rig rig(true);
  rig.drive->write(1, 0, filled(512, 3));
  rig.drive->read(2, 0, 512);
  rig.drive->abandon();
  EXPECT_FALSE(rig.drive->busy());
  rig.drive->read(3, 0, 512);
  EXPECT_TRUE(rig.drive->busy());
  rig.work(3);
  ASSERT_TRUE(rig.finish());
  ASSERT_EQ(rig.client.done.size(), 1u);
  EXPECT_EQ(rig.client.done[0].tag, 3u);
  EXPECT_EQ(rig.client.done[0].data, filled(512, 3));
}

TEST(Drive, AGuestThatResetsAgainAndAgainIsBounded) {
  Rig rig(true);
  unsigned accepted = 0;
  for (unsigned i = 0; i < 1000 && rig.drive->accepts(); ++i, ++accepted) {
    rig.drive->write(i, 0, filled(512, 1));
    rig.drive->abandon();
  }
  EXPECT_EQ(accepted, Drive::kMaxInFlight);
  rig.work(1000);
  ASSERT_TRUE(rig.finish());
  EXPECT_TRUE(rig.drive->accepts());
}

// A machine saved with requests in flight goes on elsewhere as it does here. The disk there holds
// what this one holds now.
TEST(Drive, ALoadSubmitsRequestsAgain) {
  for (const std::size_t done : {0u, 1u, 2u, 3u, 4u}) {
    Rig a(true), b(true);
    a.drive->read(1, 0, 1024);
    a.drive->write(2, 512, filled(1024, 5));  // held back by the read
    a.drive->read(3, 0, 2048);
    a.drive->discard(4, 1024, 512);
    ASSERT_TRUE(a.run_to(20'000));
    a.work(done);
    b.board.scheduler.set_now(20'000);
    b.node->bytes = a.node->bytes;
    b.drive->read(77, 0, 512);  // of another past
    ASSERT_TRUE(load_objects(b.board.tree, a.save()).ok());
    EXPECT_EQ(b.save(), a.save());
    while (!a.finish()) a.work();
    while (!b.finish()) b.work();
    ASSERT_EQ(b.client.done.size(), 4u);
    for (unsigned i = 0; i < 4; ++i) {
      EXPECT_EQ(b.client.done[i].at, a.client.done[i].at);
      EXPECT_EQ(b.client.done[i].data, a.client.done[i].data) << i;
    }
    EXPECT_EQ(b.node->bytes, a.node->bytes);
    // The request after that is exact too: it knows where the head stands.
    for (Rig* rig : {&a, &b}) rig->drive->read(5, 2048, 512);
    EXPECT_EQ(b.board.scheduler.deadline(), a.board.scheduler.deadline());
  }
}

TEST(Drive, TheStateTellsWhatWasWritten) {
  Rig a, b;
  a.drive->write(1, 0, filled(512, 1));
  b.drive->write(1, 0, filled(512, 2));
  ASSERT_TRUE(a.finish() && b.finish());
  EXPECT_NE(a.save(), b.save());
}

TEST(Drive, MediaComeAndGoThroughTheDoor) {
  Rig rig(false, {.id = "d", .removable = true, .has_tray = true});
  rig.client.locked = true;
  ASSERT_TRUE(rig.drive->post_eject(false).ok());
  rig.board.run(0);
  EXPECT_TRUE(rig.drive->present());
  rig.drive->read(1, 0, 512);
  ASSERT_TRUE(rig.drive->post_eject(true).ok());
  EXPECT_TRUE(rig.drive->present());
  rig.board.run(0);
  EXPECT_FALSE(rig.drive->present());
  EXPECT_TRUE(rig.drive->tray_open());
  EXPECT_EQ(rig.client.changes, 1u);
  ASSERT_TRUE(rig.finish());
  ASSERT_EQ(rig.client.done.size(), 1u);
  EXPECT_EQ(rig.client.done[0].error, kENOMEDIUM);

  auto other = std::make_shared<FaultyNode>(3000);
  ASSERT_TRUE(rig.drive->post_insert({"d#2", "two.iso", 3000, true, other}).ok());
  rig.board.run(0);
  EXPECT_TRUE(rig.drive->present());
  EXPECT_EQ(rig.drive->size(), 2560u);
  EXPECT_TRUE(rig.drive->read_only());
  EXPECT_EQ(rig.drive->medium()->file, "two.iso");
  rig.drive->guest_eject();
  EXPECT_FALSE(rig.drive->present());
  rig.drive->guest_load();
  EXPECT_TRUE(rig.drive->present());
  rig.drive->write(2, 0, filled(512, 1));
  ASSERT_TRUE(rig.finish());
  EXPECT_EQ(rig.client.done[1].error, kEROFS);
}

TEST(Drive, HostileMediumMessages) {
  Rig rig(false, {.id = "d", .removable = true});
  std::vector<u8> message{3, 0, 2, 0, 0, 0, 0, 0, 0, 0, 5, 'd', '#', '2', '3', '4', 'f'};
  for (std::size_t length = 0; length < message.size() - 1; ++length)
    rig.board.post("/drive/d:medium", {message.begin(), message.begin() + std::ptrdiff_t(length)});
  rig.board.post("/drive/d:medium", {9});
  message[8] = 0xFF;  // too large
  rig.board.post("/drive/d:medium", message);
  EXPECT_EQ(rig.drive->medium()->key, "d");
  message[8] = 0;
  rig.board.post("/drive/d:medium", message);
  EXPECT_EQ(rig.drive->medium()->key, "d#234");
  rig.drive->read(1, 0, 512);  // nobody knows this medium
  ASSERT_TRUE(rig.finish());
  EXPECT_EQ(rig.client.done[0].error, kENOMEDIUM);
}

}  // namespace
}  // namespace reprise
