// A CD-ROM or DVD-ROM drive behind the PACKET command.
//
// Sources: T13/1410D (ATA/ATAPI-6), 8.22, 9.8 (PACKET); SFF-8020i; MMC-5 (T10/1675-D), SPC-3.
// ATA commands: 00 08 90 A0 PACKET A1 IDENTIFY PACKET DEVICE E0-E6 EF; EC and 20-21 abort with the
// signature. Packets (MMC names; Atapi in atapi_commands.cc says which need a medium):
//   00 TEST UNIT READY    28, A8 READ       44 READ HEADER            52 READ TRACK INFORMATION
//   03 REQUEST SENSE      2B SEEK           45, 47, 48, A5 PLAY: no audio   55 MODE SELECT
//   12 INQUIRY            2F VERIFY         46 GET CONFIGURATION      5A MODE SENSE
//   15, 1A mode, 6 bytes  42 READ SUBCHANNEL  4A GET EVENT STATUS     AD READ DISC STRUCTURE
//   1B START STOP UNIT    43 READ TOC       4B, 4E PAUSE, STOP        B9, BE READ CD
//   1E PREVENT ALLOW      25 READ CAPACITY  51 READ DISC INFORMATION  BB SET CD SPEED  BD MECHANISM
// Interrupt reason (Sector Count): 1 C/D 0 I/O; 1: send the packet, 2: data in, 0: data out, 3:
// done. Data by the data register come in blocks of at most the byte count that the host gave; a
// limit of 0 with data to move aborts. The medium is one data track (mode 1); more than 80 minutes:
// a DVD. What the operator does to the medium shows as UNIT ATTENTION and as a media event; the
// guest's eject opens the tray and leaves the medium in it. Not modelled: audio, sub-channel data,
// EDC and ECC (zeros in READ CD), overlap and queueing.
#pragma once

#include <optional>

#include "chipset/ide/ide_device.h"

namespace reprise {

// What REQUEST SENSE gives.
struct Sense {
  u8 key = 0, code = 0, qualifier = 0;
  void state(State& s);
};

class AtapiCd final : public IdeDevice {
 public:
  static constexpr u32 kBlockSize = 2048;
  AtapiCd(const DeviceContext& context, Drive& drive, IdeIdentity identity);

  std::string_view kind() const override { return "atapi-cd"; }
  void reset() override;
  void state(State& s) override;

  void medium_changed() override;
  bool tray_locked() const override { return locked_; }
  bool eject_refused() override;

 private:
  enum class Op : u8 { None, Identify, Send, Packet, Read, ModeSelect };
  enum class Event : u8 { None, EjectRequest, NewMedia, MediaRemoval };
  using Packet = std::span<const u8, 12>;
  class Reply;

  // --- IdeDevice ---
  bool is_packet() const override { return true; }
  void execute(u8 code) override;
  void sent() override;
  void received() override;
  void block_opened(u32 bytes) override;
  void own_reset() override;
  void medium_done(int error, std::span<const u8> data) override;

  // --- the end of a packet ---
  void good();
  void check_condition(Sense sense);
  void illegal(u8 code) { check_condition({.key = 5, .code = code}); }
  void reply(const Reply& reply, u32 allocated);
  void give(std::span<const u8> data);
  bool limit_allows();  // false: the packet has been aborted

  // --- the medium ---
  bool ready() const { return drive_.present(); }
  u32 blocks() const;
  bool is_dvd() const;
  u16 profile() const;

  // --- packets ---
  void packet(Packet p);
  void perform(Packet p);
  void start_read(u64 lba, u32 count, u8 parts);
  void read_cd(u64 lba, u32 count, Packet p);
  void read_cd_msf(Packet p);
  void next_piece();
  void request_sense(Packet p);
  void inquiry(Packet p);
  void start_stop(Packet p);
  void mode_sense(Packet p);
  void mode_page(Reply& reply, u8 page, u8 control) const;
  void mode_select(std::span<const u8> list);
  void read_subchannel(Packet p);
  void read_header(Packet p);
  void read_toc(Packet p);
  void get_configuration(Packet p);
  void get_event_status(Packet p);
  void read_disc_information(Packet p);
  void read_track_information(Packet p);
  void read_disc_structure(Packet p);
  void mechanism_status(Packet p);
  void identify();

  IdeIdentity identity_;
  struct Command {
    Op op = Op::None;
    bool dma = false;
    u8 parts = 0;              // of a sector, as READ CD names them
    bool long_header = false;  // MODE SELECT (10)
    u32 lba = 0;               // of the piece
    u32 left = 0;              // blocks from there on
    u32 piece = 0;             // blocks of the piece
    u16 limit = 0;             // the host's byte count
    void state(State& s);
  } command_;
  Sense sense_;
  Sense attention_{.key = 6, .code = 0x29};  // UNIT ATTENTION to come; key 0: none
  Event event_ = Event::None;
  bool locked_ = false;
  std::array<u8, 6> recovery_page_{};
  std::array<u8, 14> audio_page_{};
};

// A packet's answer, byte for byte; numbers are big-endian.
class AtapiCd::Reply {
 public:
  Reply& u8s(std::initializer_list<u8> values) {
    bytes_.insert(bytes_.end(), values);
    return *this;
  }
  Reply& be16(u32 value) { return u8s({u8(value >> 8), u8(value)}); }
  Reply& be24(u32 value) { return u8s({u8(value >> 16), u8(value >> 8), u8(value)}); }
  Reply& be32(u32 value) { return be16(value >> 16).be16(value); }
  Reply& zeros(std::size_t count) {
    bytes_.resize(bytes_.size() + count);
    return *this;
  }
  Reply& append(std::span<const u8> data) {
    bytes_.insert(bytes_.end(), data.begin(), data.end());
    return *this;
  }
  Reply& text(std::string_view text, std::size_t length) {
    for (std::size_t i = 0; i < length; ++i) bytes_.push_back(i < text.size() ? u8(text[i]) : ' ');
    return *this;
  }
  // A block address, or minutes, seconds and frames, of which the first is at 00:02:00.
  Reply& address(u32 lba, bool msf) {
    if (!msf) return be32(lba);
    const u32 frames = lba + 150;
    return u8s({0, u8(frames / 75 / 60), u8(frames / 75 % 60), u8(frames % 75)});
  }
  // Sets a length field to what follows it.
  void patch16(std::size_t at) {
    const std::size_t length = bytes_.size() - at - 2;
    bytes_[at] = u8(length >> 8);
    bytes_[at + 1] = u8(length);
  }
  std::size_t size() const { return bytes_.size(); }
  std::span<const u8> bytes() const { return bytes_; }

 private:
  std::vector<u8> bytes_;
};

}  // namespace reprise
