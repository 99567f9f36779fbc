#include "broker/runtime/fd_watch.h"

#include <utility>

#include <boost/asio/posix/basic_stream_descriptor.hpp>

#include "broker/runtime/asio_context.h"

namespace broker {
namespace {

using Descriptor =
    boost::asio::posix::basic_stream_descriptor<boost::asio::io_context::executor_type>;

void wait(Descriptor& descriptor, Descriptor::wait_type kind, Job job) {
  descriptor.async_wait(kind,
                        [job = std::move(job)](const boost::system::error_code& cancelled) mutable {
                          if (!cancelled) job();
                        });
}

}  // namespace

struct FdWatch::Watched {
  Watched(boost::asio::io_context& context, int fd) : descriptor(context, fd) {}
  Descriptor descriptor;
};

FdWatch::FdWatch(Loop& loop, int fd) : watched_(std::make_unique<Watched>(context_of(loop), fd)) {}

FdWatch::~FdWatch() { close(); }

int FdWatch::fd() const { return watched_->descriptor.native_handle(); }

void FdWatch::when_readable(Job job) {
  wait(watched_->descriptor, Descriptor::wait_read, std::move(job));
}

void FdWatch::when_writable(Job job) {
  wait(watched_->descriptor, Descriptor::wait_write, std::move(job));
}

void FdWatch::close() {
  boost::system::error_code ignored;
  watched_->descriptor.close(ignored);
}

}  // namespace broker
