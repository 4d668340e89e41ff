#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace frontalis::testing {

/// A small HTTP/1.1 server on 127.0.0.1, for tests of downloads. Serves files from memory, with
/// ranges, and misbehaves as told.
class HttpServer {
 public:
  struct Page {
    std::string content;
    int fail_first = 0;         ///< answers 503 to this many requests
    int cut_first = 0;          ///< ends this many answers in the middle
    bool ranges = true;         ///< understands "Range"
    std::string appended = {};  ///< sent after the announced content, with a longer length
  };

  HttpServer() {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    ::bind(listener_, reinterpret_cast<sockaddr*>(&address), size);
    ::listen(listener_, 16);
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;
  ~HttpServer() {
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
  }

  void put(const std::string& path, Page page) {
    const std::lock_guard lock(mutex_);
    pages_["/" + path] = std::move(page);
  }
  /// Request lines and "Range" values so far: "/name" or "/name bytes=10-".
  [[nodiscard]] std::vector<std::string> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }
  [[nodiscard]] std::string url() const {
    return "http://127.0.0.1:" + std::to_string(port_) + "/";
  }

 private:
  void serve() {
    for (;;) {
      const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (client < 0) return;
      answer(client);
      ::close(client);
    }
  }

  static void send(int client, const std::string& bytes) {
    std::size_t sent = 0;
    while (sent < bytes.size()) {
      const ssize_t n = ::send(client, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
      if (n <= 0) return;
      sent += static_cast<std::size_t>(n);
    }
  }

  void answer(int client) {
    std::string request;
    char buffer[4096];
    while (request.find("\r\n\r\n") == std::string::npos) {
      const ssize_t n = ::recv(client, buffer, sizeof(buffer), 0);
      if (n <= 0) return;
      request.append(buffer, static_cast<std::size_t>(n));
    }
    const std::size_t name_begin = request.find(' ') + 1;
    const std::string name = request.substr(name_begin, request.find(' ', name_begin) - name_begin);
    std::string range;
    if (const std::size_t at = request.find("Range: "); at != std::string::npos) {
      range = request.substr(at + 7, request.find("\r\n", at) - at - 7);
    }
    const std::lock_guard lock(mutex_);
    requests_.push_back(range.empty() ? name : name + " " + range);
    const auto found = pages_.find(name);
    if (found == pages_.end()) {
      send(client, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
      return;
    }
    Page& page = found->second;
    if (page.fail_first > 0) {
      --page.fail_first;
      send(client, "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
      return;
    }
    std::size_t from = 0;
    std::string head = "HTTP/1.1 200 OK\r\n";
    if (page.ranges && range.starts_with("bytes=")) {
      from = std::stoul(range.substr(6));
      head = "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes " + std::to_string(from) + "-" +
             std::to_string(page.content.size() - 1) + "/" + std::to_string(page.content.size()) +
             "\r\n";
    }
    const std::string body =
        page.content.substr(std::min(from, page.content.size())) + page.appended;
    send(client,
         head + "Content-Length: " + std::to_string(body.size()) + "\r\nConnection: close\r\n\r\n");
    if (page.cut_first > 0) {
      --page.cut_first;
      send(client, body.substr(0, body.size() / 2));
      return;
    }
    send(client, body);
  }

  int listener_ = -1;
  int port_ = 0;
  mutable std::mutex mutex_;
  std::map<std::string, Page> pages_;
  std::vector<std::string> requests_;
  std::thread thread_;
};

}  // namespace frontalis::testing
