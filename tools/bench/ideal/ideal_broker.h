#pragma once

#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "protocol/base/result.h"
#include "tools/bench/ideal/client_connection.h"
#include "tools/bench/ideal/syncer.h"
#include "tools/bench/ideal/topics.h"

namespace bench {

/// The machine's own ceiling for a broker with one thread: epoll, one receive, header and checksum
/// of each batch, one write for all batches of a receive, one send. It trusts its clients and keeps
/// nothing over a restart; what it leaves out is what Stele is compared for.
///
/// Thread: the one that calls run().
class IdealBroker {
 public:
  IdealBroker(Topics& topics, Syncer& syncer) : topics_(topics), syncer_(syncer) {}

  /// Listens on 127.0.0.1; port 0: the kernel's choice. Returns the port.
  base::Result<std::uint16_t> listen(std::uint16_t port);
  /// Serves until the process ends; returns only when the machine fails.
  base::Result<> run();

 private:
  base::Result<> watch(int fd, std::uint32_t events, int how);
  void accept();
  void serve(ClientConnection& client);
  base::Result<> handle_all(ClientConnection& client);
  base::Result<> produce(ClientConnection& client, const Head& head, FieldReader& frame,
                         std::span<std::byte> bytes);
  base::Result<> fetch(ClientConnection& client, const Head& head, FieldReader& frame);
  void answer_fetch(ClientConnection& client, PartitionLog& log, std::int32_t correlation_id,
                    const Fetch& request);
  base::Result<> write_all();
  void answer_synced();
  void answer_parked();
  void send(ClientConnection& client);
  void close(int fd);
  int next_timeout() const;

  Topics& topics_;
  Syncer& syncer_;
  Descriptor listener_;
  Descriptor epoll_;
  std::uint16_t port_ = 0;
  std::unordered_map<int, std::unique_ptr<ClientConnection>> clients_;
  std::vector<PartitionLog*> touched_;  // By the receive that is being handled.
  std::vector<int> waiting_for_sync_;
  std::vector<int> waiting_for_data_;
};

}  // namespace bench
