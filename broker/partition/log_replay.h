#pragma once

#include <functional>

#include "protocol/base/bytes.h"
#include "protocol/base/result.h"
#include "protocol/record/batch_header.h"
#include "storage/log/log_view.h"

namespace broker {

/// Hands every batch below the high watermark to `visit`, from the beginning: how the broker's own
/// logs are folded. Reads through the file, so that a bad sector is an error and not a signal.
///
/// Errors: those of LogView::read and of `visit`, and `Fault::corruption` where no whole batch
/// follows. Thread: any; reads the disk.
base::Result<> replay_log(
    const storage::LogView& log,
    const std::function<base::Result<>(const record::BatchHeader&, base::BytesView)>& visit);

}  // namespace broker
