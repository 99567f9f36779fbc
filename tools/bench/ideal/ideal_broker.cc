#include "tools/bench/ideal/ideal_broker.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>

#include <fmt/format.h>

#include "protocol/messages/fetch.h"
#include "protocol/messages/produce.h"
#include "protocol/record/batch_header.h"

namespace bench {
namespace {

constexpr int kBacklog = 1024;

base::MonotonicTime now() { return base::SystemClock().monotonic(); }

}  // namespace

base::Result<std::uint16_t> IdealBroker::listen(std::uint16_t port) {
  listener_ = Descriptor(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  socklen_t length = sizeof address;
  if (::bind(listener_.number(), generic, length) != 0 ||
      ::listen(listener_.number(), kBacklog) != 0 ||
      ::getsockname(listener_.number(), generic, &length) != 0)
    return fail_with_errno("cannot listen");
  port_ = ntohs(address.sin_port);
  epoll_ = Descriptor(::epoll_create1(EPOLL_CLOEXEC));
  TRY(watch(listener_.number(), EPOLLIN, EPOLL_CTL_ADD));
  TRY(watch(syncer_.done_event(), EPOLLIN, EPOLL_CTL_ADD));
  return port_;
}

base::Result<> IdealBroker::watch(int fd, std::uint32_t events, int how) {
  epoll_event event{.events = events, .data = {.fd = fd}};
  if (::epoll_ctl(epoll_.number(), how, fd, &event) != 0) return fail_with_errno("cannot watch");
  return {};
}

base::Result<> IdealBroker::run() {
  std::array<epoll_event, 128> events;
  for (;;) {
    const int count = ::epoll_wait(epoll_.number(), events.data(), events.size(), next_timeout());
    if (count < 0 && errno != EINTR) return fail_with_errno("cannot wait for clients");
    for (int i = 0; i < count; ++i) {
      const int fd = events[static_cast<std::size_t>(i)].data.fd;
      if (fd == listener_.number()) {
        accept();
      } else if (fd == syncer_.done_event()) {
        answer_synced();
      } else if (const auto client = clients_.find(fd); client != clients_.end()) {
        serve(*client->second);
      }
    }
    if (!waiting_for_data_.empty()) answer_parked();
  }
}

void IdealBroker::accept() {
  for (;;) {
    Descriptor socket(
        ::accept4(listener_.number(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    const int fd = socket.number();
    if (fd < 0) return;
    const int yes = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    if (!watch(fd, EPOLLIN, EPOLL_CTL_ADD)) continue;
    clients_[fd] = std::make_unique<ClientConnection>(std::move(socket));
  }
}

void IdealBroker::serve(ClientConnection& client) {
  if (!client.receive()) return close(client.fd());
  if (const auto handled = handle_all(client); !handled) {
    fmt::print(stderr, "ideal: {}\n", handled.error().detail);
    return close(client.fd());
  }
  send(client);
}

base::Result<> IdealBroker::handle_all(ClientConnection& client) {
  for (auto frame = client.next_frame(); !frame.empty(); frame = client.next_frame()) {
    FieldReader fields(frame);
    const auto head = read_head(fields);
    if (head.api_key == protocol::ProduceRequest::api.key) {
      TRY(produce(client, head, fields, frame));
    } else if (head.api_key == protocol::FetchRequest::api.key) {
      TRY(fetch(client, head, fields));
    } else {
      const auto answer = TRY(topics_.answer(head, frame, port_));
      auto& out = client.answers();
      out.insert(out.end(), answer.begin(), answer.end());
    }
  }
  return write_all();
}

base::Result<> IdealBroker::produce(ClientConnection& client, const Head& head, FieldReader& fields,
                                    std::span<std::byte> bytes) {
  Produce request;
  if (head.version != kProduceVersion || !read_produce(fields, request))
    return base::fail(base::Fault::unsupported, "not the produce request that is spoken here");
  auto* const log = topics_.find(request.topic, request.partition);
  const auto header = record::BatchHeader::read(request.batch);
  if (log == nullptr || !header || !header->plausible() ||
      header->total_size() != request.batch.size() ||
      !record::checksum_matches(*header, request.batch))
    return base::fail(base::Fault::corruption, "a batch is damaged or for a partition unknown");
  const auto at = static_cast<std::size_t>(request.batch.data() - bytes.data());
  const auto base_offset =
      TRY(log->take(bytes.subspan(at, request.batch.size()), header->last_offset_delta));
  if (std::ranges::find(touched_, log) == touched_.end()) touched_.push_back(log);
  if (!log->synced()) {
    write_produce_answer(client.answers(), head.correlation_id, request, base_offset);
    return {};
  }
  if (client.unsynced.empty()) waiting_for_sync_.push_back(client.fd());
  auto& waiting = client.unsynced.emplace_back(log, log->end());
  write_produce_answer(waiting.answers, head.correlation_id, request, base_offset);
  return {};
}

base::Result<> IdealBroker::write_all() {
  for (auto* const log : touched_) {
    TRY(log->write());
    if (log->synced()) syncer_.submit(*log);
  }
  touched_.clear();
  return {};
}

base::Result<> IdealBroker::fetch(ClientConnection& client, const Head& head, FieldReader& fields) {
  Fetch request;
  if (head.version != kFetchVersion || !read_fetch(fields, request) || client.parked)
    return base::fail(base::Fault::unsupported, "not the fetch request that is spoken here");
  auto* const log = topics_.find(request.topic, request.partition);
  if (log == nullptr) return base::fail(base::Fault::missing, "no such partition");
  request.topic = base::as_bytes(log->name()).first(request.topic.size());  // Outlives the frame.
  if (request.offset < log->committed() || request.max_wait_ms <= 0) {
    answer_fetch(client, *log, head.correlation_id, request);
    return {};
  }
  client.parked = {log, head.correlation_id, request,
                   now() + std::chrono::milliseconds(request.max_wait_ms)};
  waiting_for_data_.push_back(client.fd());
  return {};
}

void IdealBroker::answer_fetch(ClientConnection& client, PartitionLog& log,
                               std::int32_t correlation_id, const Fetch& request) {
  const auto records = log.read(request.offset, static_cast<std::size_t>(request.max_bytes));
  write_fetch_head(client.answers(), correlation_id, request, log.committed(), records.size());
  if (!records.empty()) client.append_mapped(records);
  auto& out = client.answers();
  out.insert(out.end(), std::begin(kFetchTail), std::end(kFetchTail));
}

void IdealBroker::answer_synced() {
  for (const auto& [log, end] : syncer_.take_done()) log->commit(end);
  std::erase_if(waiting_for_sync_, [this](int fd) {
    const auto found = clients_.find(fd);
    if (found == clients_.end()) return true;
    auto& client = *found->second;
    bool any = false;
    while (!client.unsynced.empty() &&
           client.unsynced.front().end <= client.unsynced.front().log->committed()) {
      auto& out = client.answers();
      const auto& answers = client.unsynced.front().answers;
      out.insert(out.end(), answers.begin(), answers.end());
      client.unsynced.pop_front();
      any = true;
    }
    const bool done = client.unsynced.empty();
    if (any) send(client);
    return done;
  });
}

void IdealBroker::answer_parked() {
  const auto time = now();
  std::erase_if(waiting_for_data_, [&](int fd) {
    const auto found = clients_.find(fd);
    if (found == clients_.end() || !found->second->parked) return true;
    auto& client = *found->second;
    auto& parked = *client.parked;
    if (parked.request.offset >= parked.log->committed() && time < parked.until) return false;
    answer_fetch(client, *parked.log, parked.correlation_id, parked.request);
    client.parked.reset();
    send(client);
    return true;
  });
}

void IdealBroker::send(ClientConnection& client) {
  if (!client.send()) return close(client.fd());
  if (client.blocked() == client.told_to_wait_for_room) return;
  client.told_to_wait_for_room = client.blocked();
  const std::uint32_t events = client.blocked() ? EPOLLIN | EPOLLOUT : EPOLLIN;
  if (!watch(client.fd(), events, EPOLL_CTL_MOD)) close(client.fd());
}

void IdealBroker::close(int fd) { clients_.erase(fd); }

int IdealBroker::next_timeout() const {
  if (waiting_for_data_.empty()) return -1;
  auto first = base::MonotonicTime::max();
  for (const int fd : waiting_for_data_) {
    const auto found = clients_.find(fd);
    if (found != clients_.end() && found->second->parked)
      first = std::min(first, found->second->parked->until);
  }
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(first - now());
  return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 60'000));
}

}  // namespace bench
