#pragma once

#include <cstdint>

namespace frontalis {

/// Bytes that new processes may use: what the machine has to give and the control group (a
/// scheduler's or container's limit) leaves. 0 where the system does not tell.
std::uint64_t availableMemory();

}  // namespace frontalis
