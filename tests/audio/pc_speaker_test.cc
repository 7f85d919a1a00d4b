#include "chipset/audio/pc_speaker.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <iterator>

#include "chipset/host/wav_audio.h"
#include "tests/support/interrupt_parts.h"
#include "tests/support/test_board.h"

namespace reprise {
namespace {

struct Speaker : testing::Test {
  TestBoard board;
  I8254 pit{board.context("/pit"), IrqLine(board.pins, 0)};
  PcPort61 port61{board.context("/port61"), pit, IrqLine(board.pins, 1)};
  PcSpeaker speaker{board.context("/speaker"), pit, port61};
  std::vector<SpeakerChange> changes;
  SpeakerWaveform waveform{48000};
  std::vector<i16> samples;

  Speaker() {
    speaker.out().connect([this](std::span<const u8> bytes) {
      changes.push_back(SpeakerChange::from(bytes).value());
      waveform.render_to(changes.back().tick, samples);
      waveform.change(changes.back());
    });
    board.tree.reset();
  }
  void tone(u16 count) {
    out8(pit, 3, 0xb6);
    out8(pit, 2, u8(count));
    out8(pit, 2, u8(count >> 8));
  }
  void listen(Cycles cycles) {
    board.run(cycles);
    waveform.render_to(pit.ticks(), samples);
  }
  unsigned rises() const {
    unsigned count = 0;
    for (std::size_t i = 1; i < samples.size(); ++i)
      count += samples[i - 1] < 4000 && samples[i] >= 4000;
    return count;
  }
};

TEST_F(Speaker, PlaysATone) {
  tone(1193);  // 1000.15 Hz
  EXPECT_TRUE(changes.empty());
  out8(port61, 0, 3);
  listen(1'000'000'000);
  EXPECT_NEAR(double(samples.size()), 48000, 1);
  EXPECT_NEAR(rises(), 1000, 1);
  EXPECT_LE(changes.size(), 2u);  // gate and data
  EXPECT_EQ(board.scheduler.deadline(), kNever);
  out8(port61, 0, 0);
  const std::size_t before = samples.size();
  listen(3'000'000'000);
  EXPECT_EQ(samples.size(), before + 48000);  // no more than a second of silence
  EXPECT_TRUE(std::all_of(samples.begin() + i64(before) + 1, samples.end(),
                          [](i16 sample) { return sample == 0; }));
}

// What the counter does, a second at a time, against its own OUT tick by tick.
TEST_F(Speaker, SamplesAreTheMeanOfTheOutput) {
  tone(100);
  out8(port61, 0, 3);
  const u64 from = pit.ticks();
  std::vector<u64> high;
  const PitCounter counter = pit.counter2();
  listen(10'000'000);
  for (std::size_t i = from ? 1 : 0; i < samples.size(); ++i) {
    const u64 begin = i * I8254::kHz / 48000, end = (i + 1) * I8254::kHz / 48000;
    u64 out = 0;
    for (u64 tick = begin; tick < end; ++tick) out += counter.out(tick);
    ASSERT_EQ(samples[i], i16(out * 8000 / (end - begin))) << i;
  }
}

TEST_F(Speaker, FastCountsAreSilentAndFloodNothing) {
  out8(port61, 0, 3);
  for (const u16 count : {0, 1, 2, 3}) {
    changes.clear();
    tone(count);
    EXPECT_LE(changes.size(), 3u);
    changes.clear();
    const std::size_t before = samples.size();
    listen(100'000'000);
    EXPECT_NEAR(double(samples.size() - before), 4800, 1);
    EXPECT_TRUE(changes.empty());
    EXPECT_EQ(board.scheduler.deadline(), kNever);
  }
  EXPECT_NEAR(samples.back(), 16 * 8000 / 24, 700);  // 2 of 3 clocks
  listen(u64(86'400'000'000'000));                   // a day of it is cut after a minute
  EXPECT_LT(samples.size(), 61u * 48000);
}

TEST_F(Speaker, IsSilencedByReset) {
  tone(1000);
  out8(port61, 0, 3);
  board.run(1000);
  board.tree.reset();
  ASSERT_FALSE(changes.empty());
  EXPECT_FALSE(changes.back().on);
}

u32 word(const std::string& bytes, std::size_t at) {
  u32 value = 0;
  for (unsigned i = 0; i < 4; ++i) value |= u32(u8(bytes[at + i])) << (8 * i);
  return value;
}

TEST_F(Speaker, AWavFileIsWholeWhileItIsWritten) {
  const std::string path = testing::TempDir() + "speaker" + std::to_string(getpid()) + ".wav";
  const auto read = [&path] {
    std::ifstream file(path, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {});
  };
  auto options = AudiodevOptions::parse("wav,id=a,path=" + path + ",out.frequency=8000");
  ASSERT_TRUE(options.ok());
  auto wav = WavAudio::open(*options).value();
  EXPECT_EQ(read().size(), 44u);
  wav->connect_to(speaker.out());
  tone(1193);
  out8(port61, 0, 3);
  board.run(2'500'000'000);
  wav->advance(pit.ticks());
  const std::string bytes = read();
  ASSERT_GT(bytes.size(), 16000u);
  EXPECT_EQ(bytes.substr(0, 4) + bytes.substr(8, 8), "RIFFWAVEfmt ");
  EXPECT_EQ(word(bytes, 4), bytes.size() - 8);
  EXPECT_EQ(word(bytes, 24), 8000u);
  EXPECT_EQ(word(bytes, 40), bytes.size() - 44);
  wav.reset();
  EXPECT_EQ(read().size(), 44u + 2 * 20000);
  ::unlink(path.c_str());
}

TEST(Audiodev, MistakesAreNamed) {
  const auto error = [](const char* text) { return AudiodevOptions::parse(text).error().message; };
  EXPECT_NE(error("alsa,id=a").find("known are wav, none"), std::string::npos);
  EXPECT_NE(error("wav,path=x").find("id="), std::string::npos);
  EXPECT_NE(error("wav,id=a,out.frequency=5").find("from 1000 to 192000"), std::string::npos);
  EXPECT_NE(error("wav,id=a,what=5").find("unknown setting"), std::string::npos);
  auto options = AudiodevOptions::parse("wav,id=a,path=/nowhere/at/all.wav");
  EXPECT_NE(WavAudio::open(*options).error().message.find("/nowhere/at/all.wav"),
            std::string::npos);
  EXPECT_EQ(AudiodevOptions::parse("wav,id=a,path=b,,c.wav").value().path, "b,c.wav");
}

TEST(Audiodev, FullDisk) {
  auto options = AudiodevOptions::parse("wav,id=a,path=/dev/full");
  EXPECT_NE(WavAudio::open(*options).error().message.find("/dev/full: No space"),
            std::string::npos);
}

TEST_F(Speaker, AWavFileThatCannotGrowIsSaidOnce) {
  const std::string path = testing::TempDir() + "limited" + std::to_string(getpid()) + ".wav";
  auto options = AudiodevOptions::parse("wav,id=a,path=" + path);
  ASSERT_TRUE(options.ok());
  auto wav = WavAudio::open(*options).value();
  wav->connect_to(speaker.out());
  rlimit old{};
  ::getrlimit(RLIMIT_FSIZE, &old);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{1000, old.rlim_max};
  ::setrlimit(RLIMIT_FSIZE, &small);
  tone(1193);
  out8(port61, 0, 3);
  board.run(100'000'000);
  wav->advance(pit.ticks());  // less than is written together
  EXPECT_EQ(wav->take_error(), "");
  wav->flush();
  EXPECT_NE(wav->take_error().find("is lost"), std::string::npos);
  out8(port61, 0, 0);
  wav->flush();
  EXPECT_EQ(wav->take_error(), "");
  ::setrlimit(RLIMIT_FSIZE, &old);
  std::signal(SIGXFSZ, handler);
  ::unlink(path.c_str());
}

}  // namespace
}  // namespace reprise
