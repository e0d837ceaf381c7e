// JPEG and PNG files as RGB images.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>

#include "host/data/resize.hpp"

namespace crossloop::data {

/// Whether `file` is called .jpg, .jpeg or .png, in small letters or capitals.
bool has_image_name(const std::filesystem::path& file);

/// Decodes a JPEG or PNG file, which its first bytes tell apart (ImageNet has a PNG called .JPEG),
/// as Pillow's convert("RGB") does: grey is repeated, transparency dropped, a palette looked up,
/// and the inks of CMYK files, which are stored inverted, are multiplied by black. Of 16 bits the
/// upper 8 are kept (rounded), a gamma that a PNG states is applied, an orientation in EXIF is not.
/// Throws InputError naming `file` for what is neither, damaged or cut short, or larger than 2^27
/// pixels.
RgbImage decode_image(std::span<const std::uint8_t> bytes, const std::filesystem::path& file);

}  // namespace crossloop::data
