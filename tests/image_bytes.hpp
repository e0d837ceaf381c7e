// Small JPEG and PNG files, made with the libraries that read them.
#pragma once

#include <png.h>
#include <turbojpeg.h>

#include <cstdint>
#include <vector>

namespace crossloop::data {

using Bytes = std::vector<std::uint8_t>;

/// `count` pixels of one colour, of as many channels as `colour` has.
inline Bytes plain(int count, const Bytes& colour) {
  Bytes pixels;
  for (int i = 0; i < count; ++i) pixels.insert(pixels.end(), colour.begin(), colour.end());
  return pixels;
}

/// A JPEG of the best quality; `format` is the TJPF of `pixels`.
inline Bytes jpeg_of(int width, int height, const Bytes& pixels, int format = TJPF_RGB) {
  const tjhandle handle = tjInitCompress();
  unsigned char* jpeg = nullptr;
  unsigned long size = 0;
  const int sampling = format == TJPF_GRAY ? TJSAMP_GRAY : TJSAMP_444;
  tjCompress2(handle, pixels.data(), width, 0, height, format, &jpeg, &size, sampling, 100, 0);
  const Bytes bytes(jpeg, jpeg + size);
  tjFree(jpeg);
  tjDestroy(handle);
  return bytes;
}

/// `format` is the PNG_FORMAT of `pixels`.
inline Bytes png_of(int width, int height, const Bytes& pixels,
                    png_uint_32 format = PNG_FORMAT_RGB) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.width = static_cast<png_uint_32>(width);
  image.height = static_cast<png_uint_32>(height);
  image.format = format;
  png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(image);
  Bytes bytes(size);
  png_image_write_to_memory(&image, bytes.data(), &size, 0, pixels.data(), 0, nullptr);
  bytes.resize(size);
  return bytes;
}

}  // namespace crossloop::data
