// Puts what happened into the queue of each webhook that asked for it, within the transaction that
// made it happen: what is answered as done is told, even after a crash.
#pragma once

#include "forge/endpoints.h"

namespace forge {

void publish(SqliteStore& store, const Call& call);  // The call's announcements.
void ping(SqliteStore& store, const Call& call, const Hook& hook);

}  // namespace forge
