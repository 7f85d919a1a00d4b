// memsave, pmemsave: memory into files of the host.
#include <fstream>

#include "qmp/commands/context.h"
#include "qmp/operator_debug.h"

namespace reprise::qmp {
namespace {

using View = std::function<std::vector<u8>(u64 address, u64 length)>;

Result<void> save(const View& view, u64 address, i64 size, const std::string& file) {
  constexpr u64 kPiece = 1 << 20;
  if (size < 0) return fail("Parameter 'size' expects a size");
  std::ofstream out(file, std::ios::binary | std::ios::trunc);
  if (!out) return fail("Could not open '" + file + "'");
  for (u64 done = 0; done < u64(size);) {
    const u64 length = std::min(kPiece, u64(size) - done);
    const std::vector<u8> bytes = view(address + done, length);
    out.write(reinterpret_cast<const char*>(bytes.data()), std::streamsize(bytes.size()));
    done += bytes.size();
    if (bytes.size() < length) {
      char text[96];
      std::snprintf(text, sizeof text, "Invalid addr 0x%016llx/size %lld specified",
                    static_cast<unsigned long long>(address), static_cast<long long>(size));
      return fail(text);
    }
  }
  if (!out.flush()) return fail("'" + file + "' cannot be written; is the disk full?");
  return {};
}

Result<Json> memsave(Context& c, const Json& arguments) {
  const i64 cpu = arguments.value("cpu-index", i64(0));
  if (cpu < 0 || u64(cpu) >= c.op.cpus().size())
    return fail("Parameter 'cpu-index' expects a CPU number");
  OperatorDebug& debug = *c.op.debug();
  return answer(save([&](u64 at, u64 n) { return debug.read_linear(unsigned(cpu), at, n); },
                     u64(arguments.at("val").get<i64>()), arguments.at("size").get<i64>(),
                     arguments.at("filename").get<std::string>()));
}

Result<Json> pmemsave(Context& c, const Json& arguments) {
  OperatorDebug& debug = *c.op.debug();
  return answer(save([&](u64 at, u64 n) { return debug.read_physical(at, n); },
                     u64(arguments.at("val").get<i64>()), arguments.at("size").get<i64>(),
                     arguments.at("filename").get<std::string>()));
}

bool there(Operator& op) { return op.debug() != nullptr; }

constexpr Handler kHandlers[] = {{"memsave", memsave, there}, {"pmemsave", pmemsave, there}};

}  // namespace

std::span<const Handler> memory_handlers() { return kHandlers; }

}  // namespace reprise::qmp
