#include "cli/live_server.h"

#include <httplib.h>
#include <sys/socket.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <mutex>
#include <string_view>
#include <thread>

#include "image/reduce.h"
#include "util/thread.h"
#include "util/try.h"
#include "video/image_writer.h"

namespace frontalis {
extern const std::string_view kLiveHtml, kLiveCss, kLiveJs;  // output/web/live.*
}

namespace frontalis::cli {
namespace {

constexpr std::size_t kMessagesKept = 64;               // a client further behind misses the oldest
constexpr auto kSign = std::chrono::seconds(5);         // of life, when there is nothing to say
constexpr auto kPictureWait = std::chrono::seconds(2);  // for a newer one
constexpr int kPictureSide = 960;                       // px at most
constexpr std::size_t kRequestThreads = 24;             // besides those of the streams
constexpr int kSendBuffer = 1 << 16;                    // bytes the system keeps for a slow client
constexpr std::size_t kMaxBody = 1024;                  // bytes

std::string sse(const std::string& event, const std::string& json) {
  return "event: " + event + "\ndata: " + json + "\n\n";
}

void socketOptions(socket_t socket) {
  // httplib's own would let a second server share the port.
  const int yes = 1;
  (void)::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
  (void)::setsockopt(socket, SOL_SOCKET, SO_SNDBUF, &kSendBuffer, sizeof(kSendBuffer));
}

}  // namespace

struct LiveServer::State {
  using Message = std::shared_ptr<const std::string>;
  using Handling = httplib::Server::HandlerResponse;

  /// One client's place in the stream of messages.
  class Stream {
   public:
    explicit Stream(State& server) : server_(server) {
      const std::lock_guard lock(server_.mutex);
      next_ = server_.next_message;
    }
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;
    ~Stream() { --server_.streams; }
    bool write(httplib::DataSink& sink);

   private:
    State& server_;
    std::uint64_t next_ = 0;
    bool greeted_ = false;
  };

  explicit State(std::size_t streams_at_most) : max_streams(streams_at_most) {}

  const std::size_t max_streams;
  httplib::Server server;
  int port = 0;
  std::thread listener;
  std::string hello;

  std::mutex mutex;  // of what follows; held only to look and to exchange pointers
  std::condition_variable news;
  std::deque<Message> messages;
  std::uint64_t next_message = 0;  // number of the message that comes after the last of `messages`
  Message last_state;
  Frame frame;
  std::uint64_t frames = 0;  // number of `frame`, from 1
  bool ended = false;
  std::atomic<std::size_t> streams{0};
  std::atomic<bool> reset{false};

  std::mutex encoding;  // of what follows
  Reducer reducer;
  Image reduced;
  Message jpeg;
  std::uint64_t jpeg_number = 0;

  void serve();
  Handling guard(const httplib::Request& request, httplib::Response& response) const;
  void events(const httplib::Request& request, httplib::Response& response);
  void picture(const httplib::Request& request, httplib::Response& response);

  void append(Message message) {
    {
      const std::lock_guard lock(mutex);
      messages.push_back(std::move(message));
      ++next_message;
      if (messages.size() > kMessagesKept) messages.pop_front();
    }
    news.notify_all();
  }
};

/// Everything this client has not seen, as one chunk.
bool LiveServer::State::Stream::write(httplib::DataSink& sink) {
  std::string text;
  bool last = false;
  {
    std::unique_lock lock(server_.mutex);
    if (!greeted_) {
      text = "retry: 1000\n\n" + sse("hello", server_.hello);
      if (server_.last_state) text += *server_.last_state;
      greeted_ = true;
    } else {
      server_.news.wait_for(lock, kSign,
                            [&] { return next_ < server_.next_message || server_.ended; });
    }
    const std::uint64_t oldest = server_.next_message - server_.messages.size();
    if (next_ < oldest) {
      text += sse("missed", "{\"messages\":" + std::to_string(oldest - next_) + "}");
      next_ = oldest;
    }
    for (; next_ < server_.next_message; ++next_) text += *server_.messages[next_ - oldest];
    last = server_.ended;
  }
  if (text.empty()) text = ": alive\n\n";
  if (!sink.write(text.data(), text.size())) return false;
  if (last) sink.done();
  return true;
}

/// Only pages that we served, under the name we serve by, come through: another site's script that
/// got our address under its own name (DNS rebinding), or that posts here, is turned away.
LiveServer::State::Handling LiveServer::State::guard(const httplib::Request& request,
                                                     httplib::Response& response) const {
  const auto refuse = [&](int status, const char* why) {
    response.status = status;
    response.set_content(std::string(why) + "\n", "text/plain");
    return Handling::Handled;
  };
  const std::string at = ":" + std::to_string(port);
  const std::string host = request.get_header_value("Host");
  if (request.get_header_value_count("Host") != 1 ||
      (host != "127.0.0.1" + at && host != "localhost" + at)) {
    return refuse(403, "This host name is not served here.");
  }
  if (request.has_header("Origin") && request.get_header_value("Origin") != "http://" + host) {
    return refuse(403, "Other sites may not use this.");
  }
  const std::string site = request.get_header_value("Sec-Fetch-Site");
  if (request.path != "/" && !site.empty() && site != "same-origin" && site != "none") {
    return refuse(403, "Other sites may not use this.");
  }
  // A header of our own cannot be sent by another site without asking, and we never agree.
  if (request.method == "POST" && !request.has_header("X-Frontalis")) {
    return refuse(403, "The header X-Frontalis is missing.");
  }
  if (request.method != "GET" && request.method != "HEAD" && request.method != "POST") {
    return refuse(405, "Only GET and POST.");
  }
  return Handling::Unhandled;
}

void LiveServer::State::events(const httplib::Request&, httplib::Response& response) {
  if (++streams > max_streams) {
    --streams;
    response.status = 503;
    response.set_header("Retry-After", "5");
    response.set_content("Too many are watching.\n", "text/plain");
    return;
  }
  auto stream = std::make_shared<Stream>(*this);
  response.set_chunked_content_provider(
      "text/event-stream",
      [stream](std::size_t, httplib::DataSink& sink) { return stream->write(sink); });
}

void LiveServer::State::picture(const httplib::Request& request, httplib::Response& response) {
  std::uint64_t after = 0;
  const std::string wanted = request.get_param_value("after");
  const auto parsed = std::from_chars(wanted.data(), wanted.data() + wanted.size(), after);
  if (!wanted.empty() &&
      (parsed.ec != std::errc() || parsed.ptr != wanted.data() + wanted.size())) {
    response.status = 400;
    response.set_content("\"after\" is no number.\n", "text/plain");
    return;
  }
  Frame shown;
  std::uint64_t number = 0;
  {
    std::unique_lock lock(mutex);
    news.wait_for(lock, kPictureWait, [&] { return frames > after || ended; });
    if (frames <= after) {
      response.status = 204;
      return;
    }
    shown = frame;
    number = frames;
  }
  Message bytes;
  {
    const std::lock_guard lock(encoding);
    if (jpeg_number < number) {
      const Size size = reducedSize(shown, kPictureSide);
      reducer.reduce(shown, size.width, size.height, reduced);
      Result<std::string> encoded = encodeImage(reduced, ".jpg");
      if (!encoded.ok()) {
        response.status = 500;
        response.set_content(encoded.error().text() + "\n", "text/plain");
        return;
      }
      jpeg = std::make_shared<const std::string>(std::move(encoded).value());
      jpeg_number = number;
    }
    bytes = jpeg;
    number = jpeg_number;
  }
  response.set_header("X-Picture", std::to_string(number));
  response.set_content(*bytes, "image/jpeg");
}

void LiveServer::State::serve() {
  server.set_socket_options(socketOptions);
  server.set_tcp_nodelay(true);
  server.set_read_timeout(5);
  server.set_write_timeout(2);
  server.set_keep_alive_timeout(3);
  server.set_payload_max_length(kMaxBody);
  server.new_task_queue = [this] {
    return new httplib::ThreadPool(max_streams + kRequestThreads);  // httplib deletes it
  };
  server.set_default_headers(
      {{"Cache-Control", "no-store"},
       {"X-Content-Type-Options", "nosniff"},
       {"Referrer-Policy", "no-referrer"},
       {"Cross-Origin-Resource-Policy", "same-origin"},
       {"Content-Security-Policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"}});
  server.set_pre_routing_handler(
      [this](const auto& request, auto& response) { return guard(request, response); });
  server.set_exception_handler([](const auto&, auto& response, const std::exception_ptr&) {
    response.status = 500;
    response.set_content("This request failed.\n", "text/plain");
  });
  const auto asset = [&](const char* path, std::string_view content, const char* type) {
    server.Get(path, [content, type](const auto&, auto& response) {
      response.set_content(content.data(), content.size(), type);
    });
  };
  asset("/", kLiveHtml, "text/html; charset=utf-8");
  asset("/live.css", kLiveCss, "text/css; charset=utf-8");
  asset("/live.js", kLiveJs, "text/javascript; charset=utf-8");
  server.Get("/events", [this](const auto& request, auto& response) { events(request, response); });
  server.Get("/picture",
             [this](const auto& request, auto& response) { picture(request, response); });
  server.Post("/reset", [this](const auto&, auto& response) {
    reset = true;
    response.status = 204;
  });
}

LiveServer::LiveServer(std::unique_ptr<State> state) : state_(std::move(state)) {}

LiveServer::~LiveServer() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->ended = true;
  }
  state_->news.notify_all();
  state_->server.stop();
  if (state_->listener.joinable()) state_->listener.join();
}

Result<std::unique_ptr<LiveServer>> LiveServer::start(const LiveServerOptions& options,
                                                      std::string hello) {
  auto state = std::make_unique<State>(options.max_streams);
  state->hello = std::move(hello);
  state->serve();
  const char* const here = "127.0.0.1";
  errno = 0;
  if (options.port == 0) {
    state->port = state->server.bind_to_any_port(here);
  } else if (state->server.bind_to_port(here, options.port)) {
    state->port = options.port;
  }
  if (state->port <= 0) {
    const std::string why = errno != 0 ? std::string(": ") + std::strerror(errno) : "";
    return Error{ErrorCode::kUnwritable,
                 "port " + std::to_string(options.port) + " of 127.0.0.1 cannot be served" + why,
                 "Choose another port, or 0 for any that is free"};
  }
  State* running = state.get();
  FRONTALIS_ASSIGN(state->listener,
                   startThread([running] { running->server.listen_after_bind(); }));
  std::unique_ptr<LiveServer> server(new LiveServer(std::move(state)));
  // stop() before the loop runs would be lost.
  for (int ms = 0; ms < 5000 && !running->server.is_running(); ++ms) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return server;
}

int LiveServer::port() const { return state_->port; }
bool LiveServer::watched() const { return state_->streams > 0; }
bool LiveServer::takeReset() { return state_->reset.exchange(false); }

void LiveServer::publish(const std::string& json, const Frame& frame) {
  {
    const std::lock_guard lock(state_->mutex);
    state_->frame = frame;
    ++state_->frames;
  }
  // The message names its picture.
  std::string numbered = json;
  numbered.insert(1, "\"picture\":" + std::to_string(state_->frames) + ",");
  state_->append(std::make_shared<const std::string>(sse("frame", numbered)));
}

void LiveServer::say(const std::string& event, const std::string& json) {
  auto message = std::make_shared<const std::string>(sse(event, json));
  if (event == "state") {
    const std::lock_guard lock(state_->mutex);
    state_->last_state = message;
  }
  state_->append(std::move(message));
}

void LiveServer::end(const std::string& json, std::chrono::milliseconds patience) {
  say("state", json);
  {
    const std::lock_guard lock(state_->mutex);
    state_->ended = true;
  }
  state_->news.notify_all();
  const auto until = std::chrono::steady_clock::now() + patience;
  while (watched() && std::chrono::steady_clock::now() < until) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

}  // namespace frontalis::cli
