// What packets mean.
#include <algorithm>

#include "chipset/ide/atapi_cd.h"

namespace reprise {

namespace {

enum Opcode : u8 {
  kTestUnitReady = 0x00,
  kRequestSense = 0x03,
  kInquiry = 0x12,
  kModeSelect6 = 0x15,
  kModeSense6 = 0x1a,
  kStartStopUnit = 0x1b,
  kPreventAllow = 0x1e,
  kReadCapacity = 0x25,
  kRead10 = 0x28,
  kSeek = 0x2b,
  kVerify = 0x2f,
  kReadSubchannel = 0x42,
  kReadToc = 0x43,
  kReadHeader = 0x44,
  kPlayAudio10 = 0x45,
  kGetConfiguration = 0x46,
  kPlayAudioMsf = 0x47,
  kPlayAudioTrack = 0x48,
  kGetEventStatus = 0x4a,
  kPauseResume = 0x4b,
  kStopPlay = 0x4e,
  kReadDiscInformation = 0x51,
  kReadTrackInformation = 0x52,
  kModeSelect10 = 0x55,
  kModeSense10 = 0x5a,
  kPlayAudio12 = 0xa5,
  kRead12 = 0xa8,
  kReadDiscStructure = 0xad,
  kReadCdMsf = 0xb9,
  kSetCdSpeed = 0xbb,
  kMechanismStatus = 0xbd,
  kReadCd = 0xbe,
};
constexpr u8 kInvalidCode = 0x20, kInvalidField = 0x24, kInvalidList = 0x26, kWrongMode = 0x64;
constexpr u8 kUserData = 0x10;
constexpr u8 kDataTrack = 0x14;  // ADR 1: position; control 4: data
constexpr u8 kLeadOut = 0xaa;
constexpr u16 kSpeed = 7056;  // kB/s: 40 times that of audio

u32 be16(std::span<const u8> p, unsigned at) { return u32(p[at] << 8 | p[at + 1]); }
u32 be24(std::span<const u8> p, unsigned at) { return be16(p, at) << 8 | p[at + 2]; }
u32 be32(std::span<const u8> p, unsigned at) { return be16(p, at) << 16 | be16(p, at + 2); }

// Those that a pending UNIT ATTENTION does not stop.
bool ignores_attention(u8 code) {
  return code == kInquiry || code == kRequestSense || code == kGetConfiguration ||
         code == kGetEventStatus;
}

bool needs_medium(u8 code) {
  switch (code) {
    case kTestUnitReady:
    case kReadCapacity:
    case kRead10:
    case kRead12:
    case kSeek:
    case kVerify:
    case kReadSubchannel:
    case kReadToc:
    case kReadHeader:
    case kPlayAudio10:
    case kPlayAudio12:
    case kPlayAudioMsf:
    case kPlayAudioTrack:
    case kPauseResume:
    case kReadDiscInformation:
    case kReadTrackInformation:
    case kReadDiscStructure:
    case kReadCd:
    case kReadCdMsf:
      return true;
    default:
      return false;
  }
}

}  // namespace

void AtapiCd::packet(Packet p) {
  if (attention_.key && !ignores_attention(p[0]))
    return check_condition(std::exchange(attention_, {.key = 0}));
  if (needs_medium(p[0]) && !ready())
    return check_condition({.key = 2, .code = 0x3a, .qualifier = u8(drive_.tray_open() ? 2 : 1)});
  if (p[0] != kRequestSense) sense_ = {};
  perform(p);
}

void AtapiCd::perform(Packet p) {
  switch (p[0]) {
    case kTestUnitReady:
    case kSetCdSpeed:
    case kStopPlay:
      return good();
    case kRequestSense:
      return request_sense(p);
    case kInquiry:
      return inquiry(p);
    case kStartStopUnit:
      return start_stop(p);
    case kPreventAllow:
      locked_ = p[4] & 1;
      return good();
    case kReadCapacity:
      return reply(Reply().be32(blocks() ? blocks() - 1 : 0).be32(kBlockSize), 8);
    case kRead10:
      return start_read(be32(p, 2), be16(p, 7), kUserData);
    case kRead12:
      return start_read(be32(p, 2), be32(p, 6), kUserData);
    case kSeek:
      return be32(p, 2) < blocks() ? good() : illegal(0x21);
    case kVerify:
      return u64(be32(p, 2)) + be16(p, 7) <= blocks() ? good() : illegal(0x21);
    case kReadCd:
      return read_cd(be32(p, 2), be24(p, 6), p);
    case kReadCdMsf:
      return read_cd_msf(p);
    case kModeSense6:
    case kModeSense10:
      return mode_sense(p);
    case kModeSelect6:
    case kModeSelect10: {
      command_.long_header = p[0] == kModeSelect10;
      const u32 length = command_.long_header ? be16(p, 7) : p[4];
      if (!length) return good();
      if (!limit_allows()) return;
      command_.op = Op::ModeSelect;
      if (command_.dma) return receive_dma(length);
      return receive(length, length <= command_.limit ? length : command_.limit & ~1u, true);
    }
    case kReadSubchannel:
      return read_subchannel(p);
    case kReadToc:
      return read_toc(p);
    case kReadHeader:
      return read_header(p);
    case kPlayAudio10:
    case kPlayAudio12:
    case kPlayAudioMsf:
    case kPlayAudioTrack:
    case kPauseResume:
      return illegal(kWrongMode);
    case kGetConfiguration:
      return get_configuration(p);
    case kGetEventStatus:
      return get_event_status(p);
    case kReadDiscInformation:
      return read_disc_information(p);
    case kReadTrackInformation:
      return read_track_information(p);
    case kReadDiscStructure:
      return read_disc_structure(p);
    case kMechanismStatus:
      return mechanism_status(p);
    default:
      return illegal(kInvalidCode);
  }
}

// --- the drive ---

void AtapiCd::request_sense(Packet p) {
  Sense sense = std::exchange(sense_, {});
  if (!sense.key && attention_.key) sense = std::exchange(attention_, {.key = 0});
  reply(Reply()
            .u8s({0x70, 0, sense.key, 0, 0, 0, 0, 10, 0, 0, 0, 0})
            .u8s({sense.code, sense.qualifier, 0, 0, 0, 0}),
        p[4]);
}

void AtapiCd::inquiry(Packet p) {
  if (p[1] & 1) return illegal(kInvalidField);  // vital product data
  Reply data;
  data.u8s({0x05, 0x80, 0x00, 0x21, 31, 0, 0, 0});  // a removable CD-ROM, ATAPI
  const std::size_t space = std::min(identity_.model.find(' '), identity_.model.size());
  data.text(identity_.model.substr(0, space), 8).text(identity_.model, 16);
  data.text(identity_.firmware, 4);
  reply(data, be16(p, 3));
}

// LoEj and Start: load, or eject.
void AtapiCd::start_stop(Packet p) {
  if (p[4] & 0xf0 || !(p[4] & 2)) return good();  // power conditions; spinning
  const bool open = !(p[4] & 1);
  if (open == drive_.tray_open()) return good();
  if (open && locked_) return check_condition({.key = 5, .code = 0x53, .qualifier = 2});
  open ? drive_.guest_eject() : drive_.guest_load();
  event_ = open ? Event::MediaRemoval : Event::NewMedia;
  if (ready()) attention_ = {.key = 6, .code = 0x28};
  good();
}

void AtapiCd::mechanism_status(Packet p) {
  reply(Reply().u8s({0, u8(drive_.tray_open() ? 0x10 : 0), 0, 0, 0, 1, 0, 0}), be16(p, 8));
}

void AtapiCd::get_event_status(Packet p) {
  constexpr u8 kMediaClass = 4, kNoEvents = 0x80;
  if (!(p[1] & 1)) return illegal(kInvalidField);  // asynchronously
  Reply data;
  data.be16(0);
  if (p[4] & 1 << kMediaClass) {
    data.u8s({kMediaClass, 1 << kMediaClass});
    data.u8s({u8(event_), u8((ready() ? 2 : 0) | (drive_.tray_open() ? 1 : 0)), 0, 0});
    if (be16(p, 7) > 4) event_ = Event::None;
  } else {
    data.u8s({kNoEvents, 1 << kMediaClass});
  }
  data.patch16(0);
  reply(data, be16(p, 7));
}

void AtapiCd::get_configuration(Packet p) {
  struct Feature {
    u16 code;
    u8 flags;  // version, persistent, current
    std::initializer_list<u8> data;
  };
  const u8 cd = profile() == 0x08, dvd = profile() == 0x10, any = cd | dvd;
  const Feature features[] = {
      {0x0000, 0x03, {0x00, 0x10, dvd, 0, 0x00, 0x08, cd, 0}},  // profiles
      {0x0001, 0x0b, {0, 0, 0, 2, 1, 0, 0, 0}},                 // core: ATAPI
      {0x0002, 0x07, {2, 0, 0, 0}},                             // morphing
      {0x0003, 0x03, {0x29, 0, 0, 0}},                          // removable: tray, eject, lock
      {0x0010, any, {0, 0, 8, 0, 0, 1, 1, 0}},                  // readable at random
      {0x001d, cd, {}},                                         // reads every CD
      {0x001e, u8(0x08 | cd), {0, 0, 0, 0}},                    // CD read
      {0x001f, dvd, {}},                                        // DVD read
      {0x0100, 0x03, {}},                                       // power
      {0x0105, 0x03, {}},                                       // timeouts
  };
  const u8 which = p[1] & 3;
  const u32 first = be16(p, 2);
  if (which == 3) return illegal(kInvalidField);
  Reply list;
  for (const Feature& feature : features) {
    if (which == 2 ? feature.code != first : feature.code < first) continue;
    if (which == 1 && !(feature.flags & 1)) continue;
    list.be16(feature.code).u8s({feature.flags, u8(feature.data.size())}).u8s(feature.data);
  }
  reply(Reply().be32(u32(4 + list.size())).be16(0).be16(profile()).append(list.bytes()),
        be16(p, 7));
}

// --- mode pages ---

void AtapiCd::mode_page(Reply& data, u8 page, u8 control) const {
  constexpr u8 kChangeable = 1, kDefault = 2;
  std::array<u8, 6> recovery = recovery_page_;
  std::array<u8, 14> audio = audio_page_;
  if (control == kChangeable) recovery.fill(0xff), audio.fill(0xff);
  if (control == kDefault) recovery = {}, audio = {};
  const bool all = page == 0x3f;
  if (all || page == 0x01) data.u8s({0x01, 6}).append(recovery);
  if (all || page == 0x0e) data.u8s({0x0e, 14}).append(audio);
  if (!all && page != 0x2a) return;
  data.u8s({0x2a, 18});
  if (control == kChangeable) {
    data.zeros(18);
    return;
  }
  data.u8s({0x3b, 0, 0x70, 0x60});                   // reads CD-R, CD-RW, DVDs; multisession
  data.u8s({u8(0x29 | (locked_ ? 2 : 0)), 0});       // tray; can eject and lock; locked
  data.be16(kSpeed).be16(2).be16(512).be16(kSpeed);  // volume steps, KiB of buffer
  data.zeros(4);
}

void AtapiCd::mode_sense(Packet p) {
  const u8 control = p[2] >> 6, page = p[2] & 0x3f;
  if (control == 3) return check_condition({.key = 5, .code = 0x39});  // no saved values
  const u8 medium = drive_.tray_open() ? 0x71 : ready() ? 0x01 : 0x70;
  const bool is_long = p[0] == kModeSense10;
  Reply pages;
  mode_page(pages, page, control);
  if (!pages.size()) return illegal(kInvalidField);
  Reply data;
  if (is_long)
    data.be16(u32(6 + pages.size())).u8s({medium, 0, 0, 0, 0, 0});
  else
    data.u8s({u8(3 + pages.size()), medium, 0, 0});
  reply(data.append(pages.bytes()), is_long ? be16(p, 7) : p[4]);
}

// Header, no or one block descriptor, pages.
void AtapiCd::mode_select(std::span<const u8> list) {
  const std::size_t header = command_.long_header ? 8 : 4;
  if (list.size() < header) return illegal(kInvalidList);
  std::size_t at = header + (command_.long_header ? be16(list, 6) : list[3]);
  while (at + 2 <= list.size()) {
    const u8 page = list[at] & 0x3f;
    const std::size_t length = list[at + 1];
    if (length > list.size() - at - 2) return illegal(kInvalidList);
    const std::span<const u8> body = list.subspan(at + 2, length);
    if (page == 0x01 && length == recovery_page_.size())
      std::copy(body.begin(), body.end(), recovery_page_.begin());
    else if (page == 0x0e && length == audio_page_.size())
      std::copy(body.begin(), body.end(), audio_page_.begin());
    else if (page != 0x2a)
      return illegal(kInvalidList);
    at += 2 + length;
  }
  good();
}

// --- the disc ---

void AtapiCd::read_cd(u64 lba, u32 count, Packet p) {
  const u8 type = p[1] >> 2 & 7;
  if (type != 0 && type != 2) return illegal(kWrongMode);    // neither any nor mode 1
  if (p[10] & 7 || p[9] & 6) return illegal(kInvalidField);  // sub-channels, C2 errors
  start_read(lba, count, p[9] & 0xb8);
}

void AtapiCd::read_cd_msf(Packet p) {
  const auto frames = [&p](unsigned at) { return (u32(p[at]) * 60 + p[at + 1]) * 75 + p[at + 2]; };
  const u32 from = frames(3), to = frames(6);
  if (from < 150 || to < from) return illegal(kInvalidField);
  read_cd(from - 150, to - from, p);
}

void AtapiCd::read_header(Packet p) {
  const u32 lba = be32(p, 2);
  if (lba >= blocks()) return illegal(0x21);
  reply(Reply().u8s({1, 0, 0, 0}).address(lba, p[1] & 2), be16(p, 7));
}

void AtapiCd::read_subchannel(Packet p) {
  constexpr u8 kNoAudio = 0x15;
  const bool msf = p[1] & 2;
  Reply data;
  data.u8s({0, kNoAudio, 0, 0});
  if (p[2] & 0x40) {
    switch (p[3]) {
      case 1:  // position
        data.u8s({1, kDataTrack, 1, 1}).address(0, msf).address(0, false);
        break;
      case 2:  // catalogue number: none
        data.u8s({2}).zeros(19);
        break;
      case 3:  // recording code: none
        data.u8s({3, kDataTrack, 1}).zeros(17);
        break;
      default:
        return illegal(kInvalidField);
    }
  }
  data.patch16(2);
  reply(data, be16(p, 7));
}

void AtapiCd::read_toc(Packet p) {
  const bool msf = p[1] & 2;
  // SFF-8020i has the format in the last byte.
  const u8 format = p[2] & 15 ? p[2] & 15 : p[9] >> 6;
  const u8 start = p[6];
  Reply data;
  switch (format) {
    case 0:
      if (start > 1 && start != kLeadOut) return illegal(kInvalidField);
      data.be16(0).u8s({1, 1});
      if (start <= 1) data.u8s({0, kDataTrack, 1, 0}).address(0, msf);
      data.u8s({0, kDataTrack, kLeadOut, 0}).address(blocks(), msf);
      break;
    case 1:  // sessions
      data.be16(0).u8s({1, 1, 0, kDataTrack, 1, 0}).address(0, msf);
      break;
    case 2:  // everything: first and last track, lead-out, the track; always MSF
      data.be16(0).u8s({1, 1});
      data.u8s({1, kDataTrack, 0, 0xa0, 0, 0, 0, 0, 1, 0, 0});
      data.u8s({1, kDataTrack, 0, 0xa1, 0, 0, 0, 0, 1, 0, 0});
      data.u8s({1, kDataTrack, 0, 0xa2, 0, 0, 0}).address(blocks(), true);
      data.u8s({1, kDataTrack, 0, 1, 0, 0, 0}).address(0, true);
      break;
    default:
      return illegal(kInvalidField);
  }
  data.patch16(0);
  reply(data, be16(p, 7));
}

void AtapiCd::read_disc_information(Packet p) {
  if (p[1] & 7) return illegal(kInvalidField);
  Reply data;
  data.be16(32).u8s({0x0e, 1, 1, 1, 1, 0x20, 0}).zeros(25);  // one complete session, one track
  reply(data, be16(p, 7));
}

void AtapiCd::read_track_information(Packet p) {
  const u8 type = p[1] & 3;
  const u32 number = be32(p, 2);
  if (type == 3 || (type == 0 ? number >= blocks() : number != 1)) return illegal(kInvalidField);
  Reply data;
  data.be16(34).u8s({1, 1, 0, 4, 1, 0}).zeros(16).be32(blocks()).zeros(8);
  reply(data, be16(p, 7));
}

void AtapiCd::read_disc_structure(Packet p) {
  const u8 layer = p[6], format = p[7];
  if (!is_dvd()) return check_condition({.key = 5, .code = 0x30, .qualifier = 2});
  Reply data;
  data.be16(0).be16(0);
  switch (format) {
    case 0x00:  // physical
      if (layer) return illegal(kInvalidField);
      data.u8s({0x01, 0x0f, 0x01, 0}).be32(0x30000).be32(0x30000 + blocks() - 1).zeros(5);
      break;
    case 0x01:  // copyright: none
      data.zeros(4);
      break;
    case 0xff:  // the list of these
      data.u8s({0x00, 0x40}).be16(4 + 17).u8s({0x01, 0x40}).be16(4 + 4).u8s({0xff, 0x40}).be16(16);
      break;
    default:
      return illegal(kInvalidField);
  }
  data.patch16(0);
  reply(data, be16(p, 8));
}

}  // namespace reprise
