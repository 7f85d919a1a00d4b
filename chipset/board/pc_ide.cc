// The IDE controller with what stands on its cables, and what CMOS memory says of the disks.
#include "chipset/board/pc_i440fx.h"
#include "chipset/ide/ata_disk.h"
#include "chipset/ide/atapi_cd.h"
#include "chipset/ide/piix3_ide.h"
#include "chipset/southbridge/shared_irqs.h"
#include "chipset/timer/mc146818.h"

namespace reprise {
namespace {

constexpr unsigned kPrimaryIrq = 14, kSecondaryIrq = 15;

Geometry geometry_of(const DriveConfig& config) {
  return Geometry::of(config.size / kSectorSize, config.cyls, config.heads, config.secs);
}

// As the drive's label would say; serial numbers count the places on the cables.
IdeIdentity identity_of(const DriveConfig& config) {
  const bool cd = config.media == "cdrom";
  const std::string number = std::to_string(1 + 2 * config.bus + config.unit);
  return {.serial = config.serial.empty() ? "RP0000" + number : config.serial,
          .model = !config.model.empty() ? config.model
                   : cd                  ? "REPRISE DVD-ROM"
                                         : "REPRISE HARDDISK",
          .firmware = "1.0"};
}

}  // namespace

Result<void> PcI440fx::build_ide(PciBus& pci, SharedIrqs& irqs) {
  auto& ide =
      add<Piix3Ide>("/pci/ide", pci, std::array{irqs.isa(kPrimaryIrq), irqs.isa(kSecondaryIrq)});
  for (const DriveConfig& config : config_.drives) {
    if (config.interface != "ide") continue;
    const std::string path = "/pci/ide/" + std::to_string(config.bus) + std::to_string(config.unit);
    const std::string name = "drive '" + config.id + "'";
    if (config.bus > 1 || config.unit > 1)
      return fail(name + ": an IDE controller has buses 0 and 1 with units 0 and 1");
    Drive& drive = *this->drive(config.id);
    if (config.media == "cdrom") {
      ide.plug(config.bus, config.unit, add<AtapiCd>(path, drive, identity_of(config)));
      continue;
    }
    if ((config.cyls || config.heads || config.secs) &&
        !Geometry::valid(config.cyls, config.heads, config.secs))
      return fail(name +
                  ": 1 to 65535 cylinders, 1 to 16 heads, 1 to 255 sectors, or none of them");
    ide.plug(config.bus, config.unit,
             add<AtaDisk>(path, drive, identity_of(config), geometry_of(config)));
  }
  return {};
}

// 12h, 19h, 1Ah: types of the first two disks, 47 (a table follows); 1Bh, 24h: the tables.
// 39h: two bits for each of the four places: how the BIOS translates cylinders.
void PcI440fx::fill_disk_cmos(Mc146818& rtc) {
  constexpr u8 kTypes = 0x12, kFirstType = 0x19, kFirstTable = 0x1b, kTableSize = 9;
  constexpr u8 kTranslation = 0x39, kUserType = 47;
  u8 types = 0, translation = 0;
  for (const DriveConfig& config : config_.drives) {
    if (config.interface != "ide" || config.media != "disk") continue;
    const Geometry geometry = geometry_of(config);
    translation |= u8(u8(geometry.translation) << (2 * (2 * config.bus + config.unit)));
    if (config.bus) continue;
    types |= config.unit ? 0x0f : 0xf0;
    rtc.set_cmos(u8(kFirstType + config.unit), kUserType);
    const u8 low = u8(geometry.cylinders), high = u8(geometry.cylinders >> 8);
    const u8 table[kTableSize] = {low,
                                  high,
                                  geometry.heads,
                                  0xff,
                                  0xff,  // no write precompensation
                                  u8(0xc0 | (geometry.heads > 8 ? 8 : 0)),
                                  low,
                                  high,
                                  geometry.sectors};
    for (u8 i = 0; i < kTableSize; ++i)
      rtc.set_cmos(u8(kFirstTable + config.unit * kTableSize + i), table[i]);
  }
  rtc.set_cmos(kTypes, types);
  rtc.set_cmos(kTranslation, translation);
}

}  // namespace reprise
