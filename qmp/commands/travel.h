// Time travel's answers and events.
#pragma once

#include "qmp/commands/context.h"
#include "qmp/operator_travel.h"

namespace reprise::qmp {

inline bool travels(Operator& op) { return op.travel() != nullptr; }

Json position_json(Position at);  // ReplayPosition
// What replay-break-add and replay-query take: 'kind', and what belongs to it.
Result<TravelBreak> break_of(Context& c, const Json& arguments);
std::string_view break_kind(const TravelBreak& what);
// Tells why and where the machine stands: REPLAY_STOPPED, and REPLAY_END at a recording's end.
void report_stop(Operator& op, OperatorEvents& events, const TravelStop& stop);

}  // namespace reprise::qmp
