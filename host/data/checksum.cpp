#include <openssl/evp.h>

#include <array>
#include <fstream>
#include <memory>

#include "host/data/download.hpp"
#include "host/data/file_error.hpp"

namespace crossloop::data {

std::string sha256_of(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> hash(EVP_MD_CTX_new(),
                                                                     EVP_MD_CTX_free);
  EVP_DigestInit_ex(hash.get(), EVP_sha256(), nullptr);
  std::vector<char> block(std::size_t{1} << 16);
  while (stream) {
    stream.read(block.data(), static_cast<std::streamsize>(block.size()));
    EVP_DigestUpdate(hash.get(), block.data(), static_cast<std::size_t>(stream.gcount()));
  }
  if (!stream.eof()) throw file_error(file, "cannot be read", "a file");
  std::array<std::uint8_t, EVP_MAX_MD_SIZE> digest{};
  unsigned length = 0;
  EVP_DigestFinal_ex(hash.get(), digest.data(), &length);
  std::string digits;
  for (unsigned i = 0; i < length; ++i) {
    constexpr const char* kDigits = "0123456789abcdef";
    digits += kDigits[digest[i] >> 4];
    digits += kDigits[digest[i] & 15];
  }
  return digits;
}

}  // namespace crossloop::data
