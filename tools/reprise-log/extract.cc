// extract: what a recording holds, and what the machine held at a position, as files.
#include <cstdio>
#include <future>

#include "chipset/display/std_vga.h"
#include "chipset/display/vga_picture.h"
#include "chipset/host/image_file.h"
#include "replay/trace/events.h"
#include "tools/reprise-log/commands.h"
#include "tools/reprise-log/recording.h"
#include "tools/reprise/replay_machine.h"
#include "tools/reprise/suboptions.h"

namespace reprise::log {
namespace {

using tools::RecordedRun;
using tools::ReplayMachine;

constexpr const char* kSerial = "/isa/serial0:out";

// Written from the front; without a name, stdout.
class Output {
 public:
  static Result<Output> open(const std::string* path) {
    if (!path) return Output(stdout, "stdout");
    std::FILE* file = std::fopen(path->c_str(), "wb");
    if (!file) return error(*path);
    return Output(file, *path);
  }
  Result<void> write(std::span<const u8> bytes) {
    if (std::fwrite(bytes.data(), 1, bytes.size(), file_.get()) == bytes.size()) return {};
    return error(path_);
  }
  Result<void> close() {
    std::FILE* file = file_.release();
    if ((file == stdout ? std::fflush(file) : std::fclose(file)) == 0) return {};
    return error(path_);
  }

 private:
  Output(std::FILE* file, std::string path) : file_(file), path_(std::move(path)) {}
  static Error error(const std::string& path) {
    return fail("cannot write " + path + ": " + std::generic_category().message(errno));
  }
  struct Close {
    void operator()(std::FILE* file) const {
      if (file != stdout) std::fclose(file);
    }
  };
  std::unique_ptr<std::FILE, Close> file_;
  std::string path_;
};

Result<const std::string*> output_argument(const Arguments& arguments, const char* what) {
  const std::string* path = arguments.find("-o");
  if (!path) return Error{std::string("expected -o ") + what, tools::kWrongUsage};
  return path;
}

// "fw_cfg:opt/a/b" names a file, not folders.
std::string file_name(std::string role) {
  for (char& c : role)
    if (c == '/' || c == '\0') c = '_';
  return role.starts_with('.') ? "_" + role : role;
}

Result<int> blobs(const Arguments& arguments, const std::string& file) {
  const std::string folder = *TRY(output_argument(arguments, "FOLDER"));
  const Opened opened = TRY(open_recording(file));
  const trace::Recording& recording = opened.recording;
  for (const auto& [role, blob] : TRY(MachineConfig::blob_refs(recording.header().machine))) {
    const std::string path = folder + "/" + file_name(role);
    Output out = TRY(Output::open(&path));
    TRY(out.write(TRY(recording.blob(blob.hash, blob.size))));
    TRY(out.close());
    std::printf("%s: %s bytes\n", path.c_str(), grouped(blob.size).c_str());
  }
  return 0;
}

Result<int> text(const Arguments& arguments, const std::string& file) {
  const std::string port = arguments.text("--port", kSerial);
  const Opened opened = TRY(open_recording(file));
  Output out = TRY(Output::open(arguments.find("-o")));
  trace::EventStream texts(opened.recording, trace::kText, trace::EventKind::Bytes);
  std::map<std::string, u64> others;
  bool found = false;
  for (; const trace::Event* event = texts.peek(); texts.pop()) {
    if (event->port == port) {
      TRY(out.write(event->bytes));
      found = true;
    } else if (others.size() < 100) {
      ++others[event->port];
    }
  }
  if (!texts.error().empty()) return fail(file + ": " + texts.error());
  TRY(out.close());
  if (found || others.empty()) return 0;
  std::string names;
  for (const auto& [name, count] : others) names += (names.empty() ? "" : ", ") + name;
  return fail("nothing was put out on " + port + "; there is something on " + tools::shown(names));
}

// A machine that stands where --at says, or at the end.
struct Placed {
  std::unique_ptr<RecordedRun> run;
  std::unique_ptr<ReplayMachine> machine;
};
Result<Placed> place(const Arguments& arguments, const std::string& file) {
  const u64 at = TRY(icount_argument(arguments, "--at", trace::kEndOfTime));
  auto run = TRY(RecordedRun::open(file, TRY(disk_arguments(arguments))));
  const auto progress = std::make_shared<Progress>("seek");
  ReplayMachine::Config config;
  config.progress = [progress](double part) { progress->at(part); };
  auto machine = TRY(ReplayMachine::create(*run, config));
  const Arrival arrival = machine->travel().to_icount(at);
  progress->clear();
  if (arrival.why == Arrival::Why::Failed) return fail(file + ": " + arrival.message);
  if (arguments.has("--at") && arrival.at.icount < at)
    return fail(file + ": the recording ends at " + trace::text(arrival.at));
  if (arrival.why == Arrival::Why::Begin && arrival.at.icount > at)
    return fail(file + ": the recording begins at " + trace::text(arrival.at));
  return Placed{std::move(run), std::move(machine)};
}

Result<int> screen(const Arguments& arguments, const std::string& file) {
  const std::string path = *TRY(output_argument(arguments, "FILE.png"));
  const Placed placed = TRY(place(arguments, file));
  PcI440fx& machine = placed.machine->machine();
  if (!machine.vga()) return fail("the machine has no display adapter");
  Surface surface;
  VgaPicture(*machine.vga(), machine.pages()).render(surface);
  TRY(write_image(surface, image_format_of_file(path), path));
  std::fprintf(stderr, "%s: the screen at %s\n", path.c_str(),
               trace::text(machine.position()).c_str());
  return 0;
}

// On the drive's worker: behind the requests that the guest has made.
Result<void> copy(BlockNode& from, u64 size, Output& out) {
  std::vector<u8> piece;
  for (u64 at = 0; at < size; at += piece.size()) {
    piece.resize(std::min<u64>(64 << 10, size - at));
    TRY(from.read(at, piece));
    TRY(out.write(piece));
  }
  return {};
}

Result<int> disk(const Arguments& arguments, const std::string& file) {
  const std::string path = *TRY(output_argument(arguments, "IMAGE"));
  if (arguments.operands().size() != 3)
    return Error{"expected the drive's id: info lists them", tools::kWrongUsage};
  const std::string& id = arguments.operands()[2];
  const Placed placed = TRY(place(arguments, file));
  Drive* drive = placed.machine->machine().drive(id);
  if (!drive || !drive->medium()) return fail("there is nothing in a drive " + tools::shown(id));
  const std::shared_ptr<BlockNode> node = drive->medium()->node;
  const u64 size = drive->medium()->size;
  if (!node) return fail("the medium of drive " + id + " is not there");
  Output out = TRY(Output::open(&path));
  std::promise<Result<void>> copied;
  drive->on_worker([&] { copied.set_value(copy(*node, size, out)); });
  TRY(copied.get_future().get());
  TRY(out.close());
  return 0;
}

}  // namespace

Result<int> extract(const Words& words) {
  const auto arguments = TRY(Arguments::parse(
      words, {{"-o", true}, {"--at", true}, {"--port", true}, {"--replay-disk", true}}));
  const auto& operands = arguments.operands();
  if (operands.size() < 2)
    return Error{"expected a recording, and what is wanted of it", tools::kWrongUsage};
  const std::string &file = operands[0], &what = operands[1];
  if (what == "blobs") return blobs(arguments, file);
  if (what == "serial" || what == "text") return text(arguments, file);
  if (what == "screen") return screen(arguments, file);
  if (what == "disk") return disk(arguments, file);
  return fail("extract " + tools::shown(what) + ": " +
              tools::expected_one_of(what, {"blobs", "disk", "screen", "serial", "text"}));
}

}  // namespace reprise::log
