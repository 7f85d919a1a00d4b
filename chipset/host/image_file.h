// Pictures as files: PPM (P6) and PNG.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "chipset/display/surface.h"
#include "replay/core/result.h"

namespace reprise {

enum class ImageFormat : u8 { Ppm, Png };

// "ppm" or "png".
std::optional<ImageFormat> image_format(std::string_view name);
// PNG if the name ends in ".png", otherwise PPM.
ImageFormat image_format_of_file(std::string_view path);

Result<std::vector<u8>> encode_image(const Surface& surface, ImageFormat format);
// Replaces the file. Errors name it and say what to do.
Result<void> write_image(const Surface& surface, ImageFormat format, const std::string& path);

}  // namespace reprise
