#include "chipset/host/image_file.h"

#include <fcntl.h>
#include <png.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "chipset/host/fd.h"

namespace reprise {

namespace {

void put_pixels(const Surface& surface, std::vector<u8>& out) {
  for (const u32 pixel : surface.pixels)
    out.insert(out.end(), {u8(pixel >> 16), u8(pixel >> 8), u8(pixel)});
}

std::vector<u8> ppm(const Surface& surface) {
  const std::string head =
      "P6\n" + std::to_string(surface.width) + " " + std::to_string(surface.height) + "\n255\n";
  std::vector<u8> out(head.begin(), head.end());
  out.reserve(out.size() + surface.pixels.size() * 3);
  put_pixels(surface, out);
  return out;
}

Result<std::vector<u8>> png(const Surface& surface) {
  std::vector<u8> rgb;
  rgb.reserve(surface.pixels.size() * 3);
  put_pixels(surface, rgb);
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.width = surface.width;
  image.height = surface.height;
  image.format = PNG_FORMAT_RGB;
  std::vector<u8> out(PNG_IMAGE_PNG_SIZE_MAX(image));
  png_alloc_size_t size = out.size();
  if (!png_image_write_to_memory(&image, out.data(), &size, 0, rgb.data(), 0, nullptr))
    return fail(std::string("PNG: ") + image.message);
  out.resize(size);
  return out;
}

}  // namespace

std::optional<ImageFormat> image_format(std::string_view name) {
  if (name == "ppm") return ImageFormat::Ppm;
  if (name == "png") return ImageFormat::Png;
  return std::nullopt;
}

ImageFormat image_format_of_file(std::string_view path) {
  return path.ends_with(".png") || path.ends_with(".PNG") ? ImageFormat::Png : ImageFormat::Ppm;
}

Result<std::vector<u8>> encode_image(const Surface& surface, ImageFormat format) {
  return format == ImageFormat::Png ? png(surface) : ppm(surface);
}

Result<void> write_image(const Surface& surface, ImageFormat format, const std::string& path) {
  const std::vector<u8> bytes = TRY(encode_image(surface, format));
  const auto failed = [&path] {
    return fail("cannot write '" + path + "': " + std::strerror(errno) +
                "; choose a path that this user may write and that has room");
  };
  const Fd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
  if (!fd) return failed();
  for (std::size_t done = 0; done < bytes.size();) {
    const ssize_t n = ::write(fd.get(), bytes.data() + done, bytes.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return failed();
    done += std::size_t(n);
  }
  return {};
}

}  // namespace reprise
