#include "host/data/download.hpp"

#include <curl/curl.h>

#include <array>
#include <chrono>
#include <exception>
#include <memory>
#include <optional>

#include "host/data/part_file.hpp"
#include "host/error.hpp"
#include "host/progress.hpp"

namespace crossloop::data {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kMebibyte = std::int64_t{1} << 20;
constexpr long kPartialContent = 206, kRangeNotSatisfiable = 416;  // RFC 9110

using Clock = std::chrono::steady_clock;

struct CleanUp {
  void operator()(CURL* curl) const { curl_easy_cleanup(curl); }
};
using Curl = std::unique_ptr<CURL, CleanUp>;

/// One request whose answer is appended to a PartFile.
class Transfer {
 public:
  Transfer(const Download& request, PartFile& part);

  /// Throws what went wrong; returns the bytes received, or nothing where the server refused the
  /// range asked for.
  std::optional<std::int64_t> run();

 private:
  static std::size_t on_bytes(char* bytes, std::size_t, std::size_t count, void* transfer);
  static int on_progress(void* transfer, curl_off_t total, curl_off_t now, curl_off_t, curl_off_t);

  long status() const;
  void receive(std::string_view bytes);
  void show(std::int64_t total, std::int64_t now);
  std::string left_behind() const;
  void set_options();

  const Download& request_;
  PartFile& part_;
  std::int64_t offset_;  ///< bytes that need not come
  std::int64_t received_ = 0;
  Clock::time_point last_arrival_ = Clock::now();
  std::optional<Progress> progress_;
  std::exception_ptr failure_;  ///< of a callback: no exception may cross the library
  std::array<char, CURL_ERROR_SIZE> reason_{};
  Curl curl_;
};

Transfer::Transfer(const Download& request, PartFile& part)
    : request_(request), part_(part), offset_(part.size()) {
  [[maybe_unused]] static const CURLcode once = curl_global_init(CURL_GLOBAL_DEFAULT);
  curl_.reset(curl_easy_init());
  if (!curl_) throw InputError(request.url + ": the HTTP library cannot start");
  set_options();
}

void Transfer::set_options() {
  const auto set = [this](CURLoption option, auto value) {
    curl_easy_setopt(curl_.get(), option, value);
  };
  set(CURLOPT_URL, request_.url.c_str());
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
  set(CURLOPT_FOLLOWLOCATION, 1L);
  set(CURLOPT_MAXREDIRS, 10L);
  set(CURLOPT_FAILONERROR, 1L);
  set(CURLOPT_USERAGENT, "crossloop");
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_CONNECTTIMEOUT, static_cast<long>(request_.timeout_seconds));
  set(CURLOPT_ERRORBUFFER, reason_.data());
  set(CURLOPT_WRITEFUNCTION, &Transfer::on_bytes);
  set(CURLOPT_WRITEDATA, this);
  set(CURLOPT_NOPROGRESS, 0L);
  set(CURLOPT_XFERINFOFUNCTION, &Transfer::on_progress);
  set(CURLOPT_XFERINFODATA, this);
  if (offset_ > 0) set(CURLOPT_RANGE, (std::to_string(offset_) + "-").c_str());
}

std::optional<std::int64_t> Transfer::run() {
  const CURLcode code = curl_easy_perform(curl_.get());
  progress_.reset();
  if (failure_) std::rethrow_exception(failure_);
  if (code == CURLE_OK) return received_;
  if (code == CURLE_HTTP_RETURNED_ERROR) {
    if (status() == kRangeNotSatisfiable && offset_ > 0) return std::nullopt;
    throw InputError(request_.url + ": the server answered " + std::to_string(status()) +
                     ", expected 200");
  }
  const std::string reason = reason_[0] != '\0' ? reason_.data() : curl_easy_strerror(code);
  throw InputError(request_.url + ": " + reason + left_behind());
}

std::string Transfer::left_behind() const {
  if (part_.size() == 0) return "";
  return " (" + std::to_string(part_.size()) + " bytes are in " + part_.path().string() +
         "; the same command goes on from there)";
}

long Transfer::status() const {
  long status = 0;
  curl_easy_getinfo(curl_.get(), CURLINFO_RESPONSE_CODE, &status);
  return status;
}

void Transfer::receive(std::string_view bytes) {
  if (received_ == 0 && status() != kPartialContent) {
    offset_ = 0;
    part_.clear();
  }
  part_.append(bytes);
  received_ += static_cast<std::int64_t>(bytes.size());
  last_arrival_ = Clock::now();
}

void Transfer::show(std::int64_t total, std::int64_t now) {
  const std::string name = request_.file.filename().string();
  check_interrupt("download of " + name + " (the same command goes on from here)");
  if (Clock::now() - last_arrival_ > std::chrono::seconds(request_.timeout_seconds)) {
    throw InputError(request_.url + ": nothing came for " +
                     std::to_string(request_.timeout_seconds) + " s" + left_behind());
  }
  if (total <= 0) return;
  if (!progress_) progress_.emplace("download " + name + ", MiB", (offset_ + total) / kMebibyte);
  progress_->update((offset_ + now) / kMebibyte);
}

std::size_t Transfer::on_bytes(char* bytes, std::size_t, std::size_t count, void* transfer) {
  auto& self = *static_cast<Transfer*>(transfer);
  try {
    self.receive({bytes, count});
    return count;
  } catch (...) {
    self.failure_ = std::current_exception();
    return count + 1;  // any other number than `count` ends the transfer
  }
}

int Transfer::on_progress(void* transfer, curl_off_t total, curl_off_t now, curl_off_t,
                          curl_off_t) {
  auto& self = *static_cast<Transfer*>(transfer);
  try {
    self.show(total, now);
    return 0;
  } catch (...) {
    self.failure_ = std::current_exception();
    return 1;
  }
}

/// Completes `part`, anew where the server does not have the rest of it.
std::int64_t fetch(const Download& request, PartFile& part) {
  if (const auto received = Transfer(request, part).run()) return *received;
  part.clear();
  return Transfer(request, part).run().value_or(0);
}

}  // namespace

Downloaded download(const Download& request) {
  const auto result = [&](std::int64_t received) {
    return Downloaded{.file = request.file,
                      .bytes = static_cast<std::int64_t>(fs::file_size(request.file)),
                      .received = received};
  };
  if (fs::is_regular_file(request.file) && sha256_of(request.file) == request.sha256) {
    return result(0);
  }
  PartFile part(request.file);
  std::int64_t received = 0;
  if (part.size() == 0 || sha256_of(part.path()) != request.sha256) {
    received = fetch(request, part);
    std::string found = sha256_of(part.path());
    if (found != request.sha256 && part.size() > received) {  // what lay there began otherwise
      part.clear();
      received = fetch(request, part);
      found = sha256_of(part.path());
    }
    if (found != request.sha256) {
      part.remove();
      throw InputError(request.url + ": SHA-256 " + found + ", expected " + request.sha256 +
                       "; what came was deleted");
    }
  }
  part.finish();
  return result(received);
}

std::vector<Downloaded> download_set(const RemoteSet& set, const fs::path& folder,
                                     const std::string& url) {
  std::string base = url.empty() ? set.url : url;
  while (base.ends_with('/')) base.pop_back();
  std::vector<Downloaded> files;
  for (const RemoteFile& file : set.files) {
    files.push_back(download(
        {.url = base + "/" + file.name, .file = folder / file.name, .sha256 = file.sha256}));
  }
  return files;
}

}  // namespace crossloop::data
