// A web server on this machine that serves one content at every path, and misbehaves as told.
#pragma once

#include <httplib.h>

#include <algorithm>
#include <string>
#include <thread>
#include <vector>

namespace crossloop::tests {

class FileServer {
 public:
  explicit FileServer(std::string content) : content_(std::move(content)) {
    server_.Get(".*", [this](const httplib::Request& request, httplib::Response& response) {
      answer(request, response);
    });
    port_ = server_.bind_to_any_port("127.0.0.1");
    thread_ = std::jthread([this] { server_.listen_after_bind(); });
    while (!server_.is_running()) std::this_thread::yield();
  }
  ~FileServer() { server_.stop(); }
  FileServer(const FileServer&) = delete;
  FileServer& operator=(const FileServer&) = delete;

  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }

  // Set before a request, read after it.
  int status = 0;                    ///< answer with this error; 0: with the content
  bool ignores_ranges = false;       ///< send everything, whatever part was asked for
  bool refuses_ranges = false;       ///< answer 416 to a request for a part
  std::size_t cut_after = SIZE_MAX;  ///< close the connection after so many bytes
  bool stands_still = false;         ///< send nothing more after the first bytes
  std::vector<std::string> ranges;   ///< the Range header of every request, "" where it had none
  std::vector<std::string> paths;    ///< of every request

 private:
  void answer(const httplib::Request& request, httplib::Response& response) {
    ranges.push_back(request.get_header_value("Range"));
    paths.push_back(request.path);
    const bool refused = refuses_ranges && !ranges.back().empty();
    if (status != 0 || refused) {
      response.status = refused ? 416 : status;
      return;
    }
    if (ignores_ranges) const_cast<httplib::Request&>(request).ranges.clear();
    response.set_content_provider(
        content_.size(), "application/octet-stream",
        [this](std::size_t offset, std::size_t length, httplib::DataSink& sink) {
          return send(offset, length, sink);
        });
  }

  /// Sends at most 1000 bytes; false closes the connection.
  bool send(std::size_t offset, std::size_t length, httplib::DataSink& sink) {
    if (offset >= cut_after) return false;
    if (stands_still && offset > 0) {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
      return sink.is_writable();
    }
    const std::size_t count = std::min({length, cut_after - offset, std::size_t{1000}});
    return sink.write(content_.data() + offset, count);
  }

  std::string content_;
  httplib::Server server_;
  int port_ = 0;
  std::jthread thread_;
};

}  // namespace crossloop::tests
