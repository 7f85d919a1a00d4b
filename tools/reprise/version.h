#pragma once

namespace reprise::tools {
inline constexpr const char* kVersion = "Reprise 0.1";
}
